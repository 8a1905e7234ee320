import { type ByteSource, LimitExceededError, UnsupportedError } from "@berth/oci";
import { ByteReader, cutShort } from "./byte-reader.ts";
import { InvalidLayerError } from "./errors.ts";
import { LayerBudget } from "./layer-limits.ts";
import type { TarEntry, TarEntryType, TarEntryWithContent } from "./tar-entry.ts";
import { isZeroBlock, parseTarHeader, TAR_BLOCK, type TarHeader } from "./tar-header.ts";
import { normalizePath } from "./tar-path.ts";
import { paxNumber, readPax } from "./tar-pax.ts";
import { decodeName } from "./tar-text.ts";

/**
 * Reads the entries of an uncompressed tar archive, in order: ustar, PAX and GNU, as Go's archive/tar reads them. What is not read of an
 * entry's content is skipped, and what follows the end of the archive is read over, so that content that checks itself gets to its end.
 *
 * tar-stream is not used here: it takes the values of PAX records for text, which spoils extended attributes, holds headers of any size,
 * and lets a link or folder with a size hide entries from it that others see.
 *
 * @throws {InvalidLayerError} @throws {LimitExceededError}
 * @throws {UnsafeEntryError} when a path leads out of the archive. @throws {UnsupportedError} for sparse files.
 */
export async function* readTar(
  archive: ByteSource,
  budget: LayerBudget = new LayerBudget(),
): AsyncGenerator<TarEntryWithContent, void, void> {
  const reader = new ByteReader(archive);
  try {
    for (let entry = await nextEntry(reader, budget); entry !== undefined; entry = await nextEntry(reader, budget)) {
      const { size } = entry;
      let left = size;
      yield { entry, content: content() };
      await reader.skip(left);
      await reader.skipUpTo(padding(size));

      async function* content(): AsyncGenerator<Uint8Array> {
        while (left > 0) {
          const part = await reader.some(left);
          if (part === undefined) throw cutShort();
          left -= part.byteLength;
          yield part;
        }
      }
    }
    await reader.drain();
  } finally {
    await reader.close();
  }
}

/** Bytes that fill the last block of content. */
export function padding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

/** What extensions say about the entry that follows them. */
interface Extensions {
  pax: ReadonlyMap<string, Buffer>;
  longName?: string;
  longLink?: string;
}

/** Reads up to the content of the next entry; undefined at the end. @throws as {@link readTar} does. */
export async function nextEntry(reader: ByteReader, budget: LayerBudget): Promise<TarEntry | undefined> {
  const extensions: Extensions = { pax: new Map() };
  let extended = false;
  for (let taken = 0; ; ) {
    const block = await reader.exactly(TAR_BLOCK, "it is no tar archive, or a header is cut short");
    if (block === undefined || isZeroBlock(block)) return await atEnd(reader, block !== undefined, extended);
    const header = parseTarHeader(block);
    if (!EXTENSIONS.has(header.typeFlag)) {
      budget.takeEntry();
      const entry = entryOf(header, extensions, budget);
      budget.takeTexts(entry);
      return entry;
    }
    if (header.size < 0) throw new InvalidLayerError("an extension has no possible size");
    taken += header.size + TAR_BLOCK;
    const { maxHeaderBytes } = budget.limits;
    if (taken > maxHeaderBytes) throw new LimitExceededError({ what: "archive entry with a longer header", limit: maxHeaderBytes });
    const bytes = await reader.exactly(header.size + padding(header.size));
    if (bytes === undefined && header.size > 0) throw cutShort();
    readExtension(header.typeFlag, bytes?.subarray(0, header.size) ?? Buffer.alloc(0), extensions);
    extended ||= header.typeFlag !== "g";
  }
}

/** Two blocks of zeros end an archive, and so does the end of its bytes, where umoci's layers even lack what fills the last block. */
async function atEnd(reader: ByteReader, zero: boolean, extended: boolean): Promise<undefined> {
  if (extended) throw cutShort();
  const second = zero ? await reader.exactly(TAR_BLOCK) : undefined;
  if (second !== undefined && !isZeroBlock(second)) throw new InvalidLayerError("something stands between the blocks that end its archive");
  return undefined;
}

/** PAX (`x`, in Solaris `X`; `g` for all that follow, which Go's reader and so everyone ignores) and GNU's long names. */
const EXTENSIONS: ReadonlySet<string> = new Set(["x", "X", "g", "L", "K"]);

function readExtension(typeFlag: string, bytes: Buffer, extensions: Extensions): void {
  if (typeFlag === "L") extensions.longName = upToZero(bytes);
  else if (typeFlag === "K") extensions.longLink = upToZero(bytes);
  else if (typeFlag !== "g") extensions.pax = readPax(bytes);
}

function upToZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end));
}

const TYPES: Readonly<Record<string, TarEntryType>> = {
  "0": "file",
  "\0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "folder",
  "6": "fifo",
  "7": "file",
};

function entryOf(header: TarHeader, { pax, longName, longLink }: Extensions, { limits }: LayerBudget): TarEntry {
  if (header.typeFlag === "S" || [...pax.keys()].some((key) => key.startsWith("GNU.sparse."))) {
    throw new UnsupportedError("read a layer with a sparse file");
  }
  const name = longName ?? paxText(pax, "path") ?? header.name;
  const flagged = TYPES[header.typeFlag];
  if (flagged === undefined) throw new InvalidLayerError(`an entry is of the unknown type ${JSON.stringify(header.typeFlag)}`);
  const type = header.typeFlag === "\0" && name.endsWith("/") ? "folder" : flagged; // the oldest archives have no other way to say it
  const link = longLink ?? paxText(pax, "linkpath") ?? header.linkName;
  const size = type === "file" ? (paxInteger(pax, "size") ?? header.size) : 0;
  if (size < 0) throw new InvalidLayerError("an entry has no possible size");
  for (const device of [header.deviceMajor, header.deviceMinor]) {
    if (device < 0 || device >= 8 ** 7) throw new InvalidLayerError("an entry has no possible device number");
  }
  return {
    path: normalizePath(name, limits),
    type,
    mode: header.mode,
    uid: paxInteger(pax, "uid") ?? header.uid,
    gid: paxInteger(pax, "gid") ?? header.gid,
    userName: paxText(pax, "uname") ?? header.userName,
    groupName: paxText(pax, "gname") ?? header.groupName,
    size,
    mtime: valueOf(pax, "mtime", paxNumber) ?? header.mtime,
    linkTarget: linkTargetOf(type, link, limits),
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    pax,
  };
}

function linkTargetOf(type: TarEntryType, link: string, limits: LayerBudget["limits"]): string {
  if (type === "hardlink") return normalizePath(link, limits);
  if (type !== "symlink") return "";
  const { maxPathBytes } = limits;
  if (Buffer.byteLength(link) > maxPathBytes) throw new LimitExceededError({ what: "longer link target", limit: maxPathBytes });
  if (link === "" || link.includes("\0")) throw new InvalidLayerError("a link leads nowhere");
  return link;
}

/** An empty value takes the record back. */
function valueOf<T>(pax: ReadonlyMap<string, Buffer>, key: string, read: (value: Buffer) => T): T | undefined {
  const value = pax.get(key);
  return value === undefined || value.byteLength === 0 ? undefined : read(value);
}

function paxText(pax: ReadonlyMap<string, Buffer>, key: string): string | undefined {
  return valueOf(pax, key, decodeName);
}

function paxInteger(pax: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const value = valueOf(pax, key, paxNumber);
  if (value !== undefined && !Number.isInteger(value)) throw new InvalidLayerError(`the PAX record "${key}" is no whole number`);
  return value;
}
