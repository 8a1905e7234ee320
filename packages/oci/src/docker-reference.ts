import { type Digest, isDigest } from "./digest.ts";
import type { DigestSet } from "./digest-set.ts";
import { InvalidReferenceError } from "./errors.ts";
import { matchesGlob } from "./glob.ts";
import {
  formatName,
  formatReference,
  isNamed,
  isNameOnly,
  type Named,
  parseReference,
  type Reference,
  withTag,
} from "./image-reference.ts";
import { DEFAULT_TAG, REFERENCE_REASONS, type RepositoryName } from "./reference.ts";

/** The registry meant when a reference names none. */
export const DEFAULT_DOMAIN = "docker.io";

const LEGACY_DEFAULT_DOMAIN = "index.docker.io";
const OFFICIAL_PREFIX = "library/";
const IDENTIFIER = /^[a-f0-9]{64}$/;
const SHORT_IDENTIFIER = /^[a-f0-9]{6,64}$/;

/**
 * Parses a reference as people write it for Docker and fills in what they leave out: `ubuntu` is `docker.io/library/ubuntu`.
 * The part before the first slash is a domain when it has a dot, a colon or an upper-case letter, or is `localhost`.
 *
 * @throws {InvalidReferenceError}
 */
export function parseNormalizedNamed(input: string): Named {
  if (IDENTIFIER.test(input)) throw new InvalidReferenceError(input, REFERENCE_REASONS.identifier);
  if (input === "") throw new InvalidReferenceError(input, REFERENCE_REASONS.empty);
  const { domain, remainder } = splitDomain(input);
  const colon = remainder.indexOf(":");
  if (/[A-Z]/.test(colon < 0 ? remainder : remainder.slice(0, colon))) throw new InvalidReferenceError(input, REFERENCE_REASONS.uppercase);
  const named = parseReference(`${domain}/${remainder}`);
  // A first part that is no domain would become part of the path: `a_b.c/x` is no image of Docker Hub.
  if (named.domain !== domain) throw new InvalidReferenceError(input, REFERENCE_REASONS.format);
  return named;
}

function splitDomain(input: string): { readonly domain: string; readonly remainder: string } {
  const slash = input.indexOf("/");
  const first = input.slice(0, Math.max(slash, 0));
  const isDomain = slash >= 0 && (first === "localhost" || /[.:A-Z]/.test(first));
  const domain = !isDomain || first === LEGACY_DEFAULT_DOMAIN ? DEFAULT_DOMAIN : first;
  const remainder = isDomain ? input.slice(slash + 1) : input;
  return { domain, remainder: domain === DEFAULT_DOMAIN && !remainder.includes("/") ? OFFICIAL_PREFIX + remainder : remainder };
}

/**
 * Parses what container runtimes are handed: normalised, the tag dropped when there is a digest, `latest` added when there is neither.
 *
 * @throws {InvalidReferenceError}
 */
export function parseDockerRef(input: string): Named {
  const { domain, path, tag, digest } = parseNormalizedNamed(input);
  if (digest !== undefined) return { domain, path, digest };
  return tagNameOnly({ domain, path, ...(tag !== undefined && { tag }) });
}

/** Adds the tag `latest` to a name alone. */
export function tagNameOnly(named: Named): Named {
  return isNameOnly(named) ? withTag(named, DEFAULT_TAG) : named;
}

/**
 * Parses a digest, a bare 64-digit sha256 hex, or a Docker reference. With `known` a short hex prefix of one of its digests works too.
 *
 * @throws {InvalidReferenceError}
 */
export function parseAnyReference(input: string, known?: DigestSet): Reference {
  const short = known !== undefined && SHORT_IDENTIFIER.test(input) ? known.find(input) : undefined;
  if (short !== undefined) return { digest: short };
  const digest: string = IDENTIFIER.test(input) ? `sha256:${input}` : input;
  return isDigest(digest) ? { digest: digest as Digest } : parseNormalizedNamed(input);
}

/** The name as people write it: without `docker.io` and `library/`. */
export function familiarName(named: Named): string {
  return formatName(familiar(named));
}

/** The reference as people write it. */
export function familiarString(reference: Reference): string {
  return isNamed(reference) ? formatReference(familiar(reference)) : formatReference(reference);
}

/**
 * True when the familiar form of a reference, with or without its tag, fits a pattern: `*` and `?` do not cross slashes, `[a-z]` is a
 * class, a backslash escapes.
 *
 * @throws {SyntaxError} when the pattern is malformed.
 */
export function familiarMatch(pattern: string, reference: Reference): boolean {
  const matches = (text: string): boolean => matchesGlob(pattern, text, { globstar: false });
  return matches(familiarString(reference)) || (isNamed(reference) && matches(familiarName(reference)));
}

function familiar(named: Named): Named {
  if (named.domain !== DEFAULT_DOMAIN) return named;
  const rest = named.path.slice(OFFICIAL_PREFIX.length);
  const official = named.path.startsWith(OFFICIAL_PREFIX) && !rest.includes("/");
  return { ...named, domain: "", path: official ? (rest as RepositoryName) : named.path };
}
