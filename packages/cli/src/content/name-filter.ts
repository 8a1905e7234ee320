import { matchesGlob } from "@berth/oci";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";

/** Which names are wanted. */
export interface NameFilterOptions {
  /** Patterns, one of which must match; none: all names do. */
  readonly match?: readonly string[];
  /** Patterns, none of which may match. */
  readonly exclude?: readonly string[];
}

/** Longest expression that is taken: those of others can take for ever. */
const MAX_EXPRESSION = 1000;

/** What of shell patterns has to be said, for help. */
export const PATTERNS_TEXT = "In shell patterns * stands for anything between two slashes, and ** between them for any number of parts.";

/**
 * Makes a test for names. A pattern is a shell pattern (`1.*`, `acme/**`), or between slashes a regular expression (`/^v\d+$/`).
 *
 * @throws {CommandFailure}
 */
export function nameFilter({ match = [], exclude = [] }: NameFilterOptions): (name: string) => boolean {
  const wanted = match.map(testOf);
  const unwanted = exclude.map(testOf);
  return (name) => (wanted.length === 0 || wanted.some((test) => test(name))) && !unwanted.some((test) => test(name));
}

function testOf(pattern: string): (name: string) => boolean {
  try {
    const expression = /^\/(.*)\/$/s.exec(pattern)?.[1];
    if (expression === undefined || expression.length > MAX_EXPRESSION) {
      matchesGlob(pattern, ""); // finds its mistakes now
      return (name) => matchesGlob(pattern, name);
    }
    const compiled = new RegExp(expression, "u");
    return (name) => compiled.test(name);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CommandFailure(EXIT_CODE.usage, `cannot use pattern "${pattern.slice(0, 100)}": ${error.message}`);
  }
}

/** Tags that hold what belongs to an image rather than a version of one: `sha256-<hex>`, `sha256-<hex>.sig`. */
export function isDigestTag(tag: string): boolean {
  return /^sha(?:256-[0-9a-f]{64}|384-[0-9a-f]{96}|512-[0-9a-f]{64,128})(?:\.[a-z]+)?$/.test(tag);
}
