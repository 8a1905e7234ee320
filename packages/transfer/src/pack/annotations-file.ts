import { type Annotations, isJsonObject } from "@berth/oci";
import { InvalidPackInputError } from "./errors.ts";

/** Annotations of an artifact and of its parts. */
export interface AnnotationsFile {
  /** Of the manifest: those under `$manifest`. */
  readonly manifest: Annotations;
  /** Of the config's descriptor: those under `$config`. */
  readonly config: Annotations;
  /** Of the layers, by the path of the file as it was given. */
  readonly files: ReadonlyMap<string, Annotations>;
}

/**
 * Reads the JSON of an annotations file: an object of objects of strings, with the names `$manifest` and `$config` for what is no file.
 *
 * @param file what errors call it; default: its first 40 characters.
 * @throws {InvalidPackInputError} @see oras, "manifest annotations"
 */
export function parseAnnotationsFile(text: string, file: string = text.slice(0, 40)): AnnotationsFile {
  const body = parseJson(text, file);
  if (!isJsonObject(body)) throw bad(file, "expected a JSON object");
  const all = new Map(Object.entries(body).map(([name, value]) => [name, readAnnotations(file, name, value)]));
  const take = (name: string): Annotations => {
    const found = all.get(name) ?? {};
    all.delete(name);
    return found;
  };
  return { manifest: take("$manifest"), config: take("$config"), files: all };
}

/**
 * Reads annotations as they stand on a command line, each `key=value`. The value may be empty, and hold further `=`.
 *
 * @throws {InvalidPackInputError} for one without `=`, without a key, or with a key that was there before.
 */
export function parseAnnotations(pairs: readonly string[]): Annotations {
  const found = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new InvalidPackInputError("annotation", pair, "expected key=value");
    const key = pair.slice(0, equals);
    if (found.has(key)) throw new InvalidPackInputError("annotation", pair, "the key was given twice");
    found.set(key, pair.slice(equals + 1));
  }
  return Object.fromEntries(found);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidPackInputError("annotations file", file, "expected JSON", { cause });
  }
}

function readAnnotations(file: string, name: string, value: unknown): Annotations {
  if (value === null) return {}; // as Go reads it
  if (!isJsonObject(value)) throw bad(file, `"${name}": expected an object`);
  const pairs: [string, string][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") throw bad(file, `"${name}"."${key}": expected a string`);
    pairs.push([key, item]);
  }
  return Object.fromEntries(pairs);
}

function bad(file: string, reason: string): InvalidPackInputError {
  return new InvalidPackInputError("annotations file", file, reason);
}
