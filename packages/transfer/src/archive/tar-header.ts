import { once } from "node:events";
import { extract, type Header, pack } from "tar-stream";
import { LimitExceededError } from "@berth/oci";
import { InvalidArchiveError } from "./errors.ts";

/** Bytes of a tar block: headers and content are padded to it. */
export const TAR_BLOCK = 512;

/** The end of an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * TAR_BLOCK);

/** It asks for more after each block, and reads archives from before the format had a name. */
const PARSER = { highWaterMark: 1, allowUnknownFormat: true };

/** The header of an entry as it was read. */
export interface TarHeader {
  readonly header: Header;
  /** Bytes of the header with its extensions: the content follows. */
  readonly length: number;
}

/** Bytes of content in the archive, padding included. */
export function padded(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}

/**
 * Reads the header whose blocks `next` gives one by one; undefined at the end of the archive.
 *
 * The parser is fed with headers only and thrown away after each: content is never read, whatever its size.
 *
 * @throws {InvalidArchiveError} when it is damaged. @throws {LimitExceededError} when it is longer than `maxBytes`.
 */
export async function readTarHeader(next: () => Promise<Uint8Array | undefined>, maxBytes: number): Promise<TarHeader | undefined> {
  const parser = extract(PARSER);
  let header: Header | undefined;
  parser.on("entry", (found, content) => {
    content.on("error", () => undefined); // it is never read, and ends with the parser
    header = found;
  });
  parser.on("error", () => undefined); // told by what waits for it
  try {
    for (let length = 0; ; length += TAR_BLOCK) {
      if (header !== undefined) return { header, length };
      if (length >= maxBytes) throw new LimitExceededError({ what: "archive entry with a header of more bytes", limit: maxBytes });
      const block = await next();
      if (block === undefined || (length === 0 && isZero(block))) {
        if (length === 0) return undefined;
        throw new InvalidArchiveError("it ends within a header");
      }
      const taken = once(parser, "drain");
      parser.write(block);
      await taken.catch((cause: unknown) => {
        throw new InvalidArchiveError("a header is damaged", { cause });
      });
    }
  } finally {
    parser.destroy();
  }
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** What differs between the entries that we write. */
export interface EntryFields {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtimeSeconds: number;
}

/** Makes the header of a file: owner and mode are always the same, so that equal content gives equal archives. */
export async function encodeTarHeader({ name, size, mtimeSeconds }: EntryFields): Promise<Buffer> {
  const writer = pack();
  try {
    const readable = once(writer, "readable");
    writer
      .entry({ name, size, mode: 0o644, uid: 0, gid: 0, type: "file", mtime: new Date(mtimeSeconds * 1000) })
      .on("error", () => undefined); // its content is written by others: it is cut short on purpose
    await readable;
    const blocks: Buffer[] = [];
    for (let block: unknown = writer.read(); Buffer.isBuffer(block); block = writer.read()) blocks.push(block);
    return Buffer.concat(blocks);
  } finally {
    writer.destroy();
  }
}
