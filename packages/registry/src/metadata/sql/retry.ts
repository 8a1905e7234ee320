import { setTimeout as delay } from "node:timers/promises";

/** Times that a transaction is begun anew after it met another one, before we give up. */
export const MAX_RETRIES = 5;

const FIRST_DELAY_MS = 20;
const FACTOR = 3;

/** Milliseconds to wait before retry `retry` (from 0): 20 ms growing threefold, each half to one and a half of that; 2.4 s in all. */
export function retryDelayMs(retry: number, random: number = Math.random()): number {
  return FIRST_DELAY_MS * FACTOR ** retry * (0.5 + random);
}

/** Runs `attempt` again while it fails for a reason that `isTransient` says will pass, {@link MAX_RETRIES} times. Throws the last error. */
export async function withRetries<T>(attempt: () => T | Promise<T>, isTransient: (error: unknown) => boolean): Promise<T> {
  for (let retry = 0; ; retry++) {
    try {
      return await attempt();
    } catch (error) {
      if (retry === MAX_RETRIES || !isTransient(error)) throw error;
      await delay(retryDelayMs(retry));
    }
  }
}
