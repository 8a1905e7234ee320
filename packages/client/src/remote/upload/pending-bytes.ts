import { memorySpan, type Span, slices } from "./span.ts";

/** Smaller pieces are copied together into pages of this size, so that many small ones do not cost more than their bytes. */
const PAGE = 65_536;

/** Bytes that wait to be sent, and where in the blob they belong. */
export class PendingBytes {
  #pieces: Uint8Array[] = [];
  /** What is free of the last page. */
  #free: Uint8Array = new Uint8Array();
  #size = 0;
  #start: number;

  /** @param start bytes of the blob before the first one that is added. */
  constructor(start: number) {
    this.#start = start;
  }

  /** Bytes of the blob before the first one that waits. */
  get start(): number {
    return this.#start;
  }

  /** Bytes of the blob up to the last one that waits, itself included. */
  get end(): number {
    return this.#start + this.#size;
  }

  /** How many bytes wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds bytes behind the others; large pieces are kept as they are. */
  add(chunk: Uint8Array): void {
    this.#size += chunk.byteLength;
    if (chunk.byteLength >= PAGE) {
      this.#pieces.push(chunk);
      this.#free = new Uint8Array();
      return;
    }
    for (let rest = chunk; rest.byteLength > 0; ) {
      if (this.#free.byteLength === 0) this.#free = new Uint8Array(PAGE);
      const part = rest.subarray(0, this.#free.byteLength);
      this.#free.set(part);
      this.#pieces = joined(this.#pieces, this.#free.subarray(0, part.byteLength));
      this.#free = this.#free.subarray(part.byteLength);
      rest = rest.subarray(part.byteLength);
    }
  }

  /** Forgets what is before `held`, counted from the start of the blob. */
  dropTo(held: number): void {
    const { end } = this;
    const start = Math.min(Math.max(this.#start, held), end);
    this.#pieces = [...slices(this.#pieces, start - this.#start, end - this.#start)];
    this.#start = start;
    this.#size = end - start;
    if (this.#size === 0) this.#free = new Uint8Array();
  }

  /** Forgets everything; it no longer counts as part of the blob. */
  clear(): void {
    this.#pieces = [];
    this.#free = new Uint8Array();
    this.#size = 0;
  }

  /** The first `size` bytes, to be sent. */
  span(size: number): Span {
    return memorySpan(this.#start, [...slices(this.#pieces, 0, size)]);
  }
}

/** Adds a piece, as one with the last one when it follows that in memory. */
function joined(pieces: Uint8Array[], piece: Uint8Array): Uint8Array[] {
  const last = pieces.at(-1);
  if (last !== undefined && last.buffer === piece.buffer && last.byteOffset + last.byteLength === piece.byteOffset)
    pieces[pieces.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.byteLength + piece.byteLength);
  else pieces.push(piece);
  return pieces;
}
