// Loaded into a process before its own code: leaves its peak of resident memory, in KiB, in a file when it ends.
import { readFileSync, writeFileSync } from "node:fs";

process.on("exit", () => {
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  writeFileSync(process.env["BERTH_TEST_PEAK"] ?? "", peak);
});
