import { InvalidLayerError } from "./errors.ts";
import { decodeName } from "./tar-text.ts";

/** Bytes of a tar block: headers fill one, and content is padded to it. */
export const TAR_BLOCK = 512;

/**
 * The fields of one header block, before extensions are looked at: owners by number (`uid`, `gid`) and by name (`userName`, `groupName`,
 * empty when there is none), devices by `deviceMajor` and `deviceMinor`, else 0.
 */
export interface TarHeader {
  /** One character: `0` for a file, `5` for a folder. */
  readonly typeFlag: string;
  /** Path, the prefix of ustar before it. */
  readonly name: string;
  /** Where a link leads; empty for others. */
  readonly linkName: string;
  /** Permission bits, with setuid, setgid and sticky: at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of what follows. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly userName: string;
  readonly groupName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/**
 * Reads a header block the way Go's archive/tar does: what image builders and engines agree on.
 *
 * @throws {InvalidLayerError} when it is none.
 * @see POSIX pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"
 */
export function parseTarHeader(block: Buffer): TarHeader {
  checkSum(block);
  const magic = block.toString("latin1", 257, 263);
  const isUstar = magic === "ustar\0";
  const extended = isUstar || magic === "ustar ";
  const prefix = isUstar ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  return {
    typeFlag: block.toString("latin1", 156, 157),
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    userName: extended ? text(block, 265, 32) : "",
    groupName: extended ? text(block, 297, 32) : "",
    deviceMajor: extended ? number(block, 329, 8) : 0,
    deviceMinor: extended ? number(block, 337, 8) : 0,
  };
}

/** True for the blocks that end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Old programs summed signed bytes. */
function checkSum(block: Buffer): void {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < TAR_BLOCK; at++) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  const expected = number(block, 148, 8);
  if (expected !== unsigned && expected !== signed) throw new InvalidLayerError("it is no tar archive, or a header is damaged");
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return decodeName(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits between spaces and zero bytes, or, marked by the first bit, a big-endian number in two's complement. */
function number(block: Buffer, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  if (((field[0] ?? 0) & 0x80) !== 0) return binary(field);
  const digits = /^[ \0]*([0-7]*)[ \0]*(?:\0|$)/.exec(field.toString("latin1"))?.[1];
  if (digits === undefined) throw new InvalidLayerError("a number in a header is damaged");
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function binary(field: Uint8Array): number {
  const negative = ((field[0] ?? 0) & 0x40) !== 0;
  const start = BigInt((field[0] ?? 0) & 0x7f);
  const bits = field.subarray(1).reduce((value, byte) => value * 256n + BigInt(byte), start);
  const value = Number(negative ? bits - (1n << BigInt(field.length * 8 - 1)) : bits);
  if (!Number.isSafeInteger(value)) throw new InvalidLayerError("a number in a header is too large");
  return value;
}
