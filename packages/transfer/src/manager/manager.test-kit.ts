import type { Clock } from "@berth/client";
import type { TransferContext, TransferJob } from "./transfer-manager.ts";
import type { TransferOutcome } from "./transfer.ts";

/** A clock that moves only when told, and by sleeping when nothing else is left to do. */
export class TestClock implements Clock {
  /** Milliseconds of each sleep, in order. */
  readonly slept: number[] = [];
  #now = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(ms);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { at: this.#now + ms, wake: resolve };
    this.#sleepers.push(sleeper);
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    await promise.finally(() => {
      signal?.removeEventListener("abort", abort);
      this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
    });
  }

  /** Moves to when the next sleeper wakes. */
  tick(): void {
    const next = this.#sleepers.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined) throw new Error("nobody sleeps");
    this.#now = Math.max(this.#now, next.at);
    this.#sleepers = this.#sleepers.filter((one) => one !== next);
    next.wake();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Jobs that wait to be told how they end. */
export class TestJobs {
  /** Keys of jobs that run, in the order of starting. */
  readonly running: string[] = [];
  readonly started: string[] = [];
  readonly aborted: string[] = [];
  readonly contexts: Map<string, TransferContext> = new Map();
  /** Most that ran at a time. */
  peak = 0;
  readonly #ends: Map<string, PromiseWithResolvers<TransferOutcome>> = new Map();

  make(key: string, rest: Partial<TransferJob> = {}): TransferJob {
    return {
      key,
      directions: ["download"],
      ...rest,
      run: async (context) => {
        const end = Promise.withResolvers<TransferOutcome>();
        this.#ends.set(key, end);
        this.contexts.set(key, context);
        this.started.push(key);
        this.running.push(key);
        this.peak = Math.max(this.peak, this.running.length);
        context.signal.addEventListener("abort", () => {
          this.aborted.push(key);
          end.reject(context.signal.reason);
        });
        try {
          return await end.promise;
        } finally {
          this.running.splice(this.running.indexOf(key), 1);
        }
      },
    };
  }

  finish(key: string, outcome: TransferOutcome = "transferred"): void {
    this.#ends.get(key)?.resolve(outcome);
  }

  fail(key: string, error: unknown): void {
    this.#ends.get(key)?.reject(error);
  }
}
