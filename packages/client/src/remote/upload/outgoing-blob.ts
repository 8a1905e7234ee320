import {
  type ByteSource,
  bytesSource,
  type CallOptions,
  type Descriptor,
  digestAlgorithm,
  DigestMismatchError,
  isReplayable,
  type ReplayableSource,
  replayableSource,
  SizeMismatchError,
} from "@berth/oci";
import { createDigester, createVerifier, type Digester, readAllVerified } from "@berth/oci/node";
import { UnreplayableBodyError } from "../../errors.ts";
import { wholeNumber } from "../../number-option.ts";
import type { Content } from "../../transport/body.ts";
import { closeSource, OneShotReader } from "./one-shot-reader.ts";
import { memorySpan, type Span } from "./span.ts";

/** Blobs up to this size are read whole, and so checked before anything is sent and sent again when need be. Bytes. */
export const SMALL_BLOB = 4_194_304;
/** Larger chunks are cut, for hashing and sending to go side by side, and progress to be seen. Bytes. */
const PIECE = 1_048_576;

/** Counts of {@link OutgoingBlob}. */
export interface UploadProgress {
  /** Bytes that have left; goes back when some must be sent again. */
  readonly sent: number;
  /** Bytes that went over: less than `sent` where the registry held a part of an earlier upload, more where some were sent again. */
  readonly moved: number;
  /** Bytes in all. */
  readonly total: number;
}

/** Bytes of the blob from `from` up to `to`, which is excluded. */
interface Wanted {
  readonly from: number;
  readonly to: number;
}

/** Content that is being read, from `at` in the blob. */
interface Opened {
  readonly at: number;
  readonly chunks: ByteSource;
}

/**
 * The bytes of a blob on their way out. They are hashed as they pass, once however often they are sent, and the piece that completes the
 * blob is given out only when all is as promised: a registry never gets the last byte of a blob that is not what we say it is.
 */
export class OutgoingBlob implements Span {
  readonly start = 0;
  readonly end: number;
  /** True when everything can be sent once more. */
  readonly replayable: boolean;
  readonly #expected: Descriptor;
  readonly #onProgress: ((progress: UploadProgress) => void) | undefined;
  /** Everything, when it is in memory and checked. */
  readonly #bytes: Uint8Array | undefined;
  readonly #source: ReplayableSource | undefined;
  readonly #reader: OneShotReader | undefined;
  readonly #digester: Digester;
  /** Bytes taken from the source that can be read once. */
  #taken = 0;
  #moved = 0;
  #failure: Error | undefined;
  #reported = -1;

  private constructor(
    content: Uint8Array | ByteSource,
    expected: Descriptor,
    onProgress: ((progress: UploadProgress) => void) | undefined,
  ) {
    this.end = expected.size;
    this.#expected = expected;
    this.#onProgress = onProgress;
    this.#digester = createDigester(digestAlgorithm(expected.digest));
    if (content instanceof Uint8Array) this.#bytes = content;
    else if (isReplayable(content)) this.#source = content;
    else this.#reader = new OneShotReader(content);
    this.replayable = this.#reader === undefined;
  }

  /**
   * Takes content to be sent. Small content is read and checked right away: up to `wholeBytes`, and always if it can be read only once.
   *
   * @throws {SizeMismatchError} @throws {DigestMismatchError}
   */
  static async open(
    content: Content,
    expected: Descriptor,
    options: CallOptions & { readonly wholeBytes?: number; readonly onProgress?: (progress: UploadProgress) => void } = {},
  ): Promise<OutgoingBlob> {
    const { signal, onProgress } = options;
    const wholeBytes = wholeNumber("wholeBytes", options.wholeBytes, SMALL_BLOB, { orInfinity: true });
    const source = typeof content === "string" ? Buffer.from(content) : content;
    const known = source instanceof Uint8Array ? source.byteLength : isReplayable(source) ? source.size : expected.size;
    if (known !== expected.size) throw new SizeMismatchError({ expected: expected.size, actual: known });
    const isWhole = source instanceof Uint8Array || !isReplayable(source);
    if (expected.size > (isWhole ? SMALL_BLOB : Math.min(wholeBytes, SMALL_BLOB)))
      return new OutgoingBlob(source instanceof Uint8Array ? bytesSource(source) : source, expected, onProgress);
    if (source instanceof Uint8Array) {
      const verifier = createVerifier(expected);
      verifier.update(source);
      verifier.verify();
      return new OutgoingBlob(source, expected, onProgress);
    }
    const limits = { maxBytes: SMALL_BLOB, ...(signal && { signal }) };
    return new OutgoingBlob(await readAllVerified(source, expected, limits), expected, onProgress);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** True when bytes were read that cannot be read again. */
  get isSpent(): boolean {
    return this.#taken > 0;
  }

  /** All of it, to be sent in one request. @throws {UnreplayableBodyError} once parts of what can be read only once were read. */
  whole(): Content {
    return this.read(0, this.end);
  }

  read(from: number, to: number): Content {
    if (this.#bytes !== undefined) return this.#bytes.subarray(from, to);
    const source = this.#source;
    if (source === undefined) {
      if (this.#taken > from) throw new UnreplayableBodyError();
      return this.#stream({ from, to }, () => ({ at: this.#taken, chunks: this.#reading() }));
    }
    const { openPassing } = source;
    const content = replayableSource(to - from, (offset) => this.#again({ from: from + offset, to }, (at) => source.open(at)));
    if (openPassing === undefined) return content;
    const passing = (offset = 0): ByteSource => this.#again({ from: from + offset, to }, (at) => openPassing.call(source, at));
    return Object.assign(content, { openPassing: passing });
  }

  /**
   * What is to be sent from `offset` on, as something that can be sent again: everything, or the next `chunkSize` bytes of a source that
   * can be read once, which are then held in memory.
   */
  async spanFrom(offset: number, chunkSize: number): Promise<Span> {
    const reader = this.#reader;
    if (reader === undefined) return this;
    if (offset < this.#taken) throw new UnreplayableBodyError();
    try {
      while (this.#taken < offset) this.#takeIn(await this.#require(reader, Math.min(PIECE, offset - this.#taken)));
      const pieces = await this.#require(reader, Math.min(chunkSize, this.end - offset));
      this.#takeIn(pieces);
      if (this.#taken === this.end) await this.#verify(async () => await reader.next());
      return this.#counted(memorySpan(offset, pieces));
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Says how many bytes have left, unless that was said just before. */
  report(sent: number): void {
    if (sent === this.#reported) return;
    this.#reported = sent;
    this.#onProgress?.({ sent, moved: this.#bytes === undefined ? this.#moved : sent, total: this.end });
  }

  /** Lets go of a source that was not read to its end. */
  async close(): Promise<void> {
    await this.#reader?.close();
  }

  /** Bytes that were not hashed yet are read too, though they are not to be sent. */
  #again(wanted: Wanted, open: (offset: number) => ByteSource): AsyncGenerator<Uint8Array> {
    return this.#stream(wanted, () => {
      const at = Math.min(wanted.from, this.#digester.size);
      return { at, chunks: open(at) };
    });
  }

  /** What is left of the content that can be read once. */
  #reading(): ByteSource {
    const reader = this.#reader;
    return { [Symbol.asyncIterator]: () => readingIterator(reader, (size) => (this.#taken += size)) };
  }

  async *#stream(wanted: Wanted, open: () => Opened): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#pass(open(), wanted);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Passes on what is wanted; the last piece of the blob only when the blob is right. */
  async *#pass(source: Opened, { from, to }: Wanted): AsyncGenerator<Uint8Array> {
    let at = source.at;
    const iterator = source.chunks[Symbol.asyncIterator]();
    const next = async (): Promise<Uint8Array | undefined> => {
      const step = await iterator.next();
      return step.done ? undefined : step.value;
    };
    try {
      while (at < to) {
        const chunk = await next();
        if (chunk === undefined) throw new SizeMismatchError({ expected: this.end, actual: at });
        for (let cut = 0; cut < chunk.byteLength && at < to; cut += PIECE) {
          const piece = chunk.subarray(cut, cut + Math.min(PIECE, to - at));
          if (this.end - at < chunk.byteLength - cut)
            throw new SizeMismatchError({ expected: this.end, actual: at + chunk.byteLength - cut });
          this.#hash(at, piece);
          at += piece.byteLength;
          if (at === this.end) await this.#verify(next);
          const wanted = piece.subarray(Math.max(0, from - (at - piece.byteLength)));
          if (wanted.byteLength === 0) continue;
          this.#moved += wanted.byteLength;
          yield wanted;
          this.report(at);
        }
      }
    } finally {
      await closeSource(source.chunks, iterator);
    }
  }

  #hash(at: number, piece: Uint8Array): void {
    const known = this.#digester.size - at;
    if (known < piece.byteLength) this.#digester.update(known > 0 ? piece.subarray(known) : piece);
  }

  /** Call with the last byte at hand: there must be no more, and the digest must be right. */
  async #verify(next: () => Promise<Uint8Array | undefined>): Promise<void> {
    for (let more = await next(); more !== undefined; more = await next()) {
      if (more.byteLength > 0) throw new SizeMismatchError({ expected: this.end, actual: this.end + more.byteLength });
    }
    const { digest: expected } = this.#expected;
    const actual = this.#digester.digest();
    if (actual !== expected) throw new DigestMismatchError({ expected, actual });
  }

  async #require(reader: OneShotReader, length: number): Promise<readonly Uint8Array[]> {
    const pieces = await reader.take(length);
    const got = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    if (got < length) throw new SizeMismatchError({ expected: this.end, actual: this.#taken + got });
    return pieces;
  }

  #takeIn(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#hash(this.#taken, piece);
      this.#taken += piece.byteLength;
    }
  }

  #counted(span: Span): Span {
    const report = (sent: number, moved: number): void => {
      this.#moved += moved;
      this.report(sent);
    };
    return {
      start: span.start,
      end: span.end,
      failure: undefined,
      read(from, to) {
        const content = span.read(from, to);
        if (content instanceof Uint8Array || typeof content === "string" || !isReplayable(content)) return content;
        return replayableSource(content.size, (offset) => reporting(content.open(offset), from + offset, report));
      },
    };
  }

  #fail(error: unknown): Error {
    this.#failure = error instanceof Error ? error : new Error(`Cannot read the content: ${String(error)}`, { cause: error });
    return this.#failure;
  }
}

function readingIterator(reader: OneShotReader | undefined, onTaken: (size: number) => void): AsyncIterator<Uint8Array> {
  return {
    async next() {
      const value = await reader?.next();
      if (value === undefined) return { done: true, value };
      onTaken(value.byteLength);
      return { done: false, value };
    },
    async return() {
      await reader?.close();
      return { done: true, value: undefined };
    },
  };
}

async function* reporting(source: ByteSource, start: number, report: (sent: number, moved: number) => void): AsyncGenerator<Uint8Array> {
  let at = start;
  for await (const chunk of source) {
    yield chunk;
    report((at += chunk.byteLength), chunk.byteLength);
  }
}
