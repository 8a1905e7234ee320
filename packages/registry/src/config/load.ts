import { readFileSync } from "node:fs";
import { systemReason } from "@berth/oci/node";
import { formatHostPort, parseHostPort } from "./address.ts";
import { buildConfig } from "./build/config.ts";
import { ConfigError, type ConfigIssue } from "./issues.ts";
import { parseYaml } from "./parse-yaml.ts";
import { ConfigReader } from "./reader.ts";
import type { RegistryConfig } from "./registry-config.ts";
import { CONFIG_SCHEMA } from "./schema/root.ts";
import { RESERVED_STORAGE_KEYS } from "./schema/storage.ts";
import { type ConfigNode, expandBareWord, lookUp, type MapNode, nodeFrom, setPath } from "./tree.ts";
import { validate } from "./validate.ts";
import { applyVariables } from "./variables.ts";

/** A value given on the command line: it wins over file and variables. */
export interface ConfigOverride {
  /** The key: `http.addr`. `http.port` stands for the port of `http.addr`. */
  readonly path: string;
  readonly value: unknown;
  /** The flag, for messages: `--addr`. */
  readonly origin: string;
}

/** What `loadConfig` reads. */
export interface LoadConfigOptions {
  /** The file; read unless `text` is given too, which then stands for its content. */
  readonly file?: string;
  /** The text of a file. Without file and text the configuration is the one of `defaultConfig`. */
  readonly text?: string;
  /** `REGISTRY_*`, `PORT` and `BERTH_DATA` are looked at; default none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values that win over everything else. */
  readonly overrides?: readonly ConfigOverride[];
  /** Make errors of unknown and repeated keys of the file; default false. */
  readonly strict?: boolean;
}

/** A configuration that can be used, and what there is to say about it. */
export interface LoadedConfig {
  readonly config: RegistryConfig;
  /** Severity `warning` or `info`, in the order of the file. */
  readonly warnings: readonly ConfigIssue[];
}

/**
 * Reads distribution's config.yml 0.1 with variables and flags over it (G1-G25).
 *
 * @throws {ConfigError} with every mistake, each with its path and its place.
 */
export function loadConfig(options: LoadConfigOptions = {}): LoadedConfig {
  const { file, env = {}, overrides = [], strict = false } = options;
  const issues: ConfigIssue[] = [];
  const root = readRoot(options, issues);
  if (root === undefined) throw new ConfigError(issues, file);
  applyPort(root, env["PORT"], "PORT", issues);
  applyDataFolder(root, env["BERTH_DATA"]);
  applyVariables(root, CONFIG_SCHEMA, env, issues);
  applyOverrides(root, overrides, issues);
  const values = validate(root, CONFIG_SCHEMA, issues);
  const config = buildConfig(new ConfigReader(root, values, issues));
  const judged = issues.map((issue) => (strict && isStrictMistake(issue) ? { ...issue, severity: "error" as const } : issue));
  if (judged.some((issue) => issue.severity === "error")) throw new ConfigError(inOrder(judged), file);
  return { config, warnings: inOrder(judged) };
}

/** What runs without a file: the folder `BERTH_DATA` or `./data`, 127.0.0.1 and port `PORT` or 5000, deletes allowed, no authentication. */
export function defaultConfig(env: Readonly<Record<string, string | undefined>> = {}): RegistryConfig {
  return loadConfig({ env }).config;
}

function readRoot({ file, text }: LoadConfigOptions, issues: ConfigIssue[]): MapNode | undefined {
  if (file === undefined && text === undefined) return fileless();
  let content = text;
  try {
    content ??= readFileSync(file ?? "", "utf8");
  } catch (error) {
    issues.push({
      path: "",
      message: `cannot read the file: ${systemReason(error)}`,
      severity: "error",
    });
    return undefined;
  }
  const node = parseYaml(content, issues);
  if (node === undefined || node.kind === "map") return node;
  if (node.kind !== "null") {
    issues.push({ path: "", message: 'expected a mapping, such as "version: 0.1"', severity: "error", ...node.source });
    return undefined;
  }
  return { kind: "map", entries: new Map(), source: { line: 1, column: 1 } };
}

function fileless(): MapNode {
  const root = nodeFrom({ version: "0.1", storage: { filesystem: { rootdirectory: "./data" }, delete: { enabled: true } } }, {});
  return root.kind === "map" ? root : { kind: "map", entries: new Map(), source: {} };
}

/** Puts another port into `http.addr`. */
function applyPort(root: MapNode, value: string | undefined, origin: string, issues: ConfigIssue[]): void {
  if (value === undefined || value === "") return;
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) {
    issues.push({ path: "http.addr", message: "expected a port from 0 to 65535", severity: "error", origin });
    return;
  }
  const { node } = lookUp(root, ["http", "addr"]);
  const { host } = parseHostPort(node?.kind === "scalar" ? node.text : "") ?? { host: "127.0.0.1" };
  setPath(root, ["http", "addr"], nodeFrom(formatHostPort({ host, port: Number(value) }), { origin }));
}

/** `BERTH_DATA` names the folder of a registry that keeps its blobs in one; other drivers have no folder. */
function applyDataFolder(root: MapNode, folder: string | undefined): void {
  if (folder === undefined || folder === "") return;
  const drivers = driverKeys(lookUp(root, ["storage"]).node);
  if (drivers.length > 0 && !drivers.includes("filesystem")) return;
  expandStorage(root);
  setPath(root, ["storage", "filesystem", "rootdirectory"], nodeFrom(folder, { origin: "BERTH_DATA" }));
}

function applyOverrides(root: MapNode, overrides: readonly ConfigOverride[], issues: ConfigIssue[]): void {
  for (const { path, value, origin } of overrides) {
    if (path === "http.port") {
      applyPort(root, String(value), origin, issues);
      continue;
    }
    if (path.startsWith("storage.")) expandStorage(root);
    setPath(root, path.split("."), nodeFrom(value, { origin }));
  }
}

function expandStorage(root: MapNode): void {
  const { node } = lookUp(root, ["storage"]);
  if (node?.kind === "scalar") setPath(root, ["storage"], expandBareWord(node));
}

function driverKeys(storage: ConfigNode | undefined): readonly string[] {
  if (storage?.kind === "scalar") return [storage.text];
  return storage?.kind === "map" ? [...storage.entries.keys()].filter((key) => !RESERVED_STORAGE_KEYS.includes(key)) : [];
}

/** What the author of the file may get wrong without harm is an error on request; a stray variable never is. */
function isStrictMistake({ severity, origin, message }: ConfigIssue): boolean {
  return severity === "warning" && origin === undefined && (message.startsWith("is not a known key") || message.startsWith("is set twice"));
}

/** By place in the file; what has none comes first, as it was found. */
function inOrder(issues: readonly ConfigIssue[]): readonly ConfigIssue[] {
  return [...issues].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
