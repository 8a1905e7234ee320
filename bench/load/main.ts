/** The load generator: a process of its own, so that its work never runs on the event loop of what is measured. */
import type { Job } from "./jobs.ts";
import { runJob } from "./run-job.ts";

process.on("message", (message: { readonly job: Job }) => {
  void runJob(message.job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
// Ctrl-C reaches the whole group: the parent decides when to end.
process.on("SIGINT", () => undefined);
