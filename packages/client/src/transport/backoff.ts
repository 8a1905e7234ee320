import { wholeNumber } from "../number-option.ts";

/** Milliseconds to wait before a retry. `retry` counts from 1; `random` gives numbers from 0 to below 1. */
export type Backoff = (retry: number, random: () => number) => number;

/** Options of {@link createBackoff}. */
export interface BackoffOptions {
  /** Whole milliseconds before the first retry. */
  readonly initialMs: number;
  /** Each wait is that many times the one before it; from 0, fractions too. */
  readonly factor: number;
  /** By which share a wait is shortened (below 0, to -1 at most) and lengthened at random: `[-0.1, 0.1]`. Default none. */
  readonly jitter?: readonly [number, number];
  /** Whole milliseconds at least; default 0. */
  readonly minMs?: number;
  /** Whole milliseconds at most; default `Infinity`: no limit. */
  readonly maxMs?: number;
}

const MOST = Number.MAX_SAFE_INTEGER;

/** Makes waits that grow exponentially, within bounds, with some chance so that many clients do not come back at once. @throws {RangeError} */
export function createBackoff(options: BackoffOptions): Backoff {
  const { factor, jitter: [low, high] = [0, 0] } = options;
  const initialMs = wholeNumber("initialMs", options.initialMs, 0);
  const minMs = wholeNumber("minMs", options.minMs, 0);
  const maxMs = Math.min(wholeNumber("maxMs", options.maxMs, MOST, { orInfinity: true }), MOST);
  if (!(factor >= 0 && factor < Infinity)) throw new RangeError(`Cannot use factor ${factor}: expected a number from 0`);
  if (!(low >= -1 && high >= low && high < Infinity))
    throw new RangeError(`Cannot use jitter [${low}, ${high}]: expected two numbers from -1, the smaller one first`);
  return (retry, random) => {
    const times = Math.min(factor ** (retry - 1), MOST); // never Infinity: 0 times that is no number
    const wait = initialMs * times * (1 + low + random() * (high - low));
    return Math.round(Math.min(maxMs, Math.max(minMs, wait)));
  };
}
