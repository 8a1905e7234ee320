import { MAX_HEADER_LENGTH, parseDigits } from "./scanner.ts";

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a `Range` header asks for: from `first` to `last` (default: the end), or the last `suffix` bytes. */
export type RangeSpec = { readonly first: number; readonly last?: number } | { readonly suffix: number };

/** How to answer a request with a `Range` header. */
export type RangeSelection =
  | { readonly kind: "whole" }
  | { readonly kind: "partial"; readonly range: ByteRange }
  | { readonly kind: "unsatisfiable" };

/** What {@link selectRange} looks at; header values as they came. */
export interface RangeRequest {
  /** `Range`; undefined: the whole is wanted. */
  readonly range?: string | undefined;
  /** `If-Range`; undefined: the range counts whatever the content is. */
  readonly ifRange?: string | undefined;
  /** The content's entity tag, with its quotes. */
  readonly etag?: string | undefined;
  /** The content's `Last-Modified` value. */
  readonly lastModified?: string | undefined;
}

/**
 * Parses a `Range` header that asks for one span of bytes. Undefined for anything else (another unit, several
 * spans, bad syntax): RFC 9110 lets a server ignore those and send the whole. A span that ends before it starts is kept, to be
 * refused as unsatisfiable.
 *
 * @see RFC 9110, section 14.2
 */
export function parseRange(header: string): RangeSpec | undefined {
  if (header.length > MAX_HEADER_LENGTH) return undefined;
  const equals = header.indexOf("=");
  if (equals < 0 || header.slice(0, equals).trim().toLowerCase() !== "bytes") return undefined;
  const spans = header
    .slice(equals + 1)
    .split(",")
    .map((span) => span.trim())
    .filter((span) => span !== "");
  const [span] = spans;
  return span !== undefined && spans.length === 1 ? parseSpan(span) : undefined;
}

function parseSpan(span: string): RangeSpec | undefined {
  const dash = span.indexOf("-");
  if (dash < 0) return undefined;
  const last = parseDigits(span.slice(dash + 1));
  if (dash === 0) return last === undefined ? undefined : { suffix: last };
  const first = parseDigits(span.slice(0, dash));
  if (first === undefined) return undefined;
  if (dash === span.length - 1) return { first };
  return last === undefined ? undefined : { first, last };
}

/** The bytes of content of `size` that `spec` names; undefined when none of them exist, or the span ends before it starts. */
export function resolveRange(spec: RangeSpec, size: number): ByteRange | undefined {
  if ("suffix" in spec) {
    return spec.suffix === 0 || size === 0 ? undefined : { start: Math.max(0, size - spec.suffix), end: size - 1 };
  }
  return spec.first >= size || (spec.last ?? size) < spec.first
    ? undefined
    : { start: spec.first, end: Math.min(spec.last ?? size - 1, size - 1) };
}

/**
 * Decides between the whole content, a part and 416. `If-Range` is honoured by strong comparison. Empty content is
 * always sent whole: clients that put a `Range` on every request must be able to read it.
 *
 * @see RFC 9110, sections 13.1.5 and 14.2
 */
export function selectRange(request: RangeRequest, size: number): RangeSelection {
  const spec = request.range === undefined ? undefined : parseRange(request.range);
  if (spec === undefined || size === 0 || !ifRangeHolds(request)) return { kind: "whole" };
  const range = resolveRange(spec, size);
  return range === undefined ? { kind: "unsatisfiable" } : { kind: "partial", range };
}

function ifRangeHolds({ ifRange, etag, lastModified }: RangeRequest): boolean {
  if (ifRange === undefined) return true;
  const wanted = ifRange.trim();
  if (wanted.startsWith('"')) return wanted === etag;
  return !wanted.startsWith("W/") && lastModified !== undefined && wanted === lastModified;
}

/** Writes a `Range` header value. */
export function formatRange(spec: RangeSpec): string {
  return "suffix" in spec ? `bytes=-${spec.suffix}` : `bytes=${spec.first}-${spec.last ?? ""}`;
}
