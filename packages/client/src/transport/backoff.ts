/** Milliseconds to wait before a retry. `retry` counts from 1; `random` gives numbers from 0 to below 1. */
export type Backoff = (retry: number, random: () => number) => number;

/** Options of {@link createBackoff}. */
export interface BackoffOptions {
  /** Milliseconds before the first retry. */
  readonly initialMs: number;
  /** Each wait is that many times the one before it. */
  readonly factor: number;
  /** By which share a wait is shortened (below 0) and lengthened at random: `[-0.1, 0.1]`. Default none. */
  readonly jitter?: readonly [number, number];
  /** Milliseconds at least; default 0. */
  readonly minMs?: number;
  /** Milliseconds at most; default no limit. */
  readonly maxMs?: number;
}

/** Makes waits that grow exponentially, within bounds, with some chance so that many clients do not come back at once. */
export function createBackoff(options: BackoffOptions): Backoff {
  const { initialMs, factor, jitter: [low, high] = [0, 0], minMs = 0, maxMs = Number.MAX_SAFE_INTEGER } = options;
  return (retry, random) => {
    const wait = initialMs * factor ** (retry - 1) * (1 + low + random() * (high - low));
    return Math.round(Math.min(maxMs, Math.max(minMs, wait)));
  };
}
