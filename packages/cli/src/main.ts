import { CommandFailure, EXIT_CODE } from "./exit-code.ts";
import type { CommandIo } from "./io.ts";
import { run } from "./program.ts";

// Flushes to disk take a thread each while they wait; with Node's four, concurrent pushes queue. Counts only before the first file is touched.
process.env["UV_THREADPOOL_SIZE"] ??= "16";

/** Milliseconds: npx and its like pass on a Ctrl-C that the terminal has sent to us already. */
const SAME_SIGNAL_MS = 500;

const stop = new AbortController();
let askedAt = 0;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // The first asks, the second insists.
    if (!stop.signal.aborted) {
      askedAt = performance.now();
      stop.abort(new Error(`stopped by ${name}`));
    } else if (performance.now() - askedAt > SAME_SIGNAL_MS) process.exit(EXIT_CODE.interrupted);
  });
}
// A reader that went away (`berth ... | head`) wants no more: what is running ends, and says nothing.
process.stdout.on("error", () => stop.abort(new CommandFailure(EXIT_CODE.readerGone)));

let isWatched = false;
// Standard input and error are opened when they are wanted: that takes longer than many verbs need.
const io: CommandIo = {
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  get stderr() {
    if (!isWatched) process.stderr.on("error", () => undefined);
    isWatched = true;
    return process.stderr;
  },
  env: process.env,
  signal: stop.signal,
};

const exitCode = await run(process.argv.slice(2), { io });
process.exitCode = stop.signal.aborted && exitCode === EXIT_CODE.failure ? EXIT_CODE.interrupted : exitCode;
