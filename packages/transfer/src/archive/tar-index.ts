import type { FileHandle } from "node:fs/promises";
import { BerthError } from "@berth/oci";
import { ByteReader } from "../image/byte-reader.ts";
import { printable } from "../image/errors.ts";
import { LayerBudget } from "../image/layer-limits.ts";
import type { TarEntry as AnyEntry } from "../image/tar-entry.ts";
import { TAR_BLOCK } from "../image/tar-header.ts";
import { nextEntry, padding } from "../image/tar-reader.ts";
import { InvalidArchiveError } from "./errors.ts";
import type { ArchiveLimits } from "./limits.ts";

/** A file of an archive, or a link to one. Folders and the rest are no content and left out. */
export interface TarEntry {
  /** Clean: no leading `./` or `/`, no `..`. */
  readonly name: string;
  /** Where its content starts. */
  readonly offset: number;
  /** Bytes; 0 for a link. */
  readonly size: number;
  /** Where a link leads to: the clean name of an entry, which need not be there. */
  readonly linksTo?: string;
}

/**
 * Looks through the headers of an uncompressed archive; content is skipped, not read.
 *
 * @throws {InvalidArchiveError} when it is damaged, ends too early, or has a name twice, so that readers could differ about it.
 * @throws {UnsafeEntryError} @throws {UnsupportedError} @throws {LimitExceededError}
 */
export async function indexTar(
  file: FileHandle,
  size: number,
  { maxEntries, maxHeaderBytes }: Required<ArchiveLimits>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, TarEntry>> {
  const budget = new LayerBudget({ maxEntries, maxHeaderBytes });
  const entries = new Map<string, TarEntry>();
  let isEmpty = true;
  for (let at = 0; at < size; ) {
    signal?.throwIfAborted();
    const found = await readHeader(file, at, budget);
    if (found === undefined) break;
    isEmpty = false;
    const { entry, end } = found;
    if (entry.size > size - end) {
      throw new InvalidArchiveError(`it ends within "${printable(entry.path)}", which lacks ${entry.size - (size - end)} bytes`);
    }
    const known = contentOf(entry, end);
    if (known !== undefined) {
      if (entries.has(known.name)) throw new InvalidArchiveError(`"${printable(known.name)}" is in it twice`);
      entries.set(known.name, known);
    }
    at = end + entry.size + padding(entry.size);
  }
  if (isEmpty) throw new InvalidArchiveError("it holds nothing");
  return entries;
}

interface FoundHeader {
  readonly entry: AnyEntry;
  /** Where the content starts. */
  readonly end: number;
}

/** Reads a header with its extensions, and not a block more. */
async function readHeader(file: FileHandle, start: number, budget: LayerBudget): Promise<FoundHeader | undefined> {
  let at = start;
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const block = Buffer.allocUnsafe(TAR_BLOCK);
      const { bytesRead } = await file.read(block, 0, TAR_BLOCK, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield block.subarray(0, bytesRead);
    }
  }
  const reader = new ByteReader(blocks());
  try {
    const entry = await nextEntry(reader, budget);
    return entry === undefined ? undefined : { entry, end: at };
  } catch (error) {
    throw BerthError.is(error) && error.code === "ERR_INVALID_LAYER"
      ? new InvalidArchiveError(start === 0 ? "it is no tar archive, or its first header is damaged" : "a header is damaged", {
          cause: error,
        })
      : error;
  } finally {
    await reader.close();
  }
}

function contentOf({ type, path, size, linkTarget }: AnyEntry, offset: number): TarEntry | undefined {
  if (type === "file") return { name: path, offset, size };
  if (type === "hardlink") return { name: path, offset, size: 0, linksTo: linkTarget };
  if (type === "symlink") return { name: path, offset, size: 0, linksTo: resolveLink(path, linkTarget) };
  return undefined;
}

/** Where a symlink leads to, seen from the top of the archive; one that leads out of it leads to the top. */
function resolveLink(path: string, target: string): string {
  const from = target.startsWith("/") ? [] : path.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") from.pop();
    else if (part !== "" && part !== ".") from.push(part);
  }
  return from.join("/");
}

/** Follows links to a file; undefined when there is none, or when they lead round and round. */
export function followLinks(entries: ReadonlyMap<string, TarEntry>, name: string): TarEntry | undefined {
  let entry = entries.get(name);
  for (let hops = 0; entry?.linksTo !== undefined; hops++) {
    if (hops > MAX_HOPS) return undefined;
    entry = entries.get(entry.linksTo);
  }
  return entry;
}

/** Archives of `docker save` have one link at most. */
const MAX_HOPS = 16;
