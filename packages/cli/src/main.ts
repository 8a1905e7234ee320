import type { Writable } from "node:stream";
import { CommandFailure, EXIT_CODE } from "./exit-code.ts";
import type { CommandIo } from "./io.ts";
import { run } from "./program.ts";

// Flushes to disk take a thread each while they wait; with Node's four, concurrent pushes queue. Counts only before the first file is touched.
process.env["UV_THREADPOOL_SIZE"] ??= "16";

/** Milliseconds: npx and its like pass on a Ctrl-C that the terminal has sent to us already. */
const SAME_SIGNAL_MS = 500;

/** Milliseconds that a command has to tidy up: more than a registry has to take an upload back. A server takes what its configuration gives it. */
const TIDY_MS = 8_000;

/** Milliseconds that the process has to end once a stopped command is through: what still holds it is a call into the system. */
const END_MS = 200;

const stop = new AbortController();
let askedAt = 0;
let askedBy: NodeJS.Signals | undefined;
// A terminal that is closed stops what it started; servers read their certificates again.
const stops = ["SIGINT", "SIGTERM", ...(process.argv[2] === "serve" ? [] : (["SIGHUP"] as const))] as const;
for (const name of stops) {
  process.on(name, () => {
    // The first asks, the second insists.
    if (!stop.signal.aborted) {
      askedAt = performance.now();
      askedBy = name;
      if (process.argv[2] !== "serve") setTimeout(() => endBy(name), TIDY_MS).unref();
      stop.abort(new Error(`stopped by ${name}`));
    } else if (performance.now() - askedAt > SAME_SIGNAL_MS) endBy(name);
  });
}

/**
 * Ends as if the signal had never been listened to. `process.exit()` would wait for every call into the system that is under way, and one
 * that opens a pipe, or a file of a share that is gone, may never come back.
 */
function endBy(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
// A reader that went away (`berth ... | head`) wants no more: what is running ends, and says nothing. A full disk is a failure.
let lost: { readonly exitCode: number; readonly error?: Error } | undefined;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  lost ??= error.code === "EPIPE" ? { exitCode: EXIT_CODE.readerGone } : { exitCode: EXIT_CODE.failure, error };
  stop.abort(new CommandFailure(lost.exitCode)); // said at the end, once
});

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

void main().then(() => {
  if (askedBy !== undefined) setTimeout(endBy, END_MS, askedBy).unref();
});

async function main(): Promise<void> {
  const exitCode = await run(process.argv.slice(2), { io });
  await written(process.stdout);
  if (lost !== undefined) {
    if (lost.error !== undefined) {
      const { systemReason } = await import("@berth/oci/node");
      io.stderr.write(`berth: Cannot write to standard output: ${systemReason(lost.error)}\n`);
    }
    process.exitCode = lost.exitCode;
  } else process.exitCode = stop.signal.aborted && exitCode === EXIT_CODE.failure ? EXIT_CODE.interrupted : exitCode;
}

/** What was written last may fail after the command is through. */
async function written(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return await new Promise((resolve) => setImmediate(resolve));
  await new Promise<void>((resolve) => stream.write("", () => setImmediate(resolve)));
}
