import { setTimeout as delay } from "node:timers/promises";
import { MAX_TIMER_MS } from "../number-option.ts";

/** Time, for those who wait; tests have their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after that many milliseconds; rejects with the signal's own reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock on the wall. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      let left = ms;
      do {
        await delay(Math.min(left, MAX_TIMER_MS), undefined, signal && { signal });
        left -= MAX_TIMER_MS;
      } while (left > 0);
    } catch (error) {
      signal?.throwIfAborted(); // Node's own AbortError only wraps the reason
      throw error;
    }
  },
};
