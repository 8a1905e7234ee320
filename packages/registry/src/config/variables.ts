import type { ConfigIssue } from "./issues.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { ConfigSchema, SectionSchema } from "./schema/schema.ts";
import { type ConfigNode, type ConfigSource, expandBareWord, type ListNode, type MapNode } from "./tree.ts";

const PREFIX = "REGISTRY_";

/** Not ours to read: the file's own name, the version that no variable may change, and what podman and Kubernetes set. */
const IGNORED = /^REGISTRY_(?:CONFIGURATION_PATH|VERSION|AUTH_FILE|PORT|PORT_\d+_.*|SERVICE_(?:HOST|PORT.*))$/;

/**
 * Applies the `REGISTRY_*` variables to the tree (G20-G23): the rest of the name is the path, the value is YAML,
 * and a shorter name goes before a longer one, so that `REGISTRY_STORAGE=inmemory` replaces the section and
 * `REGISTRY_STORAGE_DELETE_ENABLED` still adds to it.
 */
export function applyVariables(
  root: MapNode,
  schema: SectionSchema,
  env: Readonly<Record<string, string | undefined>>,
  issues: ConfigIssue[],
): void {
  const names = Object.keys(env).filter((name) => name.startsWith(PREFIX) && name.length > PREFIX.length && !IGNORED.test(name));
  for (const name of names.sort(byParts)) {
    const value = env[name];
    if (value === undefined) continue;
    const placement = new Placement(name, value, issues);
    placement.put({ get: () => root, set: () => undefined }, schema, name.slice(PREFIX.length).split("_"), []);
  }
}

/** Sorted by name, but list indexes by number: `_2_` before `_10_`. */
function byParts(left: string, right: string): number {
  const [a, b] = [left.split("_"), right.split("_")];
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x = "", y = ""] = [a[index], b[index]];
    if (x === y) continue;
    return /^\d+$/.test(x) && /^\d+$/.test(y) ? Number(x) - Number(y) : x < y ? -1 : 1;
  }
  return a.length - b.length;
}

/** A place in the tree that may be read and replaced. */
interface Slot {
  get(): ConfigNode | undefined;
  set(node: ConfigNode): void;
}

class Placement {
  readonly #value: string;
  readonly #issues: ConfigIssue[];
  readonly #source: ConfigSource & { readonly origin: string };

  constructor(name: string, value: string, issues: ConfigIssue[]) {
    this.#value = value;
    this.#issues = issues;
    this.#source = { origin: name };
  }

  put(slot: Slot, schema: ConfigSchema | undefined, parts: readonly string[], path: readonly string[]): void {
    const [part, ...rest] = parts;
    if (part === undefined) {
      const node = this.#parse(schema);
      if (node !== undefined) slot.set(node);
      return;
    }
    const existing = slot.get();
    const isList = schema?.kind === "list" || (existing?.kind === "list" && (schema === undefined || schema.kind === "any"));
    if (isList) return this.#putItem(slot, schema?.kind === "list" ? schema.item : undefined, part, rest, path);
    if (schema === undefined || schema.kind === "any" || schema.kind === "map" || schema.kind === "section")
      return this.#putEntry(slot, schema, part, rest, path);
    this.#unrecognised();
  }

  #putItem(slot: Slot, item: ConfigSchema | undefined, part: string, rest: readonly string[], path: readonly string[]): void {
    const existing = slot.get();
    const list: ListNode = existing?.kind === "list" ? existing : { kind: "list", items: [], source: this.#source };
    const index = Number(part);
    if (!/^\d+$/.test(part)) return this.#say(path, `non-numeric index: "${part}"`, "error");
    if (index > list.items.length) return this.#say(path, `undefined index: ${index}, the list has ${list.items.length}`, "error");
    if (list !== existing) slot.set(list);
    this.put({ get: () => list.items[index], set: (node) => void (list.items[index] = node) }, item, rest, [...path, part]);
  }

  #putEntry(slot: Slot, schema: ConfigSchema | undefined, part: string, rest: readonly string[], path: readonly string[]): void {
    let existing = slot.get();
    if (existing?.kind === "scalar" && schema?.kind === "section" && schema.bareWord === true) {
      existing = expandBareWord(existing);
      slot.set(existing);
    }
    if (existing?.kind === "scalar" || existing?.kind === "list") return this.#unrecognised();
    const known = schema?.kind === "section" ? knownKey(schema, part) : undefined;
    const key =
      known ?? [...(existing?.kind === "map" ? existing.entries.keys() : [])].find((name) => name.toUpperCase() === part.toUpperCase());
    if (key === undefined && schema?.kind === "section" && schema.open !== true) return this.#unrecognised();
    const name = key ?? part.toLowerCase();
    const below = schema?.kind === "section" ? schema.keys[name] : schema?.kind === "map" ? schema.value : undefined;
    const map: MapNode = existing?.kind === "map" ? existing : { kind: "map", entries: new Map(), source: this.#source };
    this.put(
      {
        get: () => map.entries.get(name)?.node,
        set: (node) => {
          if (slot.get() !== map) slot.set(map);
          map.entries.set(name, { source: node.source, node });
        },
      },
      below,
      rest,
      [...path, name],
    );
  }

  /** A value that YAML would refuse or split is still a fine text where text is wanted. */
  #parse(schema: ConfigSchema | undefined): ConfigNode | undefined {
    const wantsText = schema?.kind === "string";
    const problems: ConfigIssue[] = [];
    const node = parseYaml(this.#value, problems, this.#source.origin);
    if (wantsText && node?.kind !== "scalar" && node?.kind !== "null") {
      return { kind: "scalar", text: this.#value, quoted: true, value: this.#value, source: this.#source };
    }
    this.#issues.push(...problems);
    return node;
  }

  #unrecognised(): void {
    this.#say([], "is not recognised and has no effect", "warning");
  }

  #say(path: readonly string[], message: string, severity: "warning" | "error"): void {
    this.#issues.push({ path: path.join("."), message, severity, origin: this.#source.origin });
  }
}

function knownKey(schema: SectionSchema, part: string): string | undefined {
  const upper = part.toUpperCase();
  return Object.keys(schema.keys).find((key) => key.toUpperCase() === upper || schema.keys[key]?.variableName === upper);
}
