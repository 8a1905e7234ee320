import {
  type BlobUpload,
  BlobUploadUnknownError,
  type ByteSource,
  type CallOptions,
  type CommitTarget,
  type Descriptor,
  type Digest,
  digestAlgorithm,
  DigestMismatchError,
  LimitExceededError,
  MEDIA_TYPES,
  SizeMismatchError,
} from "@berth/oci";
import type { Digester } from "@berth/oci/node";
import { ResponseError } from "../../errors.ts";
import { hasBlob } from "../blob-stat.ts";
import { bodyLimitOf } from "./body-limit.ts";
import { ChunkSender, type UploadBackoff } from "./chunk-sender.ts";
import { uploadFault } from "./fault.ts";
import { PendingBytes } from "./pending-bytes.ts";
import type { UploadSession } from "./session.ts";

/** Bytes that are held back at most because a registry asks for large chunks: 256 MiB. */
const MAX_HELD_BACK = 268_435_456;

/** Options of {@link RemoteBlobUpload}. */
export interface RemoteBlobUploadOptions {
  /** Bytes of a request. */
  readonly chunkSize: number;
  readonly backoff: UploadBackoff;
  /** Hashes what is written; undefined when the upload was begun by somebody else. */
  readonly digester?: Digester | undefined;
}

/**
 * An unfinished blob at a registry. Bytes are held back until there is a chunk of them, so that many small writes do not cost a request
 * each: `size` counts them, {@link close} sends them, and a process that dies loses them, not what was sent. One call at a time.
 */
export class RemoteBlobUpload implements BlobUpload {
  readonly #session: UploadSession;
  readonly #options: RemoteBlobUploadOptions;
  /** What follows the bytes that the registry has. */
  readonly #pending: PendingBytes;
  #state: "open" | "closed" | "over" = "open";

  constructor(session: UploadSession, options: RemoteBlobUploadOptions) {
    this.#session = session;
    this.#options = options;
    this.#pending = new PendingBytes(session.held);
  }

  /** The address of the upload, which changes as bytes are sent: take it when done with writing. It lets who knows it go on. */
  get id(): string {
    return this.#session.url.href;
  }

  /** When it was started, or found again. */
  get startedAt(): Date {
    return this.#session.startedAt;
  }

  get size(): number {
    return this.#pending.end;
  }

  /** The bytes are copied: they can be changed afterwards. What is over a chunk is sent before this resolves. */
  async write(chunk: Uint8Array, options: CallOptions = {}): Promise<void> {
    const { chunkSize } = this.#options;
    async function* copies(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < chunk.byteLength; at += chunkSize) yield Uint8Array.from(chunk.subarray(at, at + chunkSize));
    }
    await this.writeFrom(copies(), options);
  }

  /** The bytes are not copied: the source must leave alone what it gave. */
  async writeFrom(source: ByteSource, { signal }: CallOptions = {}): Promise<number> {
    this.#check("write");
    signal?.throwIfAborted();
    const before = this.size;
    await this.#sendChunks(signal); // what an earlier call could not send
    for await (const chunk of source) {
      signal?.throwIfAborted();
      this.#options.digester?.update(chunk);
      this.#pending.add(chunk);
      await this.#sendChunks(signal);
    }
    return this.size - before;
  }

  /**
   * Sends what is held back. Less than the registry takes as a chunk is dropped: `size` says what it has then, and so does the upload when
   * it is resumed.
   */
  async close(): Promise<void> {
    if (this.#state !== "open") return;
    if (this.#pending.size >= this.#session.minChunkSize) await this.#send(this.#sender(undefined), this.#pending.size);
    this.#state = "closed";
    this.#pending.clear();
  }

  async commit(expected: CommitTarget, options: CallOptions = {}): Promise<Descriptor> {
    this.#check("commit");
    const { signal } = options;
    signal?.throwIfAborted();
    const { size } = this;
    const { digest } = expected;
    if (expected.size !== undefined && expected.size !== size) throw new SizeMismatchError({ expected: expected.size, actual: size });
    await this.#verify(digest, signal);
    try {
      await this.#finish(digest, signal);
    } catch (error) {
      if (!(error instanceof ResponseError) || uploadFault(error) !== "damaged") throw error;
      await this.#drop(signal); // some registries keep it
      throw new DigestMismatchError(
        { expected: digest, actual: "unknown" },
        { from: this.#session.route.connection.registry, cause: error },
      );
    }
    this.#state = "over";
    return { ...expected, mediaType: expected.mediaType ?? MEDIA_TYPES.octetStream, digest, size };
  }

  async cancel(options: CallOptions = {}): Promise<void> {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#pending.clear();
    await this.#session.cancel(options.signal);
  }

  /** All in one request when nothing was sent yet, which every registry takes; else the rest as a chunk. */
  async #finish(digest: Digest, signal: AbortSignal | undefined): Promise<void> {
    const sender = this.#sender(signal);
    const { start, size } = this.#pending;
    const whole = start === 0 && size <= this.#bodyLimit() ? { content: this.#pending.span(size).read(0, size), size } : undefined;
    for (let tries = 1; ; tries++) {
      const last = tries === 1 ? whole : undefined;
      try {
        if (last === undefined) await this.#send(sender, this.#pending.size);
        await this.#session.commit(digest, last, signal);
        return;
      } catch (error) {
        const fault = uploadFault(error);
        if (fault === "lost" && tries > 1 && (await this.#isThere(digest, signal))) return; // only the answer was lost
        if (fault === "too-large" && last !== undefined) sender.refuse(size);
        else await sender.recover(error);
      }
    }
  }

  async #isThere(digest: Digest, signal: AbortSignal | undefined): Promise<boolean> {
    const { route } = this.#session;
    return await hasBlob(route, { digest, size: this.size }, { scopes: route.scopes, signal });
  }

  /** A digest that we know to be wrong is not even asked for. */
  async #verify(expected: Digest, signal: AbortSignal | undefined): Promise<void> {
    const { digester } = this.#options;
    if (digester === undefined || digester.algorithm !== digestAlgorithm(expected)) return;
    const actual = digester.digest();
    if (actual === expected) return;
    await this.#drop(signal);
    throw new DigestMismatchError({ expected, actual });
  }

  /** {@link cancel} for content that turned out to be wrong: that is what the caller is told, however the cancelling ends. */
  async #drop(signal: AbortSignal | undefined): Promise<void> {
    this.#state = "over";
    this.#pending.clear();
    await this.#session.abandon(signal);
  }

  /** Sends what makes whole chunks; what is left may not be enough for a chunk yet. */
  async #sendChunks(signal: AbortSignal | undefined): Promise<void> {
    const chunkSize = this.#chunkSize();
    const { size } = this.#pending;
    if (size >= chunkSize) await this.#send(this.#sender(signal), size - (size % chunkSize));
  }

  /** Sends the first `size` of the pending bytes, and forgets what arrived. */
  async #send(sender: ChunkSender, size: number): Promise<void> {
    try {
      await sender.send(this.#pending.span(size));
    } finally {
      this.#pending.dropTo(this.#session.held);
    }
  }

  #chunkSize(): number {
    const { minChunkSize } = this.#session;
    if (minChunkSize > MAX_HELD_BACK) throw new LimitExceededError({ what: `chunks of ${minChunkSize} bytes`, limit: MAX_HELD_BACK });
    return Math.max(Math.min(this.#options.chunkSize, this.#bodyLimit()), minChunkSize);
  }

  #bodyLimit(): number {
    return bodyLimitOf(this.#session.route.connection) ?? Number.POSITIVE_INFINITY;
  }

  #sender(signal: AbortSignal | undefined): ChunkSender {
    return new ChunkSender(this.#session, { ...this.#options, signal });
  }

  #check(verb: string): void {
    if (this.#state === "over") throw new BlobUploadUnknownError(this.#session.url.origin + this.#session.url.pathname);
    if (this.#state === "closed") throw new TypeError(`Cannot ${verb} upload: it is closed`);
  }
}
