/** What timers of Node can wait at most, in milliseconds: 24 days. They take a longer time for 1 ms. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** What a number may be. */
export interface NumberBounds {
  /** At least; default 0. */
  readonly from?: number;
  /** Whether it may be `Infinity`; default false. */
  readonly orInfinity?: boolean;
}

/** The whole number that an option holds, or `fallback` where it is left out. @throws {RangeError} which names the option. */
export function wholeNumber(
  name: string,
  value: number | undefined,
  fallback: number,
  { from = 0, orInfinity = false }: NumberBounds = {},
): number {
  if (value === undefined) return fallback;
  if ((Number.isSafeInteger(value) && value >= from) || (orInfinity && value === Number.POSITIVE_INFINITY)) return value;
  throw new RangeError(`Cannot use ${name} ${value}: expected a whole number from ${from}${orInfinity ? ", or Infinity" : ""}`);
}

/** The milliseconds that an option allows; 0: no limit, which `Infinity` says as well. @throws {RangeError} */
export function timeLimit(name: string, value: number | undefined, fallback: number): number {
  const ms = wholeNumber(name, value, fallback, { orInfinity: true });
  return ms === Number.POSITIVE_INFINITY ? 0 : Math.min(ms, MAX_TIMER_MS);
}
