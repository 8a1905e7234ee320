import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { makeFolder, removeAbandoned, unfinishedName } from "@berth/oci/node";
import type { UploadJournal, UploadKey } from "./upload-journal.ts";

/** Options of {@link openUploadJournal}. */
export interface UploadJournalOptions {
  /** Milliseconds that an upload is remembered; default 7 days, as long as registries keep them. */
  readonly ttlMs?: number;
  /** Milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number;
}

const WEEK_MS = 604_800_000;
/** Entries are short: what is longer is none. Bytes. */
const MAX_ENTRY = 16_384;
/** Files that are looked at to find old ones, at most. */
const MAX_SWEPT = 10_000;

/** Entries that are being written are called so. */
const UNFINISHED = ".entry-";

/** What a file of the journal says. */
interface Entry extends UploadKey {
  /** The upload's address, as the registry named it: it may hold secrets. */
  readonly upload: string;
  /** Process that wrote it, and its machine: while that lives, the upload is its own. */
  readonly pid: number;
  readonly machine: string;
}

/**
 * Makes a journal of small files in a folder, one for each blob on its way into a repository. The folder is made with the first file; only
 * its owner can read it. A folder that cannot be used is as good as none: nothing here fails.
 */
export function openUploadJournal(folder: string, options: UploadJournalOptions = {}): UploadJournal {
  return new FileJournal(folder, options);
}

class FileJournal implements UploadJournal {
  readonly #folder: string;
  readonly #ttlMs: number;
  readonly #now: () => number;
  /** Writes to each file, one after the other. */
  readonly #writes: Map<string, Promise<void>> = new Map();
  #swept: Promise<void> | undefined;

  constructor(folder: string, { ttlMs = WEEK_MS, now = Date.now }: UploadJournalOptions) {
    this.#folder = folder;
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  async find(key: UploadKey): Promise<string | undefined> {
    this.#swept ??= this.#sweep();
    await this.#swept;
    const path = this.#path(key);
    try {
      if (this.#now() - (await stat(path)).mtimeMs > this.#ttlMs) return undefined;
      const entry = parseEntry(await readFile(path));
      if (entry === undefined || !isSameKey(entry, key) || isOfAnother(entry)) return undefined;
      return entry.upload;
    } catch {
      return undefined; // no entry, or none that can be read
    }
  }

  note(key: UploadKey, upload: string): void {
    const { registry, repository, digest } = key;
    const entry: Entry = { registry, repository, digest, upload, pid: process.pid, machine: hostname() };
    void this.#write(this.#path(key), async (path) => {
      await makeFolder(this.#folder, 0o700);
      const temporary = join(this.#folder, unfinishedName(UNFINISHED));
      await writeFile(temporary, JSON.stringify(entry), { mode: 0o600 });
      await rename(temporary, path); // half an entry is never seen
    });
  }

  async forget(key: UploadKey): Promise<void> {
    await this.#write(this.#path(key), async (path) => await rm(path, { force: true }));
  }

  #path(key: UploadKey): string {
    const name = createHash("sha256").update(`${key.registry}\n${key.repository}\n${key.digest}`).digest("hex");
    return join(this.#folder, `${name}.json`);
  }

  async #write(path: string, write: (path: string) => Promise<void>): Promise<void> {
    const before = this.#writes.get(path);
    const own = (async () => {
      await before;
      await write(path).catch(() => undefined); // what cannot be remembered is sent again
    })();
    this.#writes.set(path, own);
    await own;
    if (this.#writes.get(path) === own) this.#writes.delete(path);
  }

  /** Removes what is too old, and what processes that were killed had not finished. */
  async #sweep(): Promise<void> {
    await removeAbandoned(this.#folder, UNFINISHED);
    try {
      for (const name of (await readdir(this.#folder)).slice(0, MAX_SWEPT)) {
        if (!/^[0-9a-f]{64}\.json$/.test(name) && !name.startsWith(UNFINISHED)) continue;
        const path = join(this.#folder, name);
        if (this.#now() - (await stat(path)).mtimeMs > this.#ttlMs) await rm(path, { force: true });
      }
    } catch {
      // there is no journal yet, or somebody else tidies it up
    }
  }
}

/** True when another process on this machine that still lives wrote it: that one goes on with the upload. */
function isOfAnother({ pid, machine }: Entry): boolean {
  if (machine !== hostname() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"; // it lives, and is somebody else's
  }
}

function isSameKey(entry: Entry, { registry, repository, digest }: UploadKey): boolean {
  return entry.registry === registry && entry.repository === repository && entry.digest === digest;
}

function parseEntry(bytes: Buffer): Entry | undefined {
  if (bytes.byteLength > MAX_ENTRY) return undefined;
  const value: unknown = JSON.parse(bytes.toString());
  return isEntry(value) ? value : undefined;
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const texts = ["registry", "repository", "digest", "upload", "machine"].map((name): unknown => Reflect.get(value, name));
  return texts.every((text) => typeof text === "string") && Number.isSafeInteger(Reflect.get(value, "pid"));
}
