import type { RegistryConfig, UserConfig } from "./user-config.ts";
import { parseSize } from "../flags/values.ts";

/** One mistake of a config file. */
export interface ConfigMistake {
  /** Where in the file: `registries`, `docker.io`, `mirrors`. */
  readonly path: readonly (string | number)[];
  /** What is wrong, in words that fit behind the path. */
  readonly reason: string;
}

/** Reads one value; what it throws is the reason why it cannot be. */
type Read<T> = (value: unknown) => T;

class Mistake extends Error {}

function expected(what: string, value: unknown): never {
  const shown =
    typeof value === "string" ? JSON.stringify(value) : value === null ? "nothing" : Array.isArray(value) ? "a list" : typeof value;
  throw new Mistake(`expected ${what}, got ${typeof value === "number" || typeof value === "boolean" ? String(value) : shown}`);
}

const text: Read<string> = (value) => (typeof value === "string" && value !== "" ? value : expected("a text", value));
const truth: Read<boolean> = (value) => (typeof value === "boolean" ? value : expected("true or false", value));
const whole: Read<number> = (value) => (Number.isSafeInteger(value) ? Number(value) : expected("a whole number", value));
const positive: Read<number> = (value) => (typeof value === "number" && value > 0 ? value : expected("a number above 0", value));
const count: Read<number> = (value) => (whole(value) > 0 ? whole(value) : expected("a whole number from 1", value));
const size: Read<number> = (value) => {
  if (typeof value === "number") return count(value);
  try {
    return parseSize(text(value));
  } catch {
    return expected("a size such as 16MiB", value);
  }
};
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const host: Read<string> = (value) => (HOST.test(text(value)) ? text(value) : expected("a host, perhaps with a port", value));
const hosts: Read<readonly string[]> = (value) => (Array.isArray(value) ? value.map(host) : expected("a list of hosts", value));
const prefix: Read<string> = (value) =>
  /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(text(value)) ? text(value) : expected("a repository name", value);

/** Every key of a registry, and how it is read. */
const KEYS: { readonly [Key in keyof Required<RegistryConfig>]: Read<Required<RegistryConfig>[Key]> } = {
  mirrors: hosts,
  priority: whole,
  pathPrefix: prefix,
  plainHttp: truth,
  insecure: truth,
  caFile: text,
  cert: text,
  key: text,
  chunkSize: size,
  requestsPerSecond: positive,
  concurrency: count,
};

/** Checks parsed YAML and reads it. Every mistake is found, not only the first. */
export function checkUserConfig(document: unknown): { readonly config: UserConfig; readonly mistakes: readonly ConfigMistake[] } {
  const mistakes: ConfigMistake[] = [];
  const registries = new Map<string, RegistryConfig>();
  const root = entriesOf(document ?? {}, [], mistakes);
  for (const [key, value] of root) {
    if (key !== "registries") {
      mistakes.push({ path: [key], reason: unknownKey(key, ["registries"]) });
      continue;
    }
    for (const [name, settings] of entriesOf(value ?? {}, [key], mistakes)) {
      if (!HOST.test(name)) mistakes.push({ path: [key, name], reason: "is no host, perhaps with a port" });
      registries.set(name, checkRegistry(settings ?? {}, [key, name], mistakes));
    }
  }
  return { config: { registries }, mistakes };
}

function checkRegistry(settings: unknown, path: readonly string[], mistakes: ConfigMistake[]): RegistryConfig {
  const read: [string, unknown][] = [];
  for (const [key, value] of entriesOf(settings, path, mistakes)) {
    const parse = Object.entries(KEYS).find(([name]) => name === key)?.[1];
    if (parse === undefined) {
      mistakes.push({ path: [...path, key], reason: unknownKey(key, Object.keys(KEYS)) });
      continue;
    }
    try {
      read.push([key, parse(value)]);
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      mistakes.push({ path: [...path, key], reason: error.message });
    }
  }
  const config: RegistryConfig = Object.fromEntries(read);
  if ((config.cert === undefined) !== (config.key === undefined)) mistakes.push({ path, reason: "needs cert and key together" });
  return config;
}

function entriesOf(value: unknown, path: readonly string[], mistakes: ConfigMistake[]): readonly (readonly [string, unknown])[] {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.entries(value);
  mistakes.push({ path, reason: "expected keys with values" });
  return [];
}

function unknownKey(key: string, known: readonly string[]): string {
  return `"${key.slice(0, 100)}" is not a known key, expected one of ${known.join(", ")}`;
}
