import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../clock.ts";

/** A clock that goes on only when somebody sleeps, and then within a few turns. */
export interface FakeClock extends Clock {
  /** Every sleep, in milliseconds. */
  readonly sleeps: number[];
}

/** Makes a {@link FakeClock}. */
export function fakeClock(start = 1_000_000): FakeClock {
  let now = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      sleeps.push(ms);
      const until = now + ms;
      await turn();
      signal?.throwIfAborted();
      now = Math.max(now, until);
    },
  };
}
