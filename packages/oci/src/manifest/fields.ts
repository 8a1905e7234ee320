import type { Annotations, Descriptor } from "../descriptor.ts";
import { parseDigest } from "../digest.ts";
import { InvalidDigestError, InvalidManifestError } from "../errors.ts";
import type { Platform } from "../platform.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** What {@link readDescriptor} demands beyond the common rules. */
export interface DescriptorRules {
  /** Docker manifest lists: every entry names its platform. */
  readonly platformRequired?: boolean;
}

/**
 * Checks one descriptor.
 *
 * @param path where it stands, such as `layers[2]`; the reason of the error starts with it.
 * @throws {InvalidManifestError}
 */
export function readDescriptor(value: unknown, path: string, rules: DescriptorRules = {}): Descriptor {
  if (value === undefined || value === null) throw new InvalidManifestError(`${path} is missing`);
  if (!isJsonObject(value)) throw new InvalidManifestError(`${path}: expected an object`);
  const urls = readStrings(value["urls"], `${path}.urls`);
  const annotations = readAnnotations(value["annotations"], `${path}.annotations`);
  const data = readString(value["data"], `${path}.data`);
  const artifactType = readString(value["artifactType"], `${path}.artifactType`);
  const platform = readPlatform(value["platform"], `${path}.platform`, rules.platformRequired === true);
  return {
    mediaType: readRequiredString(value["mediaType"], `${path}.mediaType`),
    digest: readDigest(value["digest"], `${path}.digest`),
    size: readSize(value["size"], `${path}.size`),
    ...(urls && { urls }),
    ...(annotations && { annotations }),
    ...(data !== undefined && { data }),
    ...(artifactType && { artifactType }),
    ...(platform && { platform }),
  };
}

/** Checks a list of descriptors. An absent or null list is empty: Go programs write empty lists as null. */
export function readDescriptors(value: unknown, path: string, limit: number, rules?: DescriptorRules): readonly Descriptor[] {
  const list = readArray(value, path, limit);
  return list.map((item, i) => readDescriptor(item, `${path}[${i}]`, rules));
}

/** Checks an optional list and its length. */
export function readArray(value: unknown, path: string, limit: number): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new InvalidManifestError(`${path}: expected an array`);
  if (value.length > limit) throw new InvalidManifestError(`${path}: has ${value.length} entries, the limit is ${limit}`);
  return value;
}

/** Checks an optional map of strings. */
export function readAnnotations(value: unknown, path: string): Annotations | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw new InvalidManifestError(`${path}: expected an object`);
  const pairs: [string, string][] = [];
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw new InvalidManifestError(`${path}: expected string values`);
    pairs.push([key, text]);
  }
  return Object.fromEntries(pairs); // defines own properties, so a key "__proto__" stays a key
}

/** Checks an optional string. */
export function readString(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new InvalidManifestError(`${path}: expected a string`);
  return value;
}

/** Checks a string that must be there and not be empty. */
export function readRequiredString(value: unknown, path: string): string {
  const text = readString(value, path);
  if (text === undefined || text === "") throw new InvalidManifestError(`${path} is missing`);
  return text;
}

/** Checks an optional list of strings. */
export function readStrings(value: unknown, path: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new InvalidManifestError(`${path}: expected an array`);
  return value.map((item, i) => readRequiredString(item, `${path}[${i}]`));
}

/** Checks a digest. */
export function readDigest(value: unknown, path: string): Descriptor["digest"] {
  const text = readRequiredString(value, path);
  try {
    return parseDigest(text);
  } catch (error) {
    if (error instanceof InvalidDigestError) throw new InvalidManifestError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function readSize(value: unknown, path: string): number {
  if (value === undefined || value === null) throw new InvalidManifestError(`${path} is missing`);
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidManifestError(`${path}: expected a whole number of bytes from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  return value;
}

/** In an OCI index a platform may lack fields (as Go readers see it, they are empty); in a Docker list it may not. */
function readPlatform(value: unknown, path: string, required: boolean): Platform | undefined {
  if (value === undefined || value === null) {
    if (required) throw new InvalidManifestError(`${path} is missing`);
    return undefined;
  }
  if (!isJsonObject(value)) throw new InvalidManifestError(`${path}: expected an object`);
  return platformFrom(value, path, required ? readRequiredString : readOrEmpty);
}

function platformFrom(value: JsonObject, path: string, read: (value: unknown, path: string) => string): Platform {
  const osVersion = readString(value["os.version"], `${path}.os.version`);
  const osFeatures = readStrings(value["os.features"], `${path}.os.features`);
  const variant = readString(value["variant"], `${path}.variant`);
  const features = readStrings(value["features"], `${path}.features`);
  return {
    architecture: read(value["architecture"], `${path}.architecture`),
    os: read(value["os"], `${path}.os`),
    ...(osVersion && { "os.version": osVersion }),
    ...(osFeatures && { "os.features": osFeatures }),
    ...(variant && { variant }),
    ...(features && { features }),
  };
}

function readOrEmpty(value: unknown, path: string): string {
  return readString(value, path) ?? "";
}
