import {
  type ByteSource,
  bytesSource,
  type CallOptions,
  type Descriptor,
  isReplayable,
  type ReplayableSource,
  replayableSource,
  SizeMismatchError,
} from "@berth/oci";
import { createVerifier, readAllVerified } from "@berth/oci/node";
import { UnreplayableBodyError } from "../../errors.ts";
import { wholeNumber } from "../../number-option.ts";
import type { Content } from "../../transport/body.ts";
import { BlobCheck } from "./blob-check.ts";
import { ContentReader } from "./content-reader.ts";
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
  readonly reader: Pick<ContentReader, "next" | "close">;
}

/** How a source that can be read again is opened. */
type Opening = "open" | "openPassing";

/** Content that can be read again, as far as it was read. */
interface Reopened extends Opened {
  readonly opening: Opening;
  readonly reader: ContentReader;
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
  readonly #onProgress: ((progress: UploadProgress) => void) | undefined;
  /** Bytes are everything, and checked. */
  readonly #content: Uint8Array | ReplayableSource | ContentReader;
  readonly #check: BlobCheck;
  /** Content that was read to the end of a span, for the next one to go on with. */
  #kept: Reopened | undefined;
  #isClosed = false;
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
    this.#onProgress = onProgress;
    this.#check = new BlobCheck(expected);
    this.#content = content instanceof Uint8Array || isReplayable(content) ? content : new ContentReader(content);
    this.replayable = !(this.#content instanceof ContentReader);
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
    const content = this.#content;
    if (content instanceof Uint8Array) return content.subarray(from, to);
    if (content instanceof ContentReader) {
      if (this.#taken > from) throw new UnreplayableBodyError();
      return this.#once(content, { from, to });
    }
    const span = replayableSource(to - from, (offset) => this.#again(content, "open", { from: from + offset, to }));
    if (content.openPassing === undefined) return span;
    const openPassing = (offset = 0): ByteSource => this.#again(content, "openPassing", { from: from + offset, to });
    return Object.assign(span, { openPassing });
  }

  /**
   * What is to be sent from `offset` on, as something that can be sent again: everything, or the next `chunkSize` bytes of a source that
   * can be read once, which are then held in memory.
   */
  async spanFrom(offset: number, chunkSize: number): Promise<Span> {
    const reader = this.#content;
    if (!(reader instanceof ContentReader)) return this;
    if (offset < this.#taken) throw new UnreplayableBodyError();
    try {
      while (this.#taken < offset) this.#takeIn(await this.#require(reader, Math.min(PIECE, offset - this.#taken)));
      const pieces = await this.#require(reader, Math.min(chunkSize, this.end - offset));
      this.#takeIn(pieces);
      if (this.#taken === this.end) await this.#check.finish(reader);
      return this.#counted(memorySpan(offset, pieces));
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Says how many bytes have left, unless that was said just before. */
  report(sent: number): void {
    if (sent === this.#reported) return;
    this.#reported = sent;
    this.#onProgress?.({ sent, moved: this.#content instanceof Uint8Array ? sent : this.#moved, total: this.end });
  }

  /** Lets go of a source that was not read to its end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#content instanceof ContentReader) await this.#content.close();
    await this.#kept?.reader.close();
  }

  /** Content that can be read again is opened anew unless it was read up to here. */
  async *#again(source: ReplayableSource, opening: Opening, { from, to }: Wanted): AsyncGenerator<Uint8Array> {
    const at = Math.min(from, this.#check.hashed); // bytes that were not hashed yet are read too, though they are not to be sent
    const kept = this.#kept;
    this.#kept = undefined;
    const goesOn = kept?.at === at && kept.opening === opening;
    try {
      if (!goesOn) await kept?.reader.close();
      const reader = goesOn ? kept.reader : new ContentReader(source[opening]?.(at) ?? source.open(at));
      yield* this.#pass({ at, reader }, { from, to }, (rest) => this.#keep({ at: to, opening, reader }, rest));
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async *#once(reader: ContentReader, wanted: Wanted): AsyncGenerator<Uint8Array> {
    const next = async (): Promise<Uint8Array | undefined> => {
      const chunk = await reader.next();
      this.#taken += chunk?.byteLength ?? 0;
      return chunk;
    };
    try {
      yield* this.#pass({ at: this.#taken, reader: { next, close: async () => await reader.close() } }, wanted);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Passes on what is wanted; the last piece of the blob only when the blob is right. Content that goes on behind it is closed or kept. */
  async *#pass({ at: start, reader }: Opened, { from, to }: Wanted, keep?: (rest: Uint8Array) => void): AsyncGenerator<Uint8Array> {
    let at = start;
    let chunk: Uint8Array | undefined;
    let isPassed = false;
    try {
      while (at < to) {
        chunk ??= await reader.next();
        if (chunk === undefined) throw new SizeMismatchError({ expected: this.end, actual: at });
        if (this.end - at < chunk.byteLength) throw new SizeMismatchError({ expected: this.end, actual: at + chunk.byteLength });
        const piece: Uint8Array = chunk.subarray(0, Math.min(PIECE, to - at));
        this.#check.pass(at, piece);
        at += piece.byteLength;
        chunk = piece.byteLength < chunk.byteLength ? chunk.subarray(piece.byteLength) : undefined;
        if (at === this.end) await this.#check.finish(reader);
        const wanted = piece.subarray(Math.max(0, from - (at - piece.byteLength)));
        if (wanted.byteLength === 0) continue;
        this.#moved += wanted.byteLength;
        isPassed = at === to && at < this.end; // who was given the last piece may not ask whether there is another
        yield wanted;
        this.report(at);
      }
    } finally {
      if (isPassed && keep !== undefined) keep(chunk ?? new Uint8Array());
      else await reader.close();
    }
  }

  #keep(content: Reopened, rest: Uint8Array): void {
    content.reader.unread(rest);
    const old = this.#isClosed ? content : this.#kept; // a request that is given up may end after the next one began
    void old?.reader.close(); // never fails
    if (!this.#isClosed) this.#kept = content;
  }

  async #require(reader: ContentReader, length: number): Promise<readonly Uint8Array[]> {
    const pieces = await reader.take(length);
    const got = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    if (got < length) throw new SizeMismatchError({ expected: this.end, actual: this.#taken + got });
    return pieces;
  }

  #takeIn(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#check.pass(this.#taken, piece);
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

async function* reporting(source: ByteSource, start: number, report: (sent: number, moved: number) => void): AsyncGenerator<Uint8Array> {
  let at = start;
  for await (const chunk of source) {
    yield chunk;
    report((at += chunk.byteLength), chunk.byteLength);
  }
}
