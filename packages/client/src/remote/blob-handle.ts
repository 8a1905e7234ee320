import type { Readable } from "node:stream";
import { type CallOptions, type Descriptor, spanOf, UnsupportedError } from "@berth/oci";
import type { ByteReadable } from "../transport/byte-readable.ts";
import { headerValue } from "../transport/transport.ts";
import { downloadStream, fetchBlob, openSpan, type OpenedBlob } from "./blob-fetch.ts";
import { bytesStream } from "./bytes-stream.ts";
import type { RepositoryContext } from "./context.ts";

/**
 * A blob that is read piece by piece, from wherever one likes: the counterpart of Go's `io.ReadSeekCloser`. Reading it from start to end
 * without a seek checks its digest; parts cannot be checked. Close it.
 */
export interface BlobHandle extends AsyncDisposable, AsyncIterable<Uint8Array> {
  readonly descriptor: Descriptor;
  /** Whether the registry can start in the middle. */
  readonly seekable: boolean;
  /** Where the next {@link BlobHandle.read} starts. */
  readonly position: number;
  /** The next bytes, `length` of them unless the end comes first; none at the end. */
  read(length: number): Promise<Uint8Array>;
  /**
   * Moves to `offset`, counted from the start. One request, but none to where it stands already, or to the end.
   *
   * @throws {RangeError} below 0. @throws {UnsupportedError} when the registry cannot. @throws {TypeError} once closed.
   */
  seek(offset: number, options?: CallOptions): Promise<void>;
  /** Opens the bytes from `start` up to `end`, which is not included (default: the end of the blob). The position stays. */
  range(start: number, end?: number, options?: CallOptions): Promise<ByteReadable>;
  /** Closes the connection. Closing again does nothing. */
  close(): Promise<void>;
}

/** Opens a blob to be read piece by piece. @throws {NotFoundError} */
export async function openBlob(context: RepositoryContext, target: Descriptor, options: CallOptions = {}): Promise<BlobHandle> {
  const span = spanOf({}, target.size);
  const blob = await openSpan(context, target, span, options);
  return new RemoteBlobHandle(context, target, blob, downloadStream(context, blob, span, options));
}

class RemoteBlobHandle implements BlobHandle {
  readonly descriptor: Descriptor;
  readonly seekable: boolean;
  readonly #context: RepositoryContext;
  readonly #blob: OpenedBlob;
  #stream: Readable;
  #chunks: AsyncIterator<Uint8Array>;
  /** What was read from the stream and not asked for yet. */
  #rest: Uint8Array = new Uint8Array();
  #position = 0;
  #closed = false;

  constructor(context: RepositoryContext, target: Descriptor, blob: OpenedBlob, stream: Readable) {
    this.descriptor = target;
    this.seekable = headerValue(blob.opened.headers, "accept-ranges")?.trim().toLowerCase() === "bytes";
    this.#context = context;
    this.#blob = blob;
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  get position(): number {
    return this.#position;
  }

  async read(length: number): Promise<Uint8Array> {
    this.#check();
    const pieces: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.byteLength === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) break;
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.byteLength);
      missing -= piece.byteLength;
      pieces.push(piece);
    }
    const [only] = pieces;
    const bytes = only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
    this.#position += bytes.byteLength;
    return bytes;
  }

  async seek(offset: number, options: CallOptions = {}): Promise<void> {
    this.#check();
    if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`Cannot seek to ${offset}: expected a whole number from 0`);
    if (offset === this.#position) return;
    const stream = await this.#openAt(offset, options);
    this.#stream.destroy();
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#rest = new Uint8Array();
    this.#position = offset;
  }

  async #openAt(offset: number, options: CallOptions): Promise<ByteReadable> {
    const { size } = this.descriptor;
    if (offset >= size) return bytesStream(new Uint8Array());
    this.#wantSeekable();
    const span = spanOf({ offset }, size);
    const opened = await this.#blob.source.open(span, this.#blob.opened.etag, options);
    return downloadStream(this.#context, { source: this.#blob.source, opened }, span, options);
  }

  async range(start: number, end: number = this.descriptor.size, options: CallOptions = {}): Promise<ByteReadable> {
    this.#check();
    if (start !== 0 || end < this.descriptor.size) this.#wantSeekable();
    return await fetchBlob(this.#context, this.descriptor, { ...options, offset: start, length: Math.max(0, end - start) });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#rest = new Uint8Array();
    this.#stream.destroy();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let chunk = await this.read(READ_SIZE); chunk.byteLength > 0; chunk = await this.read(READ_SIZE)) yield chunk;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #check(): void {
    if (this.#closed) throw new TypeError("Cannot read blob: it is closed");
  }

  #wantSeekable(): void {
    if (!this.seekable) throw new UnsupportedError("read a part of the blob");
  }
}

/** Bytes of a chunk when a handle is iterated over. */
const READ_SIZE = 262_144;
