import { fieldValues, type HeaderFields, Scanner } from "./scanner.ts";

/** One element of an `Accept` header. */
export interface MediaRange {
  /** In lower case: `type/subtype`, `type/*` or `*` + `/*`. */
  readonly mediaRange: string;
  /** From 0 (not acceptable) to 1. */
  readonly quality: number;
}

/** Media ranges that are looked at; the rest is ignored. */
export const MAX_MEDIA_RANGES = 100;

/**
 * Parses `Accept` headers. Parameters other than `q` are ignored; malformed elements are left out.
 *
 * @see RFC 9110, section 12.5.1
 */
export function parseAccept(fields: HeaderFields): readonly MediaRange[] {
  return fieldValues(fields).flatMap(parseField).slice(0, MAX_MEDIA_RANGES);
}

function parseField(value: string): readonly MediaRange[] {
  const scanner = new Scanner(value);
  const ranges: MediaRange[] = [];
  for (scanner.skipSeparators(); !scanner.done && ranges.length < MAX_MEDIA_RANGES; scanner.skipSeparators()) {
    const range = takeRange(scanner);
    const quality = takeQuality(scanner);
    const clean = scanner.done || scanner.next === ",";
    if (clean && range !== undefined && quality !== undefined) ranges.push({ mediaRange: range, quality });
    scanner.takeWhile((c) => c !== 0x2c);
  }
  return ranges;
}

function takeRange(scanner: Scanner): string | undefined {
  const type = scanner.takeToken();
  const subtype = scanner.take("/") ? scanner.takeToken() : "";
  scanner.skipSpace();
  return type === "" || subtype === "" ? undefined : `${type}/${subtype}`.toLowerCase();
}

/** Undefined when `q` is malformed. */
function takeQuality(scanner: Scanner): number | undefined {
  let quality: number | undefined = 1;
  while (scanner.take(";")) {
    scanner.skipSpace();
    const name = scanner.takeToken().toLowerCase();
    scanner.skipSpace();
    const value = scanner.take("=") ? (scanner.takeQuoted() ?? scanner.takeToken()) : "";
    scanner.skipSpace();
    if (name === "q") quality = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(value) ? Number(value) : undefined;
  }
  return quality;
}

/** How welcome a media type is, by the most specific range that fits; 1 when there are no ranges at all. */
export function acceptQuality(ranges: readonly MediaRange[], mediaType: string): number {
  if (ranges.length === 0) return 1;
  const wanted = mediaType.toLowerCase();
  const forms = [wanted, `${wanted.slice(0, wanted.indexOf("/"))}/*`, "*/*"];
  for (const form of forms) {
    const found = ranges.filter((range) => range.mediaRange === form);
    if (found.length > 0) return Math.max(...found.map((range) => range.quality));
  }
  return 0;
}

/** True when a media type may be sent: no `Accept` at all, or a range that fits with a quality over 0. */
export function accepts(fields: HeaderFields, mediaType: string): boolean {
  return acceptQuality(parseAccept(fields), mediaType) > 0;
}

/** True when a media type is named in full with a quality over 0; wildcards do not count. */
export function namesMediaType(ranges: readonly MediaRange[], mediaType: string): boolean {
  const wanted = mediaType.toLowerCase();
  return ranges.some((range) => range.mediaRange === wanted && range.quality > 0);
}
