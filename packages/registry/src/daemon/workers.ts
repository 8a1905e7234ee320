import cluster, { type Address, type Worker } from "node:cluster";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../observability/log.ts";

/** A worker that dies sooner than this after its start counts as failed; its successor waits as long. In milliseconds. */
const RESTART_DELAY_MS = 1_000;

/** Failures in a row after which the daemon gives up. */
const MAX_FAILURES = 5;

/** Options of {@link superviseWorkers}. */
export interface SuperviseOptions {
  /** Workers to keep running. */
  readonly count: number;
  readonly log: Logger;
  /** Aborting lets the workers drain and end. */
  readonly signal: AbortSignal;
  /** Called once, when the first worker answers requests. */
  readonly onListening: (address: Address) => void;
}

/**
 * Runs this program `count` times over one listening address. A worker that dies is replaced. Resolves with the exit code: 0 when all
 * workers ended well after the signal.
 */
export async function superviseWorkers({ count, log, signal, onListening }: SuperviseOptions): Promise<number> {
  cluster.once("listening", (_worker, address) => onListening(address));
  const codes = await Promise.all(Array.from({ length: count }, () => keepRunning(log, signal)));
  return codes.every((code) => code === 0) ? 0 : 1;
}

async function keepRunning(log: Logger, signal: AbortSignal): Promise<number> {
  for (let failures = 0; ; ) {
    const startedAt = Date.now();
    const code = await runWorker(signal);
    if (signal.aborted) return code;
    failures = Date.now() - startedAt < RESTART_DELAY_MS ? failures + 1 : 0;
    if (failures === MAX_FAILURES) return code === 0 ? 1 : code;
    log.error("a worker ended by itself, starting another", { exitCode: code });
    if (failures > 0) await delay(RESTART_DELAY_MS, undefined, { signal }).catch(() => undefined); // aborted: the loop ends with the next worker
    if (signal.aborted) return 0;
  }
}

async function runWorker(signal: AbortSignal): Promise<number> {
  const worker: Worker = cluster.fork();
  const stop = (): void => {
    worker.process.kill("SIGTERM");
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve) =>
      worker.once("exit", (code: number | null, killedBy: string | null) => {
        // one that was only starting does not know yet how to drain
        resolve(code ?? (signal.aborted && killedBy === "SIGTERM" ? 0 : 1));
      }),
    );
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
