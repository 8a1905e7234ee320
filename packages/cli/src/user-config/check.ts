import {
  type ConfigMistake,
  count,
  duration,
  entriesOf,
  expected,
  HOST,
  hosts,
  positive,
  type Read,
  type ReadPlace,
  type Readers,
  readObject,
  realms,
  size,
  text,
  truth,
  whole,
} from "./readers.ts";
import { NO_USER_CONFIG, type RegistryConfig, type UserConfig } from "./user-config.ts";

const prefix: Read<string> = (value) =>
  /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(text(value)) ? text(value) : expected("a repository name", value);

/** Every key of a registry, and how it is read. */
export const REGISTRY_KEYS: Readers<RegistryConfig> = {
  mirrors: hosts,
  priority: whole,
  pathPrefix: prefix,
  answerTimeout: duration,
  plainHttp: truth,
  insecure: truth,
  caFile: text,
  cert: text,
  key: text,
  trustedRealms: realms,
  chunkSize: size,
  requestsPerSecond: positive,
  concurrency: count,
};

/** Checks parsed YAML and reads it. Every mistake is found, not only the first. */
export function checkUserConfig(document: unknown): { readonly config: UserConfig; readonly mistakes: readonly ConfigMistake[] } {
  const mistakes: ConfigMistake[] = [];
  const { registries = NO_USER_CONFIG.registries } = readObject<UserConfig>(
    document ?? {},
    { registries: (value, place) => readRegistries(value, REGISTRY_KEYS, place) },
    { path: [], mistakes },
  );
  return { config: { registries }, mistakes };
}

/** Reads what is said of registries, by host. */
export function readRegistries<T extends RegistryConfig>(
  value: unknown,
  readers: Readers<T>,
  { path, mistakes }: ReadPlace,
): ReadonlyMap<string, Partial<T>> {
  const registries = new Map<string, Partial<T>>();
  for (const [name, settings] of entriesOf(value ?? {}, { path, mistakes })) {
    const place = { path: [...path, name], mistakes };
    if (!HOST.test(name)) mistakes.push({ path: place.path, reason: "is no host, perhaps with a port" });
    const config = readObject(settings ?? {}, readers, place);
    if ((config.cert === undefined) !== (config.key === undefined))
      mistakes.push({ path: place.path, reason: "needs cert and key together" });
    registries.set(name, config);
  }
  return registries;
}
