import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type CallOptions, isDigest, type Digest } from "@berth/oci";
import { makeFolder, removeAbandonedBeside, unfinishedBeside } from "@berth/oci/node";
import { MemorySources, type MemorySourcesOptions, type SourcesSnapshot } from "./memory-sources.ts";
import type { KnownSource, RepositoryPlace, SourceStore } from "./source-store.ts";

/** Bytes of the file that are read, at most. */
const MAX_FILE = 33_554_432;
const VERSION = 1;

/** Options of {@link openSourceStore}. */
export interface FileSourcesOptions extends MemorySourcesOptions, CallOptions {
  /** Told when the file cannot be read or written; nothing else comes of it. */
  readonly onWarning?: (warning: string, cause: unknown) => void;
}

/**
 * Opens a store that lasts in a JSON file, which is read now and replaced as a whole by `flush()`. A file that is missing, broken or too
 * large counts as empty. Of processes that write at the same time, the last one wins. Its folder is made when it is first written, and
 * only its owner can read it.
 */
export async function openSourceStore(file: string, options: FileSourcesOptions = {}): Promise<SourceStore> {
  const { onWarning } = options;
  let from: SourcesSnapshot | undefined;
  try {
    from = readSnapshot(await readText(file, options));
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (!isMissing(cause)) onWarning?.(`Cannot read "${file}": what was known about sources of blobs is forgotten`, cause);
  }
  return new FileSources(file, new MemorySources(options, from), onWarning);
}

class FileSources implements SourceStore {
  readonly #file: string;
  readonly #inner: MemorySources;
  readonly #onWarning: FileSourcesOptions["onWarning"];
  #written = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string, inner: MemorySources, onWarning: FileSourcesOptions["onWarning"]) {
    this.#file = file;
    this.#inner = inner;
    this.#onWarning = onWarning;
  }

  find = async (digest: Digest): Promise<readonly KnownSource[]> => await this.#inner.find(digest);
  note = (digest: Digest, source: KnownSource): void => this.#inner.note(digest, source);
  forget = (digest: Digest, place: RepositoryPlace): void => this.#inner.forget(digest, place);
  digestsOf = async (diffId: Digest): Promise<readonly Digest[]> => await this.#inner.digestsOf(diffId);
  noteDiffId = (diffId: Digest, digest: Digest): void => this.#inner.noteDiffId(diffId, digest);

  async flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { version } = this.#inner;
    if (version === this.#written) return;
    try {
      await replaceFile(this.#file, formatSnapshot(this.#inner.snapshot()));
      this.#written = version;
    } catch (cause) {
      this.#onWarning?.(`Cannot write "${this.#file}": what is known about sources of blobs will be forgotten`, cause);
    }
  }
}

/** Readers see the old file or the new one, never a part; parts of processes that were killed go away. */
async function replaceFile(file: string, text: string): Promise<void> {
  await makeFolder(dirname(file), 0o700);
  await removeAbandonedBeside(file);
  const temporary = unfinishedBeside(file);
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function readText(file: string, { signal }: CallOptions): Promise<string> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  if (size > MAX_FILE) throw new RangeError(`Cannot use a file of ${size} bytes: expected ${MAX_FILE} at most`);
  return await handle.readFile({ encoding: "utf8", ...(signal && { signal }) });
}

// The file: { version, sources: { digest: ["registry/repository", "registry/repository mark", ...] }, diffIds: { digest: [digest, ...] } }

function formatSnapshot({ sources, diffIds }: SourcesSnapshot): string {
  const text = ({ registry, repository, mark }: KnownSource): string => `${registry}/${repository}${mark === undefined ? "" : ` ${mark}`}`;
  return JSON.stringify({
    version: VERSION,
    sources: Object.fromEntries(sources.map(([digest, known]) => [digest, known.map(text)])),
    diffIds: Object.fromEntries(diffIds),
  });
}

function readSnapshot(text: string): SourcesSnapshot {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || value["version"] !== VERSION) throw new SyntaxError("Cannot use the file: it is of another version");
  return {
    sources: entriesOf(value["sources"]).map(([digest, texts]) => [digest, texts.flatMap(readSource)]),
    diffIds: entriesOf(value["diffIds"]).map(([diffId, texts]) => [diffId, texts.filter(isDigest)]),
  };
}

function readSource(text: string): readonly KnownSource[] {
  const [, registry, repository, mark] = /^([^/ ]+)\/([^ ]+)(?: ([0-9a-f]{64}))?$/.exec(text) ?? [];
  if (registry === undefined || repository === undefined) return [];
  return [{ registry, repository, ...(mark !== undefined && { mark }) }];
}

function entriesOf(value: unknown): readonly (readonly [Digest, readonly string[]])[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, texts]) => {
    if (!isDigest(key) || !Array.isArray(texts)) return [];
    return [[key, texts.filter((one) => typeof one === "string")] as const];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
