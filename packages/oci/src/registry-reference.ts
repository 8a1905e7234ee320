import { type Digest, isDigest } from "./digest.ts";
import { isRegistryHost } from "./domain.ts";
import { InvalidReferenceError } from "./errors.ts";
import {
  DEFAULT_TAG,
  isRepositoryName,
  isTag,
  REFERENCE_REASONS,
  type RepositoryName,
  repositoryNameProblem,
  type Tag,
} from "./reference.ts";

/**
 * A reference that always names its registry and never has defaults filled in: `registry/repository[:tag|@digest]`. Tools that
 * work with any registry use this form; people at a Docker prompt use `parseNormalizedNamed`.
 */
export interface RegistryReference {
  /** Host, perhaps with a port. */
  readonly registry: string;
  readonly repository: RepositoryName;
  /** Undefined: the repository as a whole is meant. */
  readonly reference?: Tag | Digest;
}

/**
 * Parses `registry/repository`, `...:tag`, `...@digest` and `...:tag@digest`; in the last form the tag is dropped. A leading `oci://` is
 * allowed.
 *
 * @throws {InvalidReferenceError}
 */
export function parseRegistryReference(input: string): RegistryReference {
  const text = input.startsWith("oci://") ? input.slice("oci://".length) : input;
  const slash = text.indexOf("/");
  if (slash < 0) throw new InvalidReferenceError(input, "expected registry/repository, as in docker.io/library/ubuntu");
  const registry = text.slice(0, slash);
  if (!isRegistryHost(registry)) throw new InvalidReferenceError(input, registryProblem(input));
  const { name, reference } = splitReference(text.slice(slash + 1));
  if (!isRepositoryName(name)) throw new InvalidReferenceError(input, repositoryNameProblem(name));
  return { registry, repository: name, ...(reference !== undefined && { reference: check(input, reference.text, reference.kind) }) };
}

/**
 * Parses a reference within a repository: a tag, a digest, `tag@digest` (the tag is dropped), or a whole reference that must name that
 * same repository. A text without a slash is never taken for a host.
 *
 * @throws {InvalidReferenceError}
 */
export function parseReferenceWithin(
  repository: RegistryReference,
  input: string,
): RegistryReference & { readonly reference: Tag | Digest } {
  const whole = input.includes("/") ? parseRegistryReference(input) : undefined;
  if (whole !== undefined && (whole.registry !== repository.registry || whole.repository !== repository.repository)) {
    throw new InvalidReferenceError(
      input,
      `expected a reference within "${formatRegistryReference({ ...repository, reference: undefined })}"`,
    );
  }
  const at = input.indexOf("@");
  const reference = whole === undefined ? check(input, at < 0 ? input : input.slice(at + 1), at < 0 ? "any" : "digest") : whole.reference;
  if (reference === undefined) throw new InvalidReferenceError(input, "expected a tag or digest");
  return { registry: repository.registry, repository: repository.repository, reference };
}

function registryProblem(input: string): string {
  if (/^https?:\/\//i.test(input)) return "invalid registry: leave the scheme out";
  const [, port = 0] = /^[^:]*:(\d+)(?:\/|$)/.exec(input) ?? [];
  return Number(port) > 65_535 ? "invalid registry: expected a port up to 65535" : "invalid registry";
}

function splitReference(path: string): {
  readonly name: string;
  readonly reference?: { readonly text: string; readonly kind: "tag" | "digest" };
} {
  const at = path.indexOf("@");
  const colon = path.indexOf(":");
  if (at >= 0)
    return { name: path.slice(0, colon >= 0 && colon < at ? colon : at), reference: { text: path.slice(at + 1), kind: "digest" } };
  return colon < 0 ? { name: path } : { name: path.slice(0, colon), reference: { text: path.slice(colon + 1), kind: "tag" } };
}

function check(input: string, text: string, kind: "tag" | "digest" | "any"): Tag | Digest {
  if (kind !== "tag" && isDigest(text)) return text;
  if (kind !== "digest" && isTag(text)) return text;
  throw new InvalidReferenceError(input, kind === "digest" || text.includes(":") ? REFERENCE_REASONS.digest : REFERENCE_REASONS.tag);
}

/**
 * Checks the address of a registry: `host` or `host:port`.
 *
 * @throws {InvalidReferenceError}
 */
export function parseRegistryHost(input: string): string {
  if (!isRegistryHost(input)) throw new InvalidReferenceError(input, registryProblem(input));
  return input;
}

/** The host that requests go to: Docker Hub answers under another name than it is known by. */
export function registryTrafficHost(registry: string): string {
  return registry === "docker.io" || registry === "index.docker.io" ? "registry-1.docker.io" : registry;
}

/** The tag or digest, else `latest`. */
export function referenceOrDefault(reference: RegistryReference): string {
  return reference.reference ?? DEFAULT_TAG;
}

/** Writes a reference; {@link parseRegistryReference} reads it back. */
export function formatRegistryReference(
  value: Omit<RegistryReference, "reference"> & { readonly reference?: Tag | Digest | undefined },
): string {
  const { registry, repository, reference } = value;
  if (reference === undefined) return `${registry}/${repository}`;
  return `${registry}/${repository}${isDigest(reference) ? "@" : ":"}${reference}`;
}
