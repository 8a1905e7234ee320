import { type Digest, isDigest, isDigestShape } from "./digest.ts";
import { isDomain } from "./domain.ts";
import { InvalidReferenceError } from "./errors.ts";
import {
  hasNameShape,
  isTag,
  MAX_REPOSITORY_NAME_LENGTH,
  parseTag,
  REFERENCE_REASONS,
  type RepositoryName,
  type Tag,
} from "./reference.ts";

/** Something with a repository name: `domain/path[:tag][@digest]`. */
export interface Named {
  /** Registry host, perhaps with a port; "" when the reference has none. */
  readonly domain: string;
  /** Name of the repository within its registry. */
  readonly path: RepositoryName;
  readonly tag?: Tag;
  readonly digest?: Digest;
}

/** Something with a tag. */
export interface Tagged {
  readonly tag: Tag;
}

/** Something with a digest. */
export interface Digested {
  readonly digest: Digest;
}

/** A name with a tag. */
export type NamedTagged = Named & Tagged;

/** A name with a digest: it can mean only one content. */
export type Canonical = Named & Digested;

/** Anything that a reference can be: a name with what follows it, or a digest alone. */
export type Reference = Named | Digested;

/** True when the reference has a name. */
export function isNamed(reference: Reference): reference is Named {
  return "path" in reference;
}

/** True when the reference has a tag. */
export function isTagged(reference: Reference): reference is NamedTagged {
  return isNamed(reference) && reference.tag !== undefined;
}

/** True when the reference has a name and a digest. */
export function isCanonical(reference: Reference): reference is Canonical {
  return isNamed(reference) && reference.digest !== undefined;
}

/**
 * Parses `[domain/]path[:tag][@digest]` as it stands, adding nothing. What comes before the first slash is a domain
 * whenever it could be one, so `library/alpine` has the domain `library`; `parseNormalizedNamed` knows better.
 *
 * @throws {InvalidReferenceError} with one of `REFERENCE_REASONS` as its reason.
 */
export function parseReference(input: string): Named {
  if (input === "") throw new InvalidReferenceError(input, REFERENCE_REASONS.empty);
  const parts = split(input);
  if (parts === undefined) {
    const upper = split(input.replace(/[A-Z]/g, (c) => c.toLowerCase())) !== undefined;
    throw new InvalidReferenceError(input, upper ? REFERENCE_REASONS.uppercase : REFERENCE_REASONS.format);
  }
  const { domain, path, tag, digest } = parts;
  if (path.length > MAX_REPOSITORY_NAME_LENGTH) throw new InvalidReferenceError(input, REFERENCE_REASONS.tooLong);
  if (digest !== undefined && !isDigest(digest)) throw new InvalidReferenceError(input, REFERENCE_REASONS.digest);
  return { domain, path: path as RepositoryName, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

interface Parts {
  readonly domain: string;
  readonly path: string;
  readonly tag?: Tag;
  /** Of the right shape; its algorithm and length are still to be checked. */
  readonly digest?: string;
}

/** Cuts a reference up; undefined when it is not of the grammar. */
function split(input: string): Parts | undefined {
  const at = input.indexOf("@");
  const digest = at < 0 ? undefined : input.slice(at + 1);
  if (digest !== undefined && !isDigestShape(digest)) return undefined;
  const rest = at < 0 ? input : input.slice(0, at);
  const colon = rest.indexOf(":", rest.lastIndexOf("/") + 1);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !isTag(tag)) return undefined;
  const name = splitName(colon < 0 ? rest : rest.slice(0, colon));
  return name && { ...name, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function splitName(name: string): { readonly domain: string; readonly path: string } | undefined {
  const slash = name.indexOf("/");
  const hasDomain = slash > 0 && isDomain(name.slice(0, slash));
  const path = hasDomain ? name.slice(slash + 1) : name;
  return hasNameShape(path) ? { domain: hasDomain ? name.slice(0, slash) : "", path } : undefined;
}

/**
 * A reference of a name alone.
 *
 * @throws {InvalidReferenceError} when `name` is malformed or has a tag or digest.
 */
export function withName(name: string): Named {
  const named = parseReference(name);
  if (named.tag !== undefined || named.digest !== undefined) throw new InvalidReferenceError(name, REFERENCE_REASONS.format);
  return named;
}

/** The same name with a tag; a digest is kept. @throws {InvalidReferenceError} when the tag is malformed. */
export function withTag<N extends Named>(named: N, tag: string): N & Tagged {
  return { ...named, tag: parseTag(tag) };
}

/** The same name with a digest; a tag is kept. @throws {InvalidReferenceError} when the digest is malformed. */
export function withDigest<N extends Named>(named: N, digest: string): N & Digested {
  if (!isDigest(digest)) throw new InvalidReferenceError(digest, REFERENCE_REASONS.digest);
  return { ...named, digest };
}

/** The name alone. */
export function trimNamed(named: Named): Named {
  return { domain: named.domain, path: named.path };
}

/** True when there is neither tag nor digest. */
export function isNameOnly(named: Named): boolean {
  return named.tag === undefined && named.digest === undefined;
}

/** `domain/path`, or the path alone. */
export function formatName(named: Named): string {
  return named.domain === "" ? named.path : `${named.domain}/${named.path}`;
}

/** Writes a reference; `parseReference` reads it back, or `parseAnyReference` when it is a digest alone. */
export function formatReference(reference: Reference): string {
  if (!isNamed(reference)) return reference.digest;
  const { tag, digest } = reference;
  return `${formatName(reference)}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}
