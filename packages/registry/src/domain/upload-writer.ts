import { randomUUID } from "node:crypto";
import { BlobUploadUnknownError, type ByteSource, type Descriptor, type Digest } from "@berth/oci";
import { DriverError, type FileWriter } from "@berth/storage";
import type { ClaimedUpload } from "../metadata/records.ts";
import { commitStaged } from "./commit-blob.ts";
import type { DomainContext } from "./context.ts";
import { uploadPath } from "./layout.ts";
import type { RunningDigests } from "./running-digests.ts";
import { writeStaged } from "./staged-write.ts";

/** Bytes between two checkpoints: what a broken transfer may have to send again. */
const CHECKPOINT_BYTES = 64 << 20;

/**
 * Leaves a lease that is over at once, but was not given back: who took a session over and did not get as far as a file of its own
 * passes on that another writer may still be at work in the old one. Milliseconds.
 */
export const LAPSED_LEASE_MS = 1;

/**
 * The one writer of a claimed upload session: bytes to storage, checkpoints to metadata, the lease renewed meanwhile.
 * Ends with {@link commit}, or with {@link pause}, which lets the next request go on.
 */
export class UploadWriter {
  /** The session's. */
  readonly id: string;
  readonly startedAt: Date;
  readonly #context: DomainContext;
  readonly #repository: string;
  readonly #digests: RunningDigests | undefined;
  readonly #renewal: NodeJS.Timeout;
  readonly #onEnd: () => void;
  #file: FileWriter | undefined;
  #storageKey: string;
  /** Bytes known to be durable. */
  #durable: number;
  #version: number;
  #takenOver: boolean;
  #lost = false;
  /** Checkpoints happen one after the other: each needs the version that the former one made. */
  #checkpoints: Promise<void> = Promise.resolve();

  /** @param onEnd called once it writes no more. */
  constructor(context: DomainContext, upload: ClaimedUpload, digests: RunningDigests | undefined, onEnd: () => void = () => undefined) {
    this.id = upload.id;
    this.startedAt = upload.startedAt;
    this.#context = context;
    this.#repository = upload.repository;
    this.#digests = digests;
    this.#onEnd = onEnd;
    this.#storageKey = upload.storageKey;
    this.#durable = upload.size;
    this.#version = upload.version;
    this.#takenOver = upload.takenOver;
    const { uploadLeaseMs } = context.limits;
    this.#renewal = setInterval(() => context.background.add(this.#checkpoint(uploadLeaseMs)), uploadLeaseMs / 3).unref();
  }

  /** Bytes held. */
  get size(): number {
    return this.#file?.size ?? this.#durable;
  }

  /** Adds bytes. @throws {BlobUploadUnknownError} when the session was ended or taken over meanwhile. */
  async write(content: ByteSource, signal: AbortSignal | undefined): Promise<void> {
    const file = await this.#open();
    await writeStaged(file, this.#digests, content, {
      maxBytes: this.#context.limits.maxBlobBytes,
      signal,
      onChunk: () => this.#afterChunk(file),
    });
  }

  /** Makes a blob of all that is held. Durable when it resolves. @throws {DigestMismatchError} the session is gone then. */
  async commit(digest: Digest): Promise<Descriptor> {
    const file = await this.#open();
    this.#assertOurs();
    await file.commit({ durable: false }); // the copy to their own path makes the bytes durable
    this.#file = undefined;
    const descriptor = await commitStaged(this.#context, {
      repository: this.#repository,
      digest,
      uploadId: this.id,
      storageKey: this.#storageKey,
      size: file.size, // durable with the blob, not before
      digests: this.#digests,
    });
    clearInterval(this.#renewal);
    this.#onEnd();
    this.#durable = descriptor.size;
    return descriptor;
  }

  /** Records what is held and lets go of the session, if it is still ours. The digests are those of all that is held, if known. */
  async pause(): Promise<{ readonly kept: boolean; readonly digests: RunningDigests | undefined }> {
    clearInterval(this.#renewal);
    try {
      await this.#file?.close();
      this.#durable = this.size;
    } finally {
      // bytes that could not be made durable are not counted: the next writer starts before them
      await this.#checkpoint(this.#takenOver ? LAPSED_LEASE_MS : 0).finally(this.#onEnd);
    }
    if (this.#lost) {
      await this.#dropIfOver();
      return { kept: false, digests: undefined };
    }
    return { kept: true, digests: this.#digests?.size === this.#durable ? this.#digests : undefined };
  }

  async #open(): Promise<FileWriter> {
    if (this.#file !== undefined) return this.#file;
    if (this.#takenOver) await this.#moveAway();
    this.#file = await this.#context.content.driver.writer(this.#storageKey, { keep: this.#durable });
    return this.#file;
  }

  /**
   * Leaves the former writer's file to it, which may still hold it open, and goes on in another: a copy of what was recorded, byte by byte,
   * for a hard link would share the file. The session names the copy once it is whole, not before.
   */
  async #moveAway(): Promise<void> {
    const { content, background, limits } = this.#context;
    const former = this.#storageKey;
    const own = uploadPath(this.id, randomUUID().slice(0, 8));
    try {
      await this.#copyRecorded(former, own);
      this.#assertOurs();
    } catch (error) {
      background.add(content.discard(own));
      throw error;
    }
    this.#storageKey = own;
    await this.#checkpoint(limits.uploadLeaseMs);
    this.#assertOurs();
    this.#takenOver = false;
    background.add(content.discard(former));
  }

  async #copyRecorded(from: string, to: string): Promise<void> {
    const { driver } = this.#context.content;
    const copy = await driver.writer(to);
    try {
      if (this.#durable > 0) {
        const source: AsyncIterable<Uint8Array> = await driver.reader(from, { length: this.#durable });
        for await (const chunk of source) await copy.write(chunk);
      }
      if (copy.size !== this.#durable)
        throw new DriverError(`Stored bytes are damaged: ${copy.size} bytes, recorded ${this.#durable}`, {
          driver: driver.name,
          path: from,
        });
      await copy.close();
    } catch (error) {
      await copy.cancel();
      throw error;
    }
  }

  #afterChunk(file: FileWriter): Promise<void> | undefined {
    this.#assertOurs();
    return file.size - this.#durable < CHECKPOINT_BYTES ? undefined : this.#syncAndCheckpoint(file);
  }

  async #syncAndCheckpoint(file: FileWriter): Promise<void> {
    await file.sync();
    this.#durable = file.size;
    await this.#checkpoint(this.#context.limits.uploadLeaseMs);
    this.#assertOurs();
  }

  /** Records the durable size and renews the lease; 0 lets go of it. */
  #checkpoint(leaseMs: number): Promise<void> {
    const done = this.#checkpoints.then(async () => {
      if (this.#lost) return;
      const { metadata, limits } = this.#context;
      const { uploadTtlMs: ttlMs } = limits;
      const version = await metadata.checkpointUpload({
        id: this.id,
        version: this.#version,
        size: this.#durable,
        storageKey: this.#storageKey,
        leaseMs,
        ttlMs,
      });
      if (version === undefined) this.#lost = true;
      else this.#version = version;
    });
    this.#checkpoints = done.catch(() => undefined); // the caller sees the error; the next checkpoint must still run
    return done;
  }

  #assertOurs(): void {
    if (this.#lost) throw new BlobUploadUnknownError(this.id);
  }

  /** A session that another writer took over is that writer's to clean up; one that was ended leaves nothing. */
  async #dropIfOver(): Promise<void> {
    const { metadata, content } = this.#context;
    if ((await metadata.findUpload(this.#repository, this.id)) === undefined) await content.discard(this.#storageKey);
  }
}
