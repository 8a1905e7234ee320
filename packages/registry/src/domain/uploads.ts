import { randomUUID } from "node:crypto";
import {
  BlobUploadUnknownError,
  type ByteSource,
  CANONICAL_ALGORITHM,
  type Descriptor,
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
} from "@berth/oci";
import { PathNotFoundError } from "@berth/storage";
import { LRUCache } from "lru-cache";
import { v7 as uuidv7 } from "uuid";
import type { ClaimedUpload } from "../metadata/records.ts";
import { commitStaged } from "./commit-blob.ts";
import type { DomainContext } from "./context.ts";
import { UploadRangeError } from "./errors.ts";
import { uploadPath } from "./layout.ts";
import { RunningDigests } from "./running-digests.ts";
import { writeStaged } from "./staged-write.ts";
import { LAPSED_LEASE_MS, UploadWriter } from "./upload-writer.ts";

/** Sessions whose running digests are kept between two requests; one that falls out is read again at its commit. */
const KEPT_DIGESTS = 1024;

/** Where an upload session stands. */
export interface UploadStatus {
  /** The last part of its address. */
  readonly id: string;
  /** Bytes held. */
  readonly size: number;
  readonly startedAt: Date;
}

/** Options of {@link Uploads.append}. */
export interface AppendOptions {
  /** Where the sender says that these bytes start; undefined: wherever the session stands. */
  readonly start?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Uploads.open}. */
export interface OpenUploadOptions {
  /** As {@link AppendOptions.start}. */
  readonly start?: number | undefined;
  /** The algorithm of the digest that the commit will name, when it is known by now. */
  readonly algorithm?: DigestAlgorithm | undefined;
}

/**
 * Upload sessions. Their state is a metadata row and a file, so any process can go on with any session:
 *
 *   create -> (claim -> append -> checkpoint and release)* -> claim -> append -> commit
 *
 * A claim is a lease. Who takes over a lease that was never given back goes on in a copy of the bytes, since the former writer may
 * still hold the file open.
 */
export class Uploads {
  readonly #context: DomainContext;
  readonly #digests = new LRUCache<string, RunningDigests>({ max: KEPT_DIGESTS });
  /** Who writes to which session in this process right now. */
  readonly #writers = new Map<string, UploadWriter>();

  constructor(context: DomainContext) {
    this.#context = context;
  }

  /** Opens a session. */
  async create(repository: string, algorithm: DigestAlgorithm = CANONICAL_ALGORITHM): Promise<UploadStatus> {
    const id = uuidv7();
    const { metadata, limits } = this.#context;
    return await metadata.createUpload({ id, repository, algorithm, storageKey: uploadPath(id), ttlMs: limits.uploadTtlMs });
  }

  /**
   * Where a session stands; while this process writes to it, how far that has come: whoever asks then is mostly the sender, whose
   * connection broke before we saw it. @throws {BlobUploadUnknownError} when there is no such session.
   */
  async status(repository: string, id: string): Promise<UploadStatus> {
    const { startedAt, size } = (await this.#context.metadata.findUpload(repository, id)) ?? unknown(id);
    return { id, startedAt, size: Math.max(size, this.#writers.get(id)?.size ?? 0) };
  }

  /**
   * Adds bytes. What arrived before a failure of the sender stays.
   *
   * @throws {UploadRangeError} when `start` is not where the session stands, or another writer is at work.
   * @throws {BlobUploadUnknownError} when there is no such session.
   */
  async append(repository: string, id: string, content: ByteSource, options: AppendOptions = {}): Promise<UploadStatus> {
    return await this.#held(this.#append(repository, id, content, options));
  }

  async #append(repository: string, id: string, content: ByteSource, options: AppendOptions): Promise<UploadStatus> {
    const writer = await this.open(repository, id, options);
    await this.run(writer, () => writer.write(content, options.signal));
    await this.release(writer);
    return { id, size: writer.size, startedAt: writer.startedAt };
  }

  /**
   * Adds the last bytes, if any, checks the digest and makes the blob visible in the repository. Durable when it resolves.
   *
   * @throws {DigestMismatchError} when the content is not that of `digest`; the session is gone then.
   * @throws {UploadRangeError} as {@link append}; the session stays.
   */
  async commit(repository: string, id: string, digest: Digest, content?: ByteSource, options: AppendOptions = {}): Promise<Descriptor> {
    return await this.#held(this.#commit(repository, id, digest, content, options));
  }

  async #commit(
    repository: string,
    id: string,
    digest: Digest,
    content: ByteSource | undefined,
    options: AppendOptions,
  ): Promise<Descriptor> {
    const writer = await this.open(repository, id, { start: options.start, algorithm: digestAlgorithm(digest) });
    return await this.run(writer, async () => {
      if (content !== undefined) await writer.write(content, options.signal);
      return await writer.commit(digest);
    });
  }

  /**
   * Claims a session for several writes in a row; ends with {@link UploadWriter.commit} or {@link release}.
   *
   * @throws {UploadRangeError} @throws {BlobUploadUnknownError} as {@link append}.
   */
  async open(repository: string, id: string, { start, algorithm }: OpenUploadOptions = {}): Promise<UploadWriter> {
    const upload = await this.#claim(repository, id, start);
    const digests = this.#takeDigests(upload);
    if (algorithm !== undefined) digests?.add(algorithm);
    const writer = new UploadWriter(this.#context, upload, digests, () => {
      if (this.#writers.get(id) === writer) this.#writers.delete(id);
    });
    this.#writers.set(id, writer);
    return writer;
  }

  /**
   * Runs a step of a writer. A writer whose step fails is let go of with what it holds, and files that went away with their session
   * are told as a session that is gone.
   */
  async run<T>(writer: UploadWriter, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      const kept = await this.#pause(writer).catch(() => true); // the first error tells more
      throw error instanceof PathNotFoundError && !kept ? new BlobUploadUnknownError(writer.id) : error;
    }
  }

  /** Lets go of a session with what its writer holds. @throws {BlobUploadUnknownError} when it was ended or taken over meanwhile. */
  async release(writer: UploadWriter): Promise<void> {
    if (!(await this.#pause(writer))) unknown(writer.id);
  }

  /** Stores a blob in one step, without a session. Durable when it resolves. @throws {DigestMismatchError} nothing is kept then. */
  async put(repository: string, digest: Digest, content: ByteSource, options: AppendOptions = {}): Promise<Descriptor> {
    return await this.#held(this.#put(repository, digest, content, options));
  }

  async #put(repository: string, digest: Digest, content: ByteSource, options: AppendOptions): Promise<Descriptor> {
    const { content: stored, limits, background } = this.#context;
    const storageKey = uploadPath(uuidv7());
    const digests = new RunningDigests([digestAlgorithm(digest)]);
    const file = await stored.driver.writer(storageKey);
    try {
      await writeStaged(file, digests, content, { maxBytes: limits.maxBlobBytes, signal: options.signal });
      await file.commit({ durable: false }); // the copy to their own path makes the bytes durable
      return await commitStaged(this.#context, { repository, digest, storageKey, size: file.size, digests });
    } catch (error) {
      // nobody knows of these bytes: on a full disk they would stand in the way of the next push
      await file.cancel().catch(() => undefined);
      background.add(stored.discard(storageKey));
      throw error;
    }
  }

  /** Ends a session and drops its bytes. @throws {BlobUploadUnknownError} when there is no such session. */
  async cancel(repository: string, id: string): Promise<void> {
    const { metadata, content } = this.#context;
    const upload = (await metadata.findUpload(repository, id)) ?? unknown(id);
    if (!(await metadata.deleteUpload(repository, id))) unknown(id);
    this.#digests.delete(id);
    await content.discard(upload.storageKey);
  }

  /** Has the registry wait for a write when it closes: one that is cut off then still has to record what it holds. */
  #held<T>(writing: Promise<T>): Promise<T> {
    this.#context.background.add(writing.catch(() => undefined)); // whoever writes sees the error
    return writing;
  }

  async #claim(repository: string, id: string, start: number | undefined): Promise<ClaimedUpload> {
    const { metadata, limits } = this.#context;
    const upload = await metadata.claimUpload(repository, id, randomUUID(), limits.uploadLeaseMs);
    if (upload === undefined) unknown(id);
    if (upload === "held") {
      const { size } = await this.status(repository, id);
      throw new UploadRangeError(id, size, "another request is writing to it");
    }
    if (start !== undefined && start !== upload.size) {
      await this.#giveBack(upload);
      throw new UploadRangeError(id, upload.size, `chunk starts at ${start}, the upload holds ${upload.size} bytes`);
    }
    return upload;
  }

  async #giveBack({ id, version, size, takenOver }: ClaimedUpload): Promise<void> {
    const { metadata, limits } = this.#context;
    await metadata.checkpointUpload({ id, version, size, leaseMs: takenOver ? LAPSED_LEASE_MS : 0, ttlMs: limits.uploadTtlMs });
  }

  /** Keeps what a writer holds for the next request. False when the session is not this writer's any more. */
  async #pause(writer: UploadWriter): Promise<boolean> {
    const { kept, digests } = await writer.pause();
    if (digests !== undefined) this.#digests.set(writer.id, digests);
    return kept;
  }

  /** Digests of the bytes so far, if this process saw them all. */
  #takeDigests(upload: ClaimedUpload): RunningDigests | undefined {
    const kept = this.#digests.get(upload.id);
    this.#digests.delete(upload.id);
    if (upload.size === 0) return new RunningDigests([upload.algorithm]);
    return kept?.size === upload.size && !upload.takenOver ? kept : undefined;
  }
}

function unknown(id: string): never {
  throw new BlobUploadUnknownError(id);
}
