import { systemClock } from "../../transport/clock.ts";

/** Milliseconds. */
const SHORTEST = 25;
/** Milliseconds. */
const LONGEST = 2000;

/**
 * Waits until others, who read before we wrote, have written too: as long as our own reading and writing took, some times over, with a
 * part of chance so that two who collided do not do it again in step.
 *
 * @param elapsedMs from the start of our reading to the end of our writing
 */
export async function settle(elapsedMs: number, signal: AbortSignal): Promise<void> {
  await systemClock.sleep(Math.min(Math.max(3 * elapsedMs, SHORTEST), LONGEST) * (1 + Math.random()), signal);
}
