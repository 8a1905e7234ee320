import { InvalidReferenceError } from "./errors.ts";

declare const nameBrand: unique symbol;
declare const tagBrand: unique symbol;

/** A repository name without a registry host, checked: `library/alpine`. */
export type RepositoryName = string & { readonly [nameBrand]: true };

/** A tag, checked: `v1.0`. */
export type Tag = string & { readonly [tagBrand]: true };

/** Characters in a repository name, at most; the registry host does not count. */
export const MAX_REPOSITORY_NAME_LENGTH = 255;

/** Characters in a tag, at most. */
export const MAX_TAG_LENGTH = 128;

/** The tag meant when a reference has neither tag nor digest. */
export const DEFAULT_TAG = "latest";

/** The reasons that {@link InvalidReferenceError} carries, in the words of the reference implementation. */
export const REFERENCE_REASONS = {
  format: "invalid reference format",
  tag: "invalid tag format",
  digest: "invalid digest format",
  uppercase: "repository name must be lowercase",
  empty: "repository name must have at least one component",
  tooLong: "repository name must not be more than 255 characters",
  notCanonical: "repository name must be canonical",
  identifier: "cannot specify 64-byte hexadecimal strings",
} as const;

const DOT = 0x2e;
const DASH = 0x2d;
const UNDERSCORE = 0x5f;
const SLASH = 0x2f;

/** True when {@link parseRepositoryName} would accept `input`. */
export function isRepositoryName(input: string): input is RepositoryName {
  return input.length <= MAX_REPOSITORY_NAME_LENGTH && hasNameShape(input);
}

/**
 * Checks a repository name: components of `[a-z0-9]+` joined inside by `.`, `_`, `__` or dashes, and to each other by `/`.
 *
 * @throws {InvalidReferenceError} with one of {@link REFERENCE_REASONS} as its reason.
 * @see OCI distribution-spec, "Pulling manifests"
 */
export function parseRepositoryName(input: string): RepositoryName {
  if (isRepositoryName(input)) return input;
  throw new InvalidReferenceError(input, repositoryNameProblem(input));
}

/** True when {@link parseTag} would accept `input`. */
export function isTag(input: string): input is Tag {
  const length = input.length;
  if (length === 0 || length > MAX_TAG_LENGTH) return false;
  for (let i = 0; i < length; i++) {
    const c = input.charCodeAt(i);
    if (isWordCharacter(c) || (i > 0 && (c === DOT || c === DASH))) continue;
    return false;
  }
  return true;
}

/**
 * Checks a tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
 *
 * @throws {InvalidReferenceError} with the reason `invalid tag format`.
 * @see OCI distribution-spec, "Pulling manifests"
 */
export function parseTag(input: string): Tag {
  if (isTag(input)) return input;
  throw new InvalidReferenceError(input, REFERENCE_REASONS.tag);
}

/** Why a string that is no repository name is none. */
export function repositoryNameProblem(input: string): string {
  if (input === "") return REFERENCE_REASONS.empty;
  if (input.length > MAX_REPOSITORY_NAME_LENGTH) return hasNameShape(input) ? REFERENCE_REASONS.tooLong : REFERENCE_REASONS.format;
  return hasNameShape(lowerAscii(input)) ? REFERENCE_REASONS.uppercase : REFERENCE_REASONS.format;
}

/** The name grammar without the length limit: one pass, no backtracking. */
export function hasNameShape(input: string): boolean {
  let wordBefore = false;
  let i = 0;
  while (i < input.length) {
    const c = input.charCodeAt(i);
    if (isLowerAlphanumeric(c)) {
      wordBefore = true;
      i++;
      continue;
    }
    if (!wordBefore) return false;
    i = afterSeparator(input, i);
    if (i < 0) return false;
    wordBefore = false;
  }
  return wordBefore;
}

/** Index behind the separator that starts at `i`, or -1 when there is none. */
function afterSeparator(input: string, i: number): number {
  const c = input.charCodeAt(i);
  if (c === SLASH || c === DOT) return i + 1;
  if (c === UNDERSCORE) return input.charCodeAt(i + 1) === UNDERSCORE ? i + 2 : i + 1;
  if (c !== DASH) return -1;
  let end = i + 1;
  while (input.charCodeAt(end) === DASH) end++;
  return end;
}

function isLowerAlphanumeric(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
}

function isWordCharacter(c: number): boolean {
  return isLowerAlphanumeric(c) || (c >= 0x41 && c <= 0x5a) || c === UNDERSCORE;
}

/** Not `toLowerCase()`: that also turns the Kelvin sign into a plain `k`. */
function lowerAscii(input: string): string {
  return input.replace(/[A-Z]/g, (c) => c.toLowerCase());
}
