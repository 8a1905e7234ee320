import { unlessAborted } from "@berth/oci/node";

/** A place in a queue. To be left, whatever happened: all behind it wait. */
export interface Turn {
  /** Resolves when all before have left; rejects with the signal's reason. */
  wait(signal?: AbortSignal): Promise<void>;
  /** Lets the next one on, once all before have left, too. */
  leave(): void;
}

/** A queue: what is ready in any order is done in the order in which places were taken. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Takes the next place. */
  take(): Turn {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = before.then(() => promise);
    return { wait: (signal) => unlessAborted(before, signal), leave: resolve };
  }
}
