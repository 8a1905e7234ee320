import type { ByteRange } from "./range.ts";
import { MAX_HEADER_LENGTH, parseDigits } from "./scanner.ts";

/** A parsed `Content-Range`. */
export interface ContentRange extends ByteRange {
  /** Bytes of the whole; absent when the sender does not know it. */
  readonly size?: number;
}

/**
 * Parses `bytes a-b/n`, `bytes a-b/*`, and the bare `a-b` of registry uploads. Undefined on bad syntax and numbers over 2^53 - 1.
 * `start` may lie behind `end`: an upload answers 416 to that, not 400, so telling is left to the caller.
 *
 * @see RFC 9110, section 14.4; OCI distribution-spec, "Pushing a blob in chunks"
 */
export function parseContentRange(header: string): ContentRange | undefined {
  if (header.length > MAX_HEADER_LENGTH) return undefined;
  const value = header.trim();
  const slash = value.indexOf("/");
  const unit = /^bytes[ \t]+/i.exec(value)?.[0] ?? "";
  const range = parseSpan(value.slice(unit.length, slash < 0 ? value.length : slash));
  if (range === undefined) return undefined;
  const total = slash < 0 ? "*" : value.slice(slash + 1);
  if (total === "*") return range;
  const size = parseDigits(total);
  return size === undefined || size === Number.POSITIVE_INFINITY || range.end >= size ? undefined : { ...range, size };
}

function parseSpan(text: string): ByteRange | undefined {
  const dash = text.indexOf("-");
  if (dash < 0) return undefined;
  const start = parseDigits(text.slice(0, dash));
  const end = parseDigits(text.slice(dash + 1));
  if (start === undefined || end === undefined || !Number.isSafeInteger(start) || !Number.isSafeInteger(end)) return undefined;
  return { start, end };
}

/** Writes `bytes a-b/n`, or `bytes a-b/*` when the size is not known. */
export function formatContentRange(range: ContentRange): string {
  return `bytes ${range.start}-${range.end}/${range.size ?? "*"}`;
}

/** Writes the `Content-Range` of a 416 answer. */
export function formatUnsatisfiedRange(size: number): string {
  return `bytes */${size}`;
}

/** The size in the `Content-Range` of a 416 answer; undefined when it is something else. */
export function parseUnsatisfiedRange(header: string): number | undefined {
  const prefix = /^bytes[ \t]+\*\//i.exec(header.trim())?.[0];
  const size = prefix === undefined ? undefined : parseDigits(header.trim().slice(prefix.length));
  return size === Number.POSITIVE_INFINITY ? undefined : size;
}

/** Writes the `Content-Range` of an upload's chunk: no unit, as the distribution-spec has it. */
export function formatChunkRange(range: ByteRange): string {
  return `${range.start}-${range.end}`;
}

/** Writes the `Range` of an upload that holds `size` bytes. An empty one says `0-0`, which Docker expects, as one of one byte does. */
export function formatUploadRange(size: number): string {
  return `0-${Math.max(0, size - 1)}`;
}

/**
 * The index of the last byte that an upload holds, by its `Range` header: `0-n`, `bytes=0-n`; `0--1` (nothing) is also
 * met. `0-0` means one byte or none. Undefined on anything else.
 */
export function parseUploadRange(header: string): number | undefined {
  const value = header.length > 64 ? "" : header.trim().replace(/^bytes=/i, "");
  if (value === "0--1") return -1;
  const range = parseSpan(value);
  return range?.start === 0 ? range.end : undefined;
}
