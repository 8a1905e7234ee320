import { InvalidPackInputError } from "./errors.ts";

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** True for a date and time as annotations and configs hold them: `2026-01-02T03:04:05Z`. @see RFC 3339, section 5.6 */
export function isTimestamp(text: string): boolean {
  const [, year, month, day] = RFC3339.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

/** The last second of the year 9999, behind which no timestamp can be written. In tar it stands in a PAX record, as all from the year 2242 on. */
export const MAX_EPOCH: number = 253_402_300_799;

/** Writes seconds since 1970 as a timestamp, in UTC and without fractions. @throws {RangeError} for anything but whole seconds up to 9999. */
export function formatEpoch(epoch: number): string {
  if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > MAX_EPOCH) {
    throw new RangeError(`Cannot write time ${epoch}: expected whole seconds from 0 to ${MAX_EPOCH}`);
  }
  return new Date(epoch * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

/**
 * Reads the value of `SOURCE_DATE_EPOCH`: whole seconds since 1970. Undefined and empty mean that it is not set.
 *
 * @throws {InvalidPackInputError} @see reproducible-builds.org, SOURCE_DATE_EPOCH
 */
export function parseEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const epoch = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(epoch <= MAX_EPOCH)) throw new InvalidPackInputError("time", text, `expected whole seconds since 1970, at most ${MAX_EPOCH}`);
  return epoch;
}

/** The time now, in whole seconds since 1970. */
export function currentEpoch(): number {
  return Math.floor(Date.now() / 1000);
}
