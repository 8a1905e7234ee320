import { isJsonObject, type JsonObject } from "@berth/oci";
import { printable } from "../image/errors.ts";
import { InvalidArchiveError } from "./errors.ts";

/** Reads a file of an archive that holds one JSON object. @throws {InvalidArchiveError} */
export function parseArchiveJson(bytes: Uint8Array, name: string): JsonObject {
  const value = parse(bytes, name);
  if (!isJsonObject(value)) throw new InvalidArchiveError(`"${printable(name)}" is no JSON object`);
  return value;
}

/** Reads a file of an archive that holds a list of JSON objects. @throws {InvalidArchiveError} */
export function parseArchiveList(bytes: Uint8Array, name: string): readonly JsonObject[] {
  const value = parse(bytes, name);
  if (!Array.isArray(value) || !value.every(isJsonObject)) throw new InvalidArchiveError(`"${printable(name)}" is no list of JSON objects`);
  return value;
}

/** Texts under a name; a list that is null or missing is empty. @throws {InvalidArchiveError} */
export function textsOf(value: unknown, what: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new InvalidArchiveError(`${what} is no list of texts`);
}

function parse(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidArchiveError(`"${printable(name)}" is no JSON`, { cause });
  }
}
