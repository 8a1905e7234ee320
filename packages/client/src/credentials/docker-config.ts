import { decodeAuthEntry } from "./auth-entry.ts";
import type { Credential, CredentialTarget } from "./credential.ts";
import { CredentialFileError } from "./errors.ts";
import { JsonTextError, scanJsonObject } from "./json-text.ts";
import { helperAddresses, matchingKeys } from "./server-address.ts";

/** What a docker config.json or a containers auth.json says about credentials. Entries are looked at when they are asked for. */
export interface DockerConfig {
  /** The file, or what else the text came from. */
  readonly file: string;
  readonly auths: ReadonlyMap<string, unknown>;
  /** Suffixes of helpers by registry. */
  readonly credHelpers: ReadonlyMap<string, string>;
  /** The suffix of the helper for all other registries. */
  readonly credsStore: string | undefined;
}

/**
 * Reads the text of a config file; a blank one says nothing.
 *
 * @throws {CredentialFileError} with the place of the mistake. One entry that is wrong is no mistake of the whole.
 */
export function parseDockerConfig(text: string, file: string): DockerConfig {
  const fields = text.trim() === "" ? new Map<string, unknown>() : parseObject(text, file);
  const malformed = (reason: string): CredentialFileError => new CredentialFileError({ file, reason, malformed: true });
  const credHelpers = new Map<string, string>();
  for (const [registry, suffix] of objectField(fields, "credHelpers", malformed)) {
    if (typeof suffix !== "string" || !isHelperSuffix(suffix)) throw malformed(`"credHelpers" names no program for "${registry}"`);
    credHelpers.set(registry, suffix);
  }
  const credsStore = fields.get("credsStore") ?? "";
  if (typeof credsStore !== "string" || !isHelperSuffix(credsStore)) throw malformed('"credsStore" names no program');
  return { file, auths: objectField(fields, "auths", malformed), credHelpers, credsStore: credsStore || undefined };
}

/** The credential that the file itself holds for a target. @throws {CredentialFileError} when its entry is malformed. */
export function findEntry({ auths, file }: DockerConfig, target: CredentialTarget): Credential | undefined {
  for (const key of matchingKeys(auths.keys(), target)) {
    const credential = decodeAuthEntry(auths.get(key), { file, key });
    if (credential !== undefined) return credential;
  }
  return undefined;
}

/** The helper that `credHelpers` names for a registry, without regard to paths. */
export function registryHelper({ credHelpers }: DockerConfig, registry: string): string | undefined {
  for (const address of helperAddresses(registry)) {
    const suffix = credHelpers.get(address);
    if (suffix) return suffix;
  }
  const [key = ""] = matchingKeys(credHelpers.keys(), { registry });
  return credHelpers.get(key) || undefined;
}

/** True for what may stand behind `docker-credential-`; empty: no helper. Never a path. */
export function isHelperSuffix(suffix: string): boolean {
  return /^[\w.+@-]*$/.test(suffix);
}

/** True when a file says anything about credentials. */
export function saysAnything({ auths, credHelpers, credsStore }: DockerConfig): boolean {
  return auths.size > 0 || credHelpers.size > 0 || credsStore !== undefined;
}

function parseObject(text: string, file: string): ReadonlyMap<string, unknown> {
  try {
    scanJsonObject(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    throw new CredentialFileError({ file, reason: error.message, malformed: true, place: placeOf(text, error.offset) });
  }
  const parsed: unknown = JSON.parse(text);
  return new Map(Object.entries(parsed ?? {}));
}

function objectField(
  fields: ReadonlyMap<string, unknown>,
  name: string,
  malformed: (reason: string) => CredentialFileError,
): ReadonlyMap<string, unknown> {
  const value = fields.get(name) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw malformed(`"${name}" is not an object`);
  return new Map(Object.entries(value));
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
