import type { FetchOptions } from "./content.ts";

/** Bytes of content that are wanted: from `start` up to `end`, which is not included. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** The bytes that `options` ask for of content of `size`. @throws {RangeError} on numbers that are no offsets or lengths. */
export function spanOf({ offset = 0, length }: Pick<FetchOptions, "offset" | "length">, size: number): ByteSpan {
  check("size", size);
  check("offset", offset);
  if (length !== undefined) check("length", length);
  const start = Math.min(offset, size);
  return { start, end: length === undefined ? size : Math.min(start + length, size) };
}

function check(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new RangeError(`Cannot fetch content: ${name} is ${value}, expected a whole number from 0`);
}
