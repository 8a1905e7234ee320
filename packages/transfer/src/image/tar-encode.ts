import type { TarEntry, TarEntryType } from "./tar-entry.ts";
import { TAR_BLOCK } from "./tar-header.ts";
import { encodePax } from "./tar-pax.ts";
import { padding } from "./tar-reader.ts";
import { encodeName } from "./tar-text.ts";

/** The end of an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * TAR_BLOCK);

const TYPE_FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  folder: "5",
  fifo: "6",
};

/** PAX records that repeat what stands in an entry's own fields: written again only where the header has no room. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["path", "linkpath", "size", "uid", "gid", "uname", "gname"]);

/**
 * Writes the header of an entry: ustar, with PAX records for what does not fit and for those that the entry came with. Equal entries give
 * equal bytes. `entry.size` bytes of content are to follow, and {@link padding}.
 */
export function encodeEntry(entry: TarEntry): Buffer {
  const path = encodeName(entry.type === "folder" ? `${entry.path === "" ? "." : entry.path}/` : entry.path);
  const link = encodeName(entry.linkTarget);
  const records = new Map<string, Uint8Array | string>([...entry.pax].filter(([key]) => !OWN_FIELDS.has(key)));
  const fits = (fit: boolean, key: string, value: Uint8Array | string): boolean => {
    if (!fit) records.set(key, value);
    return fit;
  };
  const size = entry.type === "file" ? entry.size : 0;
  const seconds = Math.floor(entry.mtime);
  const fields: Fields = {
    type: entry.type,
    mode: entry.mode,
    path: fits(fitsText(path, 100), "path", path) ? path : path.subarray(0, 100),
    link: fits(fitsText(link, 100), "linkpath", link) ? link : link.subarray(0, 100),
    uid: fits(fitsNumber(entry.uid, 7), "uid", String(entry.uid)) ? entry.uid : 0,
    gid: fits(fitsNumber(entry.gid, 7), "gid", String(entry.gid)) ? entry.gid : 0,
    size: fits(fitsNumber(size, 11), "size", String(size)) ? size : 0,
    mtime: fitsNumber(seconds, 11) ? seconds : 0,
    userName: name(entry.userName, "uname"),
    groupName: name(entry.groupName, "gname"),
    deviceMajor: entry.deviceMajor,
    deviceMinor: entry.deviceMinor,
  };
  if (!records.has("mtime") && fields.mtime !== entry.mtime) records.set("mtime", String(entry.mtime));
  const header = encodeBlock(TYPE_FLAGS[entry.type], fields);
  return records.size === 0 ? header : Buffer.concat([encodeExtension(records), header]);

  function name(text: string, key: string): Buffer {
    const bytes = encodeName(text);
    return fits(fitsText(bytes, 32), key, bytes) ? bytes : Buffer.alloc(0);
  }
}

/** Only ASCII is the same in all readers. */
function fitsText(bytes: Uint8Array, room: number): boolean {
  return bytes.byteLength <= room && bytes.every((byte) => byte < 0x80);
}

function fitsNumber(value: number, digits: number): boolean {
  return value >= 0 && value < 8 ** digits;
}

interface Fields extends Pick<TarEntry, "type" | "mode" | "uid" | "gid" | "size" | "mtime" | "deviceMajor" | "deviceMinor"> {
  readonly path: Uint8Array;
  readonly link: Uint8Array;
  readonly userName: Uint8Array;
  readonly groupName: Uint8Array;
}

const NOTHING = Buffer.alloc(0);

function encodeExtension(records: ReadonlyMap<string, Uint8Array | string>): Buffer {
  const bytes = encodePax([...records].sort(([a], [b]) => (a < b ? -1 : 1)));
  const path = Buffer.from("PaxHeaders.0/entry"); // Go and GNU write the entry's own name here: nobody reads it
  const header = encodeBlock("x", { ...EXTENSION, path, size: bytes.byteLength });
  return Buffer.concat([header, bytes, Buffer.alloc(padding(bytes.byteLength))]);
}

const EXTENSION: Omit<Fields, "path" | "size"> = {
  type: "file",
  mode: 0o644,
  link: NOTHING,
  uid: 0,
  gid: 0,
  mtime: 0,
  userName: NOTHING,
  groupName: NOTHING,
  deviceMajor: 0,
  deviceMinor: 0,
};

function encodeBlock(typeFlag: string, fields: Fields): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  block.set(fields.path, 0);
  octal(block, fields.mode, 100, 7);
  octal(block, fields.uid, 108, 7);
  octal(block, fields.gid, 116, 7);
  octal(block, fields.size, 124, 11);
  octal(block, fields.mtime, 136, 11);
  block.fill(" ", 148, 156); // the sum is taken over spaces
  block.write(typeFlag, 156, "latin1");
  block.set(fields.link, 157);
  block.write("ustar\u000000", 257, "latin1");
  block.set(fields.userName, 265);
  block.set(fields.groupName, 297);
  octal(block, fields.deviceMajor, 329, 7);
  octal(block, fields.deviceMinor, 337, 7);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function octal(block: Buffer, value: number, at: number, digits: number): void {
  block.write(`${value.toString(8).padStart(digits, "0")}\0`, at, "latin1");
}
