import type { FileHandle } from "node:fs/promises";
import type { Header } from "tar-stream";
import { LimitExceededError } from "@berth/oci";
import { clipName, InvalidArchiveError } from "./errors.ts";
import type { ArchiveLimits } from "./limits.ts";
import { padded, readTarHeader, TAR_BLOCK } from "./tar-header.ts";

/** A file of an archive, or a link to one. Folders and the rest are no content and left out. */
export interface TarEntry {
  /** Clean: no leading `./`, no `..`. */
  readonly name: string;
  /** Where its content starts. */
  readonly offset: number;
  /** Bytes; 0 for a link. */
  readonly size: number;
  /** What a link leads to, as it was written. */
  readonly link?: { readonly type: "symlink" | "hardlink"; readonly to: string };
}

/** What the parser gives for any other type, such as old sparse files, is null. */
const KNOWN: ReadonlySet<Header["type"] | null> = new Set([
  "file",
  "contiguous-file",
  "link",
  "symlink",
  "directory",
  "character-device",
  "block-device",
  "fifo",
]);

/** Looks through the headers of an uncompressed archive; content is skipped, not read. */
export async function indexTar(
  file: FileHandle,
  size: number,
  limits: Required<ArchiveLimits>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  let count = 0;
  for (let at = 0; at < size; ) {
    signal?.throwIfAborted();
    let position = at;
    const found = await readTarHeader(async () => {
      const block = await readBlock(file, position);
      position += TAR_BLOCK;
      return block;
    }, limits.maxHeaderBytes);
    if (found === undefined) break;
    if (++count > limits.maxEntries) throw new LimitExceededError({ what: "archive of more entries", limit: limits.maxEntries });
    const offset = at + found.length;
    const length = hasContent(found.header) ? contentSize(found.header, size - offset) : 0;
    const entry = entryOf(found.header, offset, length);
    if (entry !== undefined) {
      if (entries.has(entry.name)) throw new InvalidArchiveError(`"${clipName(entry.name)}" is in it twice`);
      entries.set(entry.name, entry);
    }
    at = offset + padded(length);
  }
  if (count === 0) throw new InvalidArchiveError("it holds nothing");
  return entries;
}

/** The block at a position; undefined behind the end of the file. */
async function readBlock(file: FileHandle, position: number): Promise<Uint8Array | undefined> {
  const block = Buffer.alloc(TAR_BLOCK);
  const { bytesRead } = await file.read(block, 0, TAR_BLOCK, position);
  if (bytesRead === 0) return undefined;
  if (bytesRead < TAR_BLOCK) throw new InvalidArchiveError("it ends within a header");
  return block;
}

/** Links, folders and devices have none, whatever size their header names: readers in Go see it the same way. */
function hasContent({ type }: Pick<Header, "type">): boolean {
  return type === "file" || type === "contiguous-file";
}

function contentSize({ name, size }: Header, rest: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new InvalidArchiveError(`"${clipName(name)}" has no possible size`);
  if (size > rest) throw new InvalidArchiveError(`it ends within "${clipName(name)}", which lacks ${size - rest} bytes`);
  return size;
}

function entryOf(header: Header, offset: number, size: number): TarEntry | undefined {
  if (!KNOWN.has(header.type)) throw new InvalidArchiveError(`"${clipName(header.name)}" is of an unknown type`);
  if (isSparse(header)) throw new InvalidArchiveError(`"${clipName(header.name)}" is a sparse file`);
  const name = cleanName(header.name);
  if (header.type === "symlink" || header.type === "link") {
    const type = header.type === "link" ? "hardlink" : "symlink";
    return { name, offset, size, link: { type, to: header.linkname } };
  }
  return hasContent(header) ? { name, offset, size } : undefined;
}

/** Sparse files say so in an extension: what stands in the archive is not what the file holds. */
function isSparse(header: Header): boolean {
  const { pax } = header;
  return typeof pax === "object" && pax !== null && Object.keys(pax).some((key) => key.startsWith("GNU.sparse."));
}

/** `./a//b` is `a/b`. @throws {InvalidArchiveError} for a name that leads out of the archive. */
export function cleanName(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (name.startsWith("/") || parts.includes("..") || name.includes("\0")) {
    throw new InvalidArchiveError(`the name "${clipName(name)}" leads out of it`);
  }
  return parts.join("/");
}
