// Loaded into a process before its own code: makes it crash, as a bug would, when it is told to.
process.on("SIGUSR2", () => {
  throw new Error("crashed on demand");
});
