import { parseSize, parseWait } from "../flags/values.ts";

/** One mistake of a file. */
export interface ConfigMistake {
  /** Where in the file: `registries`, `docker.io`, `mirrors`. */
  readonly path: readonly (string | number)[];
  /** What is wrong, in words that fit behind the path. */
  readonly reason: string;
}

/** Reads one value; what it throws is the reason why it cannot be. */
export type Read<T> = (value: unknown) => T;

/** Where a value stands, and where mistakes in it go. */
export interface ReadPlace {
  readonly path: readonly (string | number)[];
  readonly mistakes: ConfigMistake[];
}

/** How every key of an object is read. */
export type Readers<T> = { readonly [Key in keyof Required<T>]: (value: unknown, place: ReadPlace) => Required<T>[Key] };

class Mistake extends Error {}

/** Refuses a value for a reason of its own. */
export function refuse(reason: string): never {
  throw new Mistake(reason);
}

/** Refuses a value. */
export function expected(what: string, value: unknown): never {
  const shown =
    typeof value === "string"
      ? JSON.stringify(value)
      : value === null
        ? "nothing"
        : Array.isArray(value)
          ? `${value.length === 0 ? "an empty" : "a"} list`
          : typeof value === "object"
            ? "keys with values"
            : typeof value;
  return refuse(`expected ${what}, got ${typeof value === "number" || typeof value === "boolean" ? String(value) : shown}`);
}

/** A text that is not empty. */
export const text: Read<string> = (value) => (typeof value === "string" && value !== "" ? value : expected("a text", value));
/** True or false. */
export const truth: Read<boolean> = (value) => (typeof value === "boolean" ? value : expected("true or false", value));
/** A whole number. */
export const whole: Read<number> = (value) => (Number.isSafeInteger(value) ? Number(value) : expected("a whole number", value));
/** A number above 0. */
export const positive: Read<number> = (value) => (typeof value === "number" && value > 0 ? value : expected("a number above 0", value));
/** A whole number from 1. */
export const count: Read<number> = (value) => (whole(value) > 0 ? whole(value) : expected("a whole number from 1", value));

/** Milliseconds: a text such as `15s`, or a number of seconds. */
export const duration: Read<number> = (value) => {
  try {
    return parseWait(typeof value === "number" ? String(value) : text(value));
  } catch {
    return expected("a time such as 15s", value);
  }
};

/** Bytes: a number, or a text such as `16MiB`. */
export const size: Read<number> = (value) => {
  if (typeof value === "number") return count(value);
  try {
    return parseSize(text(value));
  } catch {
    return expected("a size such as 16MiB", value);
  }
};

/** What a host looks like, perhaps with a port. */
export const HOST: RegExp = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
/** A host, perhaps with a port. */
export const host: Read<string> = (value) =>
  typeof value === "string" && HOST.test(value) ? value : expected("a host such as mirror.example.com or localhost:5000", value);
/** Hosts. */
export const hosts: Read<readonly string[]> = (value) => (Array.isArray(value) ? value.map(host) : expected("a list of hosts", value));

/** Hosts, or origins with their scheme. */
export const realms: Read<readonly string[]> = (value) => (Array.isArray(value) ? value.map(realm) : expected("a list of hosts", value));

const realm: Read<string> = (value) =>
  typeof value === "string" && HOST.test(value.replace(/^https?:\/\//, ""))
    ? value
    : expected("a host such as auth.example.com, or http://auth.example.com", value);

/** Texts: a list, or one alone. */
export const texts: Read<readonly string[]> = (value) =>
  Array.isArray(value) && value.length > 0
    ? value.map(text)
    : typeof value === "string"
      ? [text(value)]
      : expected("a list of texts", value);

/** One of some words. */
export function oneOf<T extends string>(...words: readonly T[]): Read<T> {
  return (value) => words.find((word) => word === value) ?? expected(`one of ${words.join(", ")}`, value);
}

/** An object, every key of which is read by its reader. */
export function objectOf<T extends object>(readers: Readers<T>): (value: unknown, place: ReadPlace) => Partial<T> {
  return (value, place) => readObject(value, readers, place);
}

/** Reads an object: every key as its reader does. Mistakes are gathered, and what they are in is left out. */
export function readObject<T extends object>(value: unknown, readers: Readers<T>, { path, mistakes }: ReadPlace): Partial<T> {
  const known: readonly (readonly [string, (value: unknown, place: ReadPlace) => unknown])[] = Object.entries(readers);
  const read: Partial<T> = {};
  for (const [key, one] of entriesOf(value, { path, mistakes })) {
    const place = { path: [...path, key], mistakes };
    const reader = known.find(([name]) => name === key)?.[1];
    if (reader === undefined) mistakes.push({ path: place.path, reason: unknownKey(key, Object.keys(readers)) });
    else readInto(read, key, () => reader(one, place), place);
  }
  return read;
}

function readInto(into: object, key: string, read: () => unknown, { path, mistakes }: ReadPlace): void {
  try {
    Reflect.set(into, key, read());
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    mistakes.push({ path, reason: error.message });
  }
}

/** The keys of an object with their values; none, and a mistake, when it is something else. */
export function entriesOf(value: unknown, { path, mistakes }: ReadPlace): readonly (readonly [string, unknown])[] {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.entries(value);
  mistakes.push({ path, reason: "expected keys with values" });
  return [];
}

/** What is said of a key that means nothing. */
export function unknownKey(key: string, known: readonly string[]): string {
  return `"${key.slice(0, 100)}" is not a known key, expected one of ${known.join(", ")}`;
}
