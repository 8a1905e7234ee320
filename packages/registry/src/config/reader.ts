import type { ConfigIssue } from "./issues.ts";
import { lookUp, type MapNode } from "./tree.ts";
import { AnyValue, type ConfigRecord, type ConfigValue } from "./validate.ts";

/**
 * Typed look-ups in checked values by dotted path. A value that was refused reads as empty: an error stands in
 * the issues then, so what is built of it is never used.
 */
export class ConfigReader {
  readonly #root: MapNode;
  readonly #values: ConfigRecord;
  readonly #issues: ConfigIssue[];

  constructor(root: MapNode, values: ConfigRecord, issues: ConfigIssue[]) {
    this.#root = root;
    this.#values = values;
    this.#issues = issues;
  }

  /** The text at a path; empty when there is none. */
  text(path: string): string {
    return this.optionalText(path) ?? "";
  }

  /** The text at a path; undefined when there is none or it is empty. */
  optionalText(path: string): string | undefined {
    const value = this.#value(path);
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  /** The number at a path. */
  number(path: string): number {
    return this.optionalNumber(path) ?? 0;
  }

  /** The number at a path, if there is one. */
  optionalNumber(path: string): number | undefined {
    const value = this.#value(path);
    return typeof value === "number" ? value : undefined;
  }

  /** Whether the switch at a path is on. */
  flag(path: string): boolean {
    return this.#value(path) === true;
  }

  /** The texts of a list; undefined when the list is not there. */
  texts(path: string): readonly string[] | undefined {
    const value = this.#value(path);
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : undefined;
  }

  /** The sections of a list; empty when the list is not there. */
  sections(path: string): readonly ConfigRecord[] {
    const value = this.#value(path);
    return Array.isArray(value) ? value.filter(isRecord) : [];
  }

  /** The entries of a mapping; empty when it is not there. */
  entries(path: string): readonly (readonly [string, ConfigValue])[] {
    const value = this.#value(path);
    return isRecord(value) ? Object.entries(value) : [];
  }

  /** The keys as written under a path, known or not. */
  keys(path: string): readonly string[] {
    const { node } = this.#find(path);
    if (node?.kind === "scalar") return [node.text];
    return node?.kind === "map" ? [...node.entries.keys()] : [];
  }

  /** Whether something was written at a path, if only an empty section. */
  has(path: string): boolean {
    return this.#find(path).node !== undefined;
  }

  /** Whether a value other than nothing was written at a path. */
  isSet(path: string): boolean {
    const { node } = this.#find(path);
    return node !== undefined && node.kind !== "null";
  }

  /** Records an issue at the place of the path, or of the nearest thing around it. */
  say(path: string, message: string, severity: ConfigIssue["severity"]): void {
    this.#issues.push({ path, message, severity, ...this.#find(path).source });
  }

  #find(path: string): ReturnType<typeof lookUp> {
    return lookUp(this.#root, path.split("."));
  }

  #value(path: string): ConfigValue {
    let value: ConfigValue = this.#values;
    for (const part of path.split(".")) value = isRecord(value) ? value[part] : undefined;
    return value;
  }
}

function isRecord(value: ConfigValue): value is ConfigRecord {
  return typeof value === "object" && !Array.isArray(value) && !(value instanceof AnyValue);
}
