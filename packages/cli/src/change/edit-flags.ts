import type { Platform } from "@berth/oci";
import type { MapEdits } from "@berth/transfer";
import { type Command, InvalidArgumentError, Option } from "commander";
import { readPlatform } from "../flags/platform.ts";

/** Texts by name. */
export type Pairs = Readonly<Record<string, string>>;

/** Reads `name=value`, and gathers it. @throws {InvalidArgumentError} */
export function morePairs(text: string, before: Pairs = {}): Pairs {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("expected name=value");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Changes to a map: what is set, and names that go; undefined: nothing was said. */
export function mapEdits(set: Pairs | undefined, removed: readonly string[] | undefined): MapEdits | undefined {
  if (set === undefined && removed === undefined) return undefined;
  return { ...Object.fromEntries((removed ?? []).map((name) => [name, null])), ...set };
}

/** Changes to a set of names: what is added, and what goes; undefined: nothing was said. */
export function setEdits(
  added: readonly string[] | undefined,
  removed: readonly string[] | undefined,
): Readonly<Record<string, boolean>> | undefined {
  if (added === undefined && removed === undefined) return undefined;
  return Object.fromEntries([
    ...(removed ?? []).map((name) => [name, false] as const),
    ...(added ?? []).map((name) => [name, true] as const),
  ]);
}

/**
 * Reads a command of an image: a list in JSON, or words with spaces between them. Quotes would be part of the words here, unlike in a
 * shell: whoever writes them wants something else.
 *
 * @throws {InvalidArgumentError}
 */
export function parseWords(text: string): readonly string[] {
  if (!text.trimStart().startsWith("[")) {
    if (/["']/.test(text)) throw new InvalidArgumentError('words with quotes are written as a list in JSON: ["sh","-c","echo hi"]');
    return text.split(/\s+/).filter(Boolean);
  }
  const words = fromJson(text);
  if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  throw new InvalidArgumentError('expected words, or a list of texts in JSON: ["sh","-c","echo hi"]');
}

/** Reads the platform that something is for: unlike one that is looked for, it has an OS and an architecture. @throws {InvalidArgumentError} */
export function parseWholePlatform(text: string): Platform {
  if (!text.includes("/")) throw new InvalidArgumentError("expected os/architecture/variant, such as linux/arm64");
  return readPlatform(text);
}

/** Adds a flag and its opposite: `--cmd <words>` and `--no-cmd`. The value is false for the opposite. */
export function addClearable(command: Command, flag: string, doc: string, parse?: (text: string) => unknown): Command {
  const option = new Option(flag, doc);
  if (parse !== undefined) option.argParser(parse);
  return command.addOption(option).option(`--no-${option.name()}`, "take it away");
}

/** What a flag of {@link addClearable} means as an edit. */
export function clearable<T>(value: T | false | undefined): T | null | undefined {
  return value === false ? null : value;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
