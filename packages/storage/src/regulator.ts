/** Fewest concurrent calls that a {@link Regulator} can be held to. */
export const MIN_CONCURRENT_CALLS = 25;

interface Waiter {
  readonly enter: () => void;
}

/** Bounds how many calls run at the same time. Those beyond the bound wait in order. */
export class Regulator {
  /** Calls that may run at once. */
  readonly limit: number;
  #running = 0;
  // a set keeps its order and lets an aborted waiter leave from the middle at once
  readonly #waiting = new Set<Waiter>();

  /** @param limit Calls at once; below 25 it is raised to 25. */
  constructor(limit: number) {
    if (!Number.isSafeInteger(limit)) throw new RangeError(`Cannot bound concurrent calls to "${limit}": expected an integer`);
    this.limit = Math.max(limit, MIN_CONCURRENT_CALLS);
  }

  /** Takes a place at once, or says false. */
  tryEnter(): boolean {
    if (this.#running >= this.limit) return false;
    this.#running += 1;
    return true;
  }

  /** Waits for a place. Each `enter` that resolves needs one {@link leave}. Rejects with the reason of `signal`. */
  enter(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.tryEnter()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        enter: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** Gives the place back, to the one who waits longest if any. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next.enter();
  }
}
