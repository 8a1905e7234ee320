// The few pieces of DER that certificates are made of. @see ITU-T X.690

/** A value with its tag and length. */
export function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = body.byteLength;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** Values in an order. */
export const sequence = (...items: readonly Buffer[]): Buffer => der(0x30, ...items);
/** Values in no order. */
export const set = (...items: readonly Buffer[]): Buffer => der(0x31, ...items);
/** Big-endian; the first bit must be 0. */
export const integer = (bytes: Buffer): Buffer => der(0x02, bytes);
/** True or false. */
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]));
/** Bits, a whole number of bytes. */
export const bitString = (bytes: Buffer): Buffer => der(0x03, Buffer.from([0]), bytes);
/** Bytes. */
export const octetString = (bytes: Buffer): Buffer => der(0x04, bytes);
/** From the hex of its encoded parts. */
export const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
/** Text. */
export const utf8String = (text: string): Buffer => der(0x0c, Buffer.from(text));
/** A moment between 1950 and 2049. */
export const utcTime = (at: Date): Buffer => der(0x17, Buffer.from(`${at.toISOString().replace(/\D/g, "").slice(2, 14)}Z`));
/** A value whose meaning the place that it stands in gives. */
export const context = (tag: number, content: Buffer, constructed = false): Buffer => der((constructed ? 0xa0 : 0x80) | tag, content);

/** Wraps bytes as PEM. */
export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
