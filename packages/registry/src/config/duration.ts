/** Milliseconds in each unit that Go writes. */
const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;

/**
 * Reads a length of time in Go's form (`1h30m`, `1.5s`, `500ms`; G24) as milliseconds. A bare integer counts
 * nanoseconds. Undefined when it is neither.
 */
export function parseDuration(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const rest = text.replace(/^[+-]/, "");
  if (isBareDuration(text)) return (sign * Number(rest)) / 1e6;
  let total = 0;
  let end = 0;
  for (const [part, amount, unit] of rest.matchAll(PART)) {
    total += Number(amount) * (UNITS[unit ?? ""] ?? Number.NaN);
    end += part.length;
  }
  return end === rest.length && end > 0 && Number.isFinite(total) ? sign * total : undefined;
}

/** True for a duration without a unit, which Go reads as nanoseconds: hardly ever what was meant. */
export function isBareDuration(text: string): boolean {
  return /^[+-]?\d+$/.test(text);
}
