import { clipName, InvalidArchiveError } from "./errors.ts";

/** Parsed JSON whose members are not checked yet. */
export type ArchiveJson = Readonly<Record<string, unknown>>;

/** Reads a file of an archive that holds one JSON object. @throws {InvalidArchiveError} */
export function parseArchiveJson(bytes: Uint8Array, name: string): ArchiveJson {
  const value = parse(bytes, name);
  if (!isObject(value)) throw new InvalidArchiveError(`"${clipName(name)}" is no JSON object`);
  return value;
}

/** Reads a file of an archive that holds a list of JSON objects. @throws {InvalidArchiveError} */
export function parseArchiveList(bytes: Uint8Array, name: string): readonly ArchiveJson[] {
  const value = parse(bytes, name);
  if (!Array.isArray(value) || !value.every(isObject)) throw new InvalidArchiveError(`"${clipName(name)}" is no list of JSON objects`);
  return value;
}

/** Texts under a name; a list that is null or missing is empty. @throws {InvalidArchiveError} */
export function textsOf(value: unknown, what: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new InvalidArchiveError(`${what} is no list of texts`);
}

/** True for a JSON object, false for lists and null. */
export function isObject(value: unknown): value is ArchiveJson {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidArchiveError(`"${clipName(name)}" is no JSON`, { cause });
  }
}
