import { type Platform, parsePlatform } from "@berth/oci";
import { readRegistries, REGISTRY_KEYS } from "../user-config/check.ts";
import {
  type ConfigMistake,
  count,
  expected,
  objectOf,
  oneOf,
  type Read,
  type Readers,
  readObject,
  refuse,
  text,
  texts,
  truth,
} from "../user-config/readers.ts";
import { nameFilter } from "../content/name-filter.ts";
import type { NameSelection, SyncFile, SyncItem, SyncRegistry, SyncSettings, TagSelection } from "./sync-file.ts";
import { isRange } from "./tag-versions.ts";

const variable: Read<string> = (value) => (/^[A-Za-z_]\w*$/.test(text(value)) ? text(value) : expected("the name of a variable", value));

const platform: Read<Platform> = (value) => {
  try {
    return parsePlatform(text(value));
  } catch {
    return expected("a platform such as linux/arm64", value);
  }
};

const patterns: Read<readonly string[]> = (value) => {
  const list = texts(value);
  try {
    nameFilter({ match: list });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error)); // names the pattern, and what is wrong with it
  }
  return list;
};

const semver: Read<string> = (value) => (isRange(text(value)) ? text(value) : expected("a range such as >=1.2 <2", value));
const suffix: Read<string> = (value) => (/^[\w.-]{1,64}$/.test(text(value)) ? text(value) : expected("what may stand in a tag", value));
const referrers: Read<boolean | readonly string[]> = (value) => (typeof value === "boolean" ? value : texts(value));

const REGISTRY: Readers<SyncRegistry> = { ...REGISTRY_KEYS, user: text, passwordVariable: variable, tokenVariable: variable };
const NAMES: Readers<NameSelection> = { match: patterns, exclude: patterns };
const SETTINGS: Readers<SyncSettings> = {
  tags: objectOf<TagSelection>({ ...NAMES, semver, latest: count }),
  platforms: (value) => texts(value).map(platform),
  platform,
  referrers,
  digestTags: truth,
  external: truth,
  existing: oneOf("overwrite", "keep", "refuse"),
  immutable: patterns,
  suffix,
  scoped: truth,
};
const ITEM: Readers<SyncItem> = { source: text, destination: text, repositories: objectOf(NAMES), ...SETTINGS };

interface Document {
  readonly version: 1;
  readonly registries: ReadonlyMap<string, SyncRegistry>;
  readonly defaults: SyncSettings;
  readonly sync: readonly Partial<SyncItem>[];
}

const DOCUMENT: Readers<Document> = {
  version: (value) => (value === 1 ? value : expected("1", value)),
  registries: (value, place) => readRegistries(value, REGISTRY, place),
  defaults: objectOf(SETTINGS),
  sync: (value, { path, mistakes }) =>
    Array.isArray(value) && value.length > 0
      ? value.map((one: unknown, at) => readObject(one, ITEM, { path: [...path, at], mistakes }))
      : expected("a list of what is to be synced", value),
};

const NO_REGISTRIES: ReadonlyMap<string, SyncRegistry> = new Map();

/** Checks parsed YAML and reads it. Every mistake is found, not only the first. */
export function checkSyncFile(document: unknown): { readonly config: SyncFile; readonly mistakes: readonly ConfigMistake[] } {
  const mistakes: ConfigMistake[] = [];
  const { registries = NO_REGISTRIES, defaults, sync } = readObject(document, DOCUMENT, { path: [], mistakes });
  for (const [host, registry] of registries) checkSignIn(host, registry, mistakes);
  if (sync === undefined && mistakes.length === 0) mistakes.push({ path: [], reason: "needs sync, a list of what is to be synced" });
  const items = (sync ?? []).flatMap((one, at): readonly SyncItem[] => {
    const path = ["sync", at];
    const { source, destination, ...rest } = { ...defaults, ...one };
    if (rest.platform !== undefined && rest.platforms !== undefined)
      mistakes.push({ path, reason: "has platform and platforms, expected one of them" });
    if (source !== undefined && destination !== undefined) return [{ source, destination, ...rest }];
    mistakes.push({ path, reason: "needs source and destination" });
    return [];
  });
  return { config: { registries, items }, mistakes };
}

function checkSignIn(host: string, { user, passwordVariable, tokenVariable }: SyncRegistry, mistakes: ConfigMistake[]): void {
  const path = ["registries", host];
  if ((user === undefined) !== (passwordVariable === undefined))
    mistakes.push({ path, reason: "needs user and passwordVariable together" });
  if (user !== undefined && tokenVariable !== undefined) mistakes.push({ path, reason: "has a user and a token, expected one of them" });
}
