import type { Digest } from "@berth/oci";
import { isDigest } from "@berth/oci";
import { type FileInfo, PathNotFoundError } from "@berth/storage";
import type { DomainContext } from "./context.ts";
import { BLOBS_FOLDER, UPLOADS_FOLDER, uploadIdOf } from "./layout.ts";

const BATCH = 256;
const HOUR_MS = 3_600_000;
/** Sessions that a dry run counts at most. */
const MAX_COUNTED = 100_000;

/** Options of {@link Sweeper.sweep}. */
export interface SweepOptions {
  /** Files younger than this may belong to a push under way and are left alone; milliseconds, default 24 h. */
  readonly graceMs?: number;
  /** Whether to say what would go and remove nothing; default false. */
  readonly dryRun?: boolean;
  /**
   * Whether to look for blobs that nothing knows too, which walks all of blob storage; default false. Run it while pushes are refused: a
   * push of the very content that is being removed is not kept apart from it yet.
   */
  readonly orphanBlobs?: boolean;
  /** The time to compare with; default now. */
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

/** What a sweep removed, or would have. */
export interface SweepResult {
  /** Upload sessions that were over; a dry run counts up to 100,000. */
  readonly expiredUploads: number;
  /** Paths of files of sessions that no longer exist. */
  readonly strayUploads: readonly string[];
  /** Paths of blobs that no metadata knows. */
  readonly orphanBlobs: readonly string[];
}

/**
 * Removes what crashes and abandoned clients leave: sessions past their time, files of sessions that are gone, the driver's own
 * leftovers, the rest of deleted repositories, and, when asked, blobs whose push died between the bytes and the metadata commit.
 */
export class Sweeper {
  readonly #context: DomainContext;

  constructor(context: DomainContext) {
    this.#context = context;
  }

  /** One round. Whatever is removed before a failure stays removed. */
  async sweep(options: SweepOptions = {}): Promise<SweepResult> {
    const now = options.now ?? new Date();
    const before = new Date(now.getTime() - (options.graceMs ?? 24 * HOUR_MS));
    if (options.dryRun !== true) {
      await this.#context.metadata.purgeRepositories();
      await this.#context.content.driver.removeLeftovers?.(before);
    }
    const expiredUploads = await this.#expire(now, options);
    const strayUploads = await this.#removeUnknown(this.#uploadFiles(before), (files) => this.#unknownUploads(files), options);
    const orphanBlobs =
      options.orphanBlobs === true
        ? await this.#removeUnknown(this.#blobFiles(before, options), (files) => this.#unknownBlobs(files), options)
        : [];
    return { expiredUploads, strayUploads, orphanBlobs };
  }

  async #expire(now: Date, { dryRun, signal }: SweepOptions): Promise<number> {
    const { metadata, content } = this.#context;
    let count = 0;
    for (;;) {
      signal?.throwIfAborted();
      const uploads = await metadata.listExpiredUploads(now, dryRun === true ? MAX_COUNTED : BATCH);
      if (dryRun === true) return uploads.length;
      // Together, so that they share commits
      await Promise.all(
        uploads.map(async ({ repository, id, storageKey }) => {
          if (!(await metadata.deleteUpload(repository, id))) return;
          await content.discard(storageKey);
          count++;
        }),
      );
      if (uploads.length < BATCH) return count;
    }
  }

  async #removeUnknown(
    files: AsyncIterable<FileInfo>,
    findUnknown: (files: readonly FileInfo[]) => Promise<readonly FileInfo[]>,
    { dryRun }: SweepOptions,
  ): Promise<string[]> {
    const removed: string[] = [];
    let batch: FileInfo[] = [];
    const settle = async (): Promise<void> => {
      for (const { path } of await findUnknown(batch)) {
        if (dryRun !== true) await this.#context.content.discard(path);
        removed.push(path);
      }
      batch = [];
    };
    for await (const file of files) {
      batch.push(file);
      if (batch.length === BATCH) await settle();
    }
    if (batch.length > 0) await settle();
    return removed;
  }

  async *#uploadFiles(before: Date): AsyncGenerator<FileInfo> {
    yield* this.#oldFiles(UPLOADS_FOLDER, before, {});
  }

  async *#blobFiles(before: Date, options: SweepOptions): AsyncGenerator<FileInfo> {
    yield* this.#oldFiles(BLOBS_FOLDER, before, options);
  }

  async *#oldFiles(folder: string, before: Date, { signal }: SweepOptions): AsyncGenerator<FileInfo> {
    try {
      for await (const entry of this.#context.content.driver.walk(folder, signal === undefined ? {} : { signal })) {
        if (!entry.isDirectory && entry.modifiedAt < before) yield entry;
      }
    } catch (error) {
      if (!(error instanceof PathNotFoundError)) throw error; // nothing was ever pushed
    }
  }

  async #unknownUploads(files: readonly FileInfo[]): Promise<readonly FileInfo[]> {
    const known = await this.#context.metadata.knownUploads(files.map(({ path }) => uploadIdOf(path)));
    return files.filter(({ path }) => !known.has(uploadIdOf(path)));
  }

  async #unknownBlobs(files: readonly FileInfo[]): Promise<readonly FileInfo[]> {
    const digests = files.flatMap(({ path }) => digestOfPath(path) ?? []);
    const known = await this.#context.metadata.knownBlobs(digests);
    return files.filter(({ path }) => {
      const digest = digestOfPath(path);
      return digest !== undefined && !known.has(digest);
    });
  }
}

/** The digest whose bytes a path holds; undefined for files that are not ours to judge. */
function digestOfPath(path: string): Digest | undefined {
  const [algorithm, , hex, file] = path.slice(BLOBS_FOLDER.length + 1).split("/");
  const digest = `${algorithm ?? ""}:${hex ?? ""}`;
  return file?.startsWith("data") === true && isDigest(digest) ? digest : undefined;
}
