import { InvalidManifestError } from "../errors.ts";

/** A parsed JSON object whose members are not checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Nesting that no real manifest comes near. */
export const DEFAULT_MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses bytes that must hold one JSON object. Nesting is measured by a linear scan first, since JSON parsers
 * spend stack or time on it.
 *
 * @throws {InvalidManifestError} on bad UTF-8, bad JSON, nesting over `maxDepth`, or a value that is no object.
 */
export function parseJsonObject(bytes: Uint8Array, maxDepth: number = DEFAULT_MAX_DEPTH): JsonObject {
  if (exceedsDepth(bytes, maxDepth)) throw new InvalidManifestError(`JSON is nested deeper than ${maxDepth} levels`);
  const value = parse(decodeUtf8(bytes));
  if (!isJsonObject(value)) throw new InvalidManifestError("expected a JSON object");
  return value;
}

/** True for a JSON object, false for arrays and null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True when brackets outside of strings nest deeper than `limit`. */
export function exceedsDepth(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i];
    if (c === QUOTE) i = endOfString(bytes, i);
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > limit) return true;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
}

/** Index of the closing quote of the string that opens at `start`, or the last index when it never closes. */
function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new InvalidManifestError("expected UTF-8", { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidManifestError("expected JSON", { cause });
  }
}
