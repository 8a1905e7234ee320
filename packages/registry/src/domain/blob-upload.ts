import {
  BlobUploadUnknownError,
  type BlobUpload,
  type ByteSource,
  type CallOptions,
  type CommitTarget,
  type Descriptor,
  NotFoundError,
  SizeMismatchError,
} from "@berth/oci";
import type { UploadWriter } from "./upload-writer.ts";
import type { Uploads, UploadStatus } from "./uploads.ts";

/**
 * An upload session in process. The first write claims it, and it stays this object's until {@link close}, {@link commit} or a failed
 * write, so that many small writes cost no checkpoint each. One call at a time, save for {@link cancel}.
 */
export class LocalBlobUpload implements BlobUpload {
  readonly id: string;
  readonly startedAt: Date;
  readonly #uploads: Uploads;
  readonly #repository: string;
  #writer: UploadWriter | undefined;
  /** Bytes held when no writer was open last. */
  #size: number;
  #state: "open" | "closed" | "over" = "open";

  constructor(uploads: Uploads, repository: string, { id, startedAt, size }: UploadStatus) {
    this.id = id;
    this.startedAt = startedAt;
    this.#uploads = uploads;
    this.#repository = repository;
    this.#size = size;
  }

  get size(): number {
    return this.#writer?.size ?? this.#size;
  }

  async write(chunk: Uint8Array, options?: CallOptions): Promise<void> {
    async function* once(): AsyncGenerator<Uint8Array> {
      yield chunk;
    }
    await this.writeFrom(once(), options);
  }

  async writeFrom(source: ByteSource, { signal }: CallOptions = {}): Promise<number> {
    const writer = await this.#open("write");
    const before = writer.size;
    await this.#run(writer, () => writer.write(source, signal));
    return writer.size - before;
  }

  async close(): Promise<void> {
    if (this.#state === "over" || this.#state === "closed") return;
    this.#state = "closed";
    const writer = this.#letGo();
    if (writer !== undefined) await this.#uploads.release(writer);
  }

  async commit(expected: CommitTarget, { signal }: CallOptions = {}): Promise<Descriptor> {
    signal?.throwIfAborted();
    const writer = await this.#open("commit");
    if (expected.size !== undefined && expected.size !== writer.size)
      throw new SizeMismatchError({ expected: expected.size, actual: writer.size });
    const stored = await this.#run(writer, () => writer.commit(expected.digest));
    this.#letGo();
    this.#state = "over";
    return { ...stored, mediaType: expected.mediaType ?? stored.mediaType };
  }

  async cancel(): Promise<void> {
    if (this.#state === "over") return;
    this.#state = "over";
    const writer = this.#letGo();
    try {
      await this.#uploads.cancel(this.#repository, this.id);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error; // ended, expired or committed by somebody else: there is nothing to drop
    } finally {
      await writer?.pause();
    }
  }

  async #open(verb: string): Promise<UploadWriter> {
    if (this.#state === "over") throw new BlobUploadUnknownError(this.id);
    if (this.#state === "closed") throw new TypeError(`Cannot ${verb} upload: it is closed`);
    this.#writer ??= await this.#uploads.open(this.#repository, this.id);
    return this.#writer;
  }

  /** Runs a step; one that fails lets go of the session, and the next call claims it again. */
  async #run<T>(writer: UploadWriter, step: () => Promise<T>): Promise<T> {
    try {
      return await this.#uploads.run(writer, step);
    } catch (error) {
      this.#letGo();
      throw error;
    }
  }

  /** Forgets the writer, but not how much is held. */
  #letGo(): UploadWriter | undefined {
    const writer = this.#writer;
    this.#size = this.size;
    this.#writer = undefined;
    return writer;
  }
}
