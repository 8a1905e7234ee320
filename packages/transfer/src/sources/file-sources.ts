import { open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Digest, isDigest, isRepositoryName } from "@berth/oci";
import { makeFolder, removeAbandonedBeside, unfinishedBeside } from "@berth/oci/node";
import { acquireLock } from "../layout/file-lock.ts";
import { MemorySources, type MemorySourcesOptions, type SourcesSnapshot } from "./memory-sources.ts";
import type { KnownSource, RepositoryPlace, SourceStore } from "./source-store.ts";

/** Bytes of the file, at most, unless told otherwise. */
const MAX_FILE = 33_554_432;
/** Milliseconds that another process is waited for that writes the file: it takes a few. */
const BUSY_MS = 2000;
const VERSION = 1;

/** Options of {@link openSourceStore}. */
export interface FileSourcesOptions extends MemorySourcesOptions {
  /** Bytes of the file, at most: a larger one counts as empty, and what was used least recently is left out of it. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Told when the file cannot be read or written; nothing else comes of it. */
  readonly onWarning?: (warning: string, cause: unknown) => void;
}

/**
 * Makes a store that lasts in a JSON file. That is read when something is first looked for, and replaced as a whole by `flush()`, which
 * adds what this process learned to what others wrote meanwhile. A file that is missing, broken or too large counts as empty. Its folder
 * is made when it is first written, and only its owner can read it.
 */
export function openSourceStore(file: string, options: FileSourcesOptions = {}): SourceStore {
  return new FileSources(file, options);
}

/** Something that was learned. */
type Change = (sources: MemorySources) => void;

class FileSources implements SourceStore {
  readonly #file: string;
  readonly #options: FileSourcesOptions;
  /** What the file said, with all changes since. */
  #known: MemorySources | undefined;
  /** What the file does not say yet. */
  #changes: Change[] = [];
  #reading: Promise<MemorySources> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string, options: FileSourcesOptions) {
    this.#file = file;
    this.#options = options;
  }

  find = async (digest: Digest): Promise<readonly KnownSource[]> => await (await this.#open()).find(digest);
  note = (digest: Digest, source: KnownSource): void => this.#change((sources) => sources.note(digest, source));
  forget = (digest: Digest, place: RepositoryPlace): void => this.#change((sources) => sources.forget(digest, place));
  digestsOf = async (diffId: Digest): Promise<readonly Digest[]> => await (await this.#open()).digestsOf(diffId);
  noteDiffId = (diffId: Digest, digest: Digest): void => this.#change((sources) => sources.noteDiffId(diffId, digest));

  async flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  #change(change: Change): void {
    this.#changes.push(change);
    if (this.#known !== undefined) change(this.#known);
  }

  async #open(): Promise<MemorySources> {
    this.#reading ??= this.#read();
    const read = this.#known ?? (await this.#reading);
    this.#known ??= withChanges(read, this.#changes);
    return this.#known;
  }

  async #read(): Promise<MemorySources> {
    const { maxBytes = MAX_FILE, onWarning } = this.#options;
    let from: SourcesSnapshot | undefined;
    try {
      from = parseSnapshot(await readText(this.#file, maxBytes));
    } catch (cause) {
      if (!isMissing(cause)) onWarning?.(`Cannot read "${this.#file}": what was known about sources of blobs is forgotten`, cause);
    }
    return new MemorySources(this.#options, from);
  }

  async #write(): Promise<void> {
    if (this.#changes.length === 0) return;
    const { maxBytes = MAX_FILE, onWarning } = this.#options;
    let written = 0;
    try {
      await makeFolder(dirname(this.#file), 0o700);
      const lock = await acquireLock(`${this.#file}.lock`, { what: `"${this.#file}"`, timeoutMs: BUSY_MS });
      try {
        const sources = await this.#read(); // others may have written since
        const { version } = sources;
        written = this.#changes.length;
        withChanges(sources, this.#changes);
        if (sources.version !== version) await replaceFile(this.#file, formatSnapshot(sources.snapshot(), maxBytes));
        this.#known = withChanges(sources, this.#changes.slice(written));
      } finally {
        await lock.release();
      }
    } catch (cause) {
      await this.#open(); // this process still goes by it
      written = this.#changes.length;
      onWarning?.(`Cannot write "${this.#file}": what is known about sources of blobs will be forgotten`, cause);
    }
    this.#changes = this.#changes.slice(written);
  }
}

function withChanges(sources: MemorySources, changes: readonly Change[]): MemorySources {
  for (const change of changes) change(sources);
  return sources;
}

/** Readers see the old file or the new one, never a part; parts of processes that were killed go away. */
async function replaceFile(file: string, text: string): Promise<void> {
  await removeAbandonedBeside(file);
  const temporary = unfinishedBeside(file);
  try {
    await writeFile(temporary, text, { flag: "wx", mode: 0o600 }); // not forced onto the disk: what is lost is learned again
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function readText(file: string, maxBytes: number): Promise<string> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  if (size > maxBytes) throw new RangeError(`Cannot use a file of ${size} bytes: expected ${maxBytes} at most`);
  return await handle.readFile({ encoding: "utf8" });
}

// The file: { version, sources: { digest: ["registry/repository", "registry/repository mark", ...] }, diffIds: { digest: [digest, ...] } }

function formatSnapshot({ sources, diffIds }: SourcesSnapshot, maxBytes: number): string {
  const text = ({ registry, repository, mark }: KnownSource): string => `${registry}/${repository}${mark === undefined ? "" : ` ${mark}`}`;
  const room = { left: maxBytes - 64 }; // the frame takes less
  return `{"version":${VERSION},"sources":{${newest(
    sources.map(([digest, known]) => [digest, known.map(text)]),
    room,
  )}},"diffIds":{${newest(diffIds, room)}}}`;
}

/** Fields of an object, without the first ones where there is no room for all. */
function newest(entries: readonly (readonly [string, readonly string[]])[], room: { left: number }): string {
  const fields: string[] = [];
  for (const [name, texts] of entries.toReversed()) {
    const field = `${JSON.stringify(name)}:${JSON.stringify(texts)}`;
    room.left -= Buffer.byteLength(field) + 1;
    if (room.left < 0) break;
    fields.push(field);
  }
  return fields.reverse().join(",");
}

function parseSnapshot(text: string): SourcesSnapshot {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || value["version"] !== VERSION) throw new SyntaxError("Cannot use the file: it is of another version");
  return {
    sources: entriesOf(value["sources"]).map(([digest, texts]) => [digest, texts.flatMap(readSource)]),
    diffIds: entriesOf(value["diffIds"]).map(([diffId, texts]) => [diffId, texts.filter(isDigest)]),
  };
}

function readSource(text: string): readonly KnownSource[] {
  const [, registry, repository, mark] = /^([^/ ]+)\/([^ ]+)(?: ([0-9a-f]{64}))?$/.exec(text) ?? [];
  if (registry === undefined || repository === undefined || !isRepositoryName(repository)) return [];
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
