import { isBareDuration, parseDuration } from "./duration.ts";
import { didYouMean } from "./closest.ts";
import type { ConfigIssue } from "./issues.ts";
import type { ConfigSchema, KeyEffect, SectionSchema } from "./schema/schema.ts";
import { parseSize } from "./size.ts";
import { type ConfigNode, type ConfigSource, expandBareWord, plainValue } from "./tree.ts";

/** What a valid file says: defaults filled in, durations in milliseconds, sizes in bytes. */
export type ConfigValue = string | number | boolean | undefined | readonly ConfigValue[] | ConfigRecord | AnyValue;

/** A section or mapping. */
export interface ConfigRecord {
  readonly [key: string]: ConfigValue;
}

/** A value of a key that takes anything. */
export class AnyValue {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** Checks a tree against its description and says everything that is wrong with it. */
export function validate(root: ConfigNode, schema: SectionSchema, issues: ConfigIssue[]): ConfigRecord {
  return new Validator(issues).section(root, schema, "");
}

const YES = /^(?:y|yes|true|on)$/i;
const NO = /^(?:n|no|false|off)$/i;

class Validator {
  readonly #issues: ConfigIssue[];

  constructor(issues: ConfigIssue[]) {
    this.#issues = issues;
  }

  section(node: ConfigNode | undefined, schema: SectionSchema, path: string): ConfigRecord {
    const map = node?.kind === "scalar" && schema.bareWord === true ? expandBareWord(node) : node;
    if (map !== undefined && map.kind !== "map" && map.kind !== "null") this.#wrong(map, schema, path, "a mapping");
    const entries = map?.kind === "map" ? map.entries : undefined;
    for (const [key, entry] of entries ?? []) {
      if (Object.hasOwn(schema.keys, key) || schema.open === true) continue;
      const guess = didYouMean(path, key, Object.keys(schema.keys));
      this.#say(entry.source, join(path, key), `is not a known key${guess === undefined ? "" : `: ${guess}`}`, "warning");
    }
    const values: Record<string, ConfigValue> = {};
    for (const [key, below] of Object.entries(schema.keys)) {
      const entry = entries?.get(key);
      if (entry !== undefined && below.effect !== undefined) this.#effect(below.effect, entry.source, join(path, key));
      const present = map !== undefined;
      values[key] = this.#value(entry?.node, below, join(path, key), present ? (map.source ?? {}) : undefined);
    }
    return values;
  }

  /** `owner`: the section the value belongs to, when that section is there: only then is a required key missed. */
  #value(node: ConfigNode | undefined, schema: ConfigSchema, path: string, owner: ConfigSource | undefined): ConfigValue {
    const set = node?.kind === "null" ? undefined : node;
    if (schema.kind === "section") return this.section(node, schema, path);
    if (set === undefined) {
      if (schema.kind === "string" && schema.required === true && owner !== undefined)
        this.#say(node?.source ?? owner, path, "is required", "error");
      return absent(schema);
    }
    switch (schema.kind) {
      case "any":
        return new AnyValue(plainValue(set));
      case "list":
        if (set.kind !== "list") return this.#wrong(set, schema, path, "a list");
        return set.items.map((item, index) => this.#value(item, schema.item, join(path, String(index)), item.source));
      case "map":
        if (set.kind !== "map") return this.#wrong(set, schema, path, "a mapping");
        return Object.fromEntries(
          [...set.entries].map(([key, entry]) => [key, this.#value(entry.node, schema.value, join(path, key), entry.source)]),
        );
      default:
        return this.#scalar(set, schema, path);
    }
  }

  #scalar(node: ConfigNode, schema: Exclude<ConfigSchema, { kind: "any" | "list" | "map" | "section" }>, path: string): ConfigValue {
    if (node.kind !== "scalar") return this.#wrong(node, schema, path, NOUNS[schema.kind]);
    const { text } = node;
    switch (schema.kind) {
      case "string": {
        const complaint = schema.check?.(text);
        return complaint === undefined ? text : this.#wrong(node, schema, path, complaint);
      }
      case "boolean":
        if (!node.quoted && YES.test(text)) return true;
        if (!node.quoted && NO.test(text)) return false;
        return this.#wrong(node, schema, path, NOUNS.boolean);
      case "choice": {
        const word = schema.values.find((value) => value.toLowerCase() === text.toLowerCase());
        return word ?? this.#wrong(node, schema, path, `one of ${schema.values.join(", ")}`);
      }
      case "integer": {
        const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
        const fits = Number.isSafeInteger(number) && number >= (schema.min ?? -Infinity) && number <= (schema.max ?? Infinity);
        return fits ? number : this.#wrong(node, schema, path, `a whole number${range(schema.min, schema.max)}`);
      }
      case "duration": {
        const ms = parseDuration(text);
        if (ms === undefined || ms < (schema.min ?? 0))
          return this.#wrong(
            node,
            schema,
            path,
            `a duration such as 30s or 1h30m${schema.min === undefined || schema.min === 0 ? "" : `, at least ${schema.min}ms`}`,
          );
        if (isBareDuration(text) && ms > 0 && ms < 1)
          this.#say(node.source, path, `means ${text} nanoseconds: write a unit, such as ${text}s`, "warning");
        return ms;
      }
      case "size": {
        const bytes = parseSize(text);
        return bytes !== undefined && bytes >= (schema.min ?? 0)
          ? bytes
          : this.#wrong(node, schema, path, `a size such as 4MiB${range(schema.min, undefined)}`);
      }
    }
  }

  #effect({ kind, note }: KeyEffect, source: ConfigSource, path: string): void {
    if (kind === "refused") this.#say(source, path, `cannot be honoured: ${note}`, "error");
    else
      this.#say(
        source,
        path,
        kind === "later" ? `has no effect yet: ${note}` : `has no effect: ${note}`,
        kind === "later" ? "warning" : "info",
      );
  }

  #wrong(node: ConfigNode, schema: ConfigSchema, path: string, expected: string): undefined {
    const got =
      node.kind === "list"
        ? "a list"
        : node.kind === "map"
          ? "a mapping"
          : isSecret(schema) || node.kind === "null"
            ? "another value"
            : `"${clip(node.text)}"`;
    this.#say(node.source, path, `expected ${expected}, got ${got}`, "error");
    return undefined;
  }

  #say(source: ConfigSource, path: string, message: string, severity: ConfigIssue["severity"]): void {
    this.#issues.push({ path, message, severity, ...source });
  }
}

const NOUNS: Readonly<Record<"string" | "boolean" | "integer" | "duration" | "size" | "choice", string>> = {
  string: "text",
  boolean: "true or false",
  integer: "a whole number",
  duration: "a duration",
  size: "a size",
  choice: "a word",
};

function absent(schema: ConfigSchema): ConfigValue {
  switch (schema.kind) {
    case "duration":
      return schema.default === undefined ? undefined : parseDuration(schema.default);
    case "size":
      return schema.default === undefined ? undefined : parseSize(schema.default);
    case "list":
    case "map":
    case "any":
    case "section":
      return undefined;
    default:
      return schema.default;
  }
}

function range(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  return min === undefined ? "" : ` of at least ${min}`;
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** A list of secrets is one too: whoever writes one where the list belongs must not see it printed. */
function isSecret(schema: ConfigSchema): boolean {
  if (schema.secret === true) return true;
  return schema.kind === "list" ? isSecret(schema.item) : schema.kind === "map" ? isSecret(schema.value) : false;
}

function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}...`;
}
