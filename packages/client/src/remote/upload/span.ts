import { replayableSource } from "@berth/oci";
import type { Content } from "../../transport/body.ts";

/** Bytes of a blob that can be sent, in parts and again: those from `start` up to `end`, which is excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** What made reading fail, when it did: then no request can be repeated. */
  readonly failure: Error | undefined;
  /** The bytes from `from` up to `to`, both counted from the start of the blob. */
  read(from: number, to: number): Content;
}

/** Bytes in memory as a span that begins at `start`. The pieces are neither copied nor joined. */
export function memorySpan(start: number, pieces: readonly Uint8Array[]): Span {
  const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  return {
    start,
    end: start + size,
    failure: undefined,
    read(from, to) {
      const cut = [...slices(pieces, from - start, to - start)];
      const [only = new Uint8Array()] = cut;
      if (cut.length <= 1) return only;
      return replayableSource(to - from, (offset) => iterate(cut, offset, to - from));
    },
  };
}

async function* iterate(pieces: readonly Uint8Array[], from: number, to: number): AsyncGenerator<Uint8Array> {
  yield* slices(pieces, from, to);
}

/** The bytes from `from` to `to` (excluded) of pieces that follow each other. */
export function* slices(pieces: Iterable<Uint8Array>, from: number, to: number): Generator<Uint8Array> {
  let at = 0;
  for (const piece of pieces) {
    const part = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (part.byteLength > 0) yield part;
    at += piece.byteLength;
  }
}
