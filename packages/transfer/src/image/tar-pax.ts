import { InvalidLayerError } from "./errors.ts";

/**
 * Reads the records of a PAX extended header: `length key=value\n`, each. Values are bytes: extended attributes are no text.
 *
 * @throws {InvalidLayerError} when one is malformed.
 * @see POSIX pax, "pax Extended Header"
 */
export function readPax(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.byteLength; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? "" : bytes.toString("latin1", at, space);
    const end = at + (/^[0-9]+$/.test(digits) ? Number(digits) : 0);
    const equals = bytes.indexOf(0x3d, space + 1);
    if (end <= space + 1 || end > bytes.byteLength || bytes[end - 1] !== 0x0a || equals < space + 2 || equals >= end) throw damaged();
    const key = bytes.toString("utf8", space + 1, equals);
    if (key.includes("\0")) throw damaged();
    records.set(key, Buffer.from(bytes.subarray(equals + 1, end - 1))); // a copy, or it would keep the whole header
    at = end;
  }
  return records;
}

/** Writes records that {@link readPax} reads. */
export function encodePax(records: Iterable<readonly [key: string, value: Uint8Array | string]>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [key, value] of records) {
    const record = Buffer.concat([Buffer.from(` ${key}=`), typeof value === "string" ? Buffer.from(value) : value, Buffer.from("\n")]);
    let length = record.byteLength;
    while (length !== record.byteLength + String(length).length) length = record.byteLength + String(length).length;
    parts.push(Buffer.from(String(length)), record);
  }
  return Buffer.concat(parts);
}

/** A number of a record: seconds may have a fraction. @throws {InvalidLayerError} */
export function paxNumber(value: Buffer): number {
  const text = value.length > 40 ? "" : value.toString("latin1");
  const number = /^-?[0-9]+(\.[0-9]*)?$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) throw damaged();
  return number;
}

function damaged(): InvalidLayerError {
  return new InvalidLayerError("a PAX record is damaged");
}
