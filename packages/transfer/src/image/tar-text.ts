const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes from 0x80 that are no UTF-8 become lone surrogates from here, so that no name is lost or taken for another. */
const ESCAPED = 0xdc00;

/** Decodes a name. Names are bytes: those that are no UTF-8 come out with lone surrogates, and {@link encodeName} gives the same bytes back. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return escaped(bytes); // not UTF-8
  }
}

function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : ESCAPED + byte)).join("");
}

/** The bytes of a name, as {@link decodeName} found them. */
export function encodeName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name);
  return Buffer.concat(
    Array.from(name, (character) => (isEscape(character) ? Buffer.of(character.charCodeAt(0) & 0xff) : Buffer.from(character))),
  );
}

function isEscape(character: string): boolean {
  const code = character.charCodeAt(0);
  return character.length === 1 && code >= ESCAPED + 0x80 && code <= ESCAPED + 0xff;
}

/** A path for the calls of `node:fs`: text, or bytes where text cannot say it. */
export function filePath(path: string): string | Buffer {
  return path.isWellFormed() ? path : encodeName(path);
}
