import { type Digest, InvalidReferenceError, parseRegistryReference, parseTag, type RegistryReference, type Tag } from "@berth/oci";

/** Options of {@link parseImageName}. */
export interface ImageNameOptions {
  /** The registry of names that say none; default `docker.io`. */
  readonly defaultRegistry?: string;
  /** The tag of names with neither tag nor digest; default `latest`. */
  readonly defaultTag?: string;
  /** Refuses names that leave anything to a default, `library/` of Docker Hub included; default false. */
  readonly strict?: boolean;
}

const DOCKER_HUB = "docker.io";

/**
 * Reads a name as people type it: `ubuntu` is `docker.io/library/ubuntu:latest`. The part before the first slash is a registry when it
 * is `localhost` or has a dot or a colon. With tag and digest the digest counts. `formatRegistryReference` of `@berth/oci` writes it out.
 *
 * @throws {InvalidReferenceError}
 * @see ggcr, name.ParseReference
 *
 * @example
 * ```ts
 * const name = parseImageName("ubuntu:24.04");
 * const { config } = await createRemoteRepository(formatRegistryReference(name)).fetchConfig(name.reference);
 * ```
 */
export function parseImageName(input: string, options: ImageNameOptions = {}): RegistryReference & { readonly reference: Tag | Digest } {
  const { defaultRegistry = DOCKER_HUB, defaultTag = "latest", strict = false } = options;
  const refuse = (missing: string): never => {
    throw new InvalidReferenceError(input, `expected ${missing}, which strict names have`);
  };
  const slash = input.indexOf("/");
  const first = input.slice(0, Math.max(slash, 0));
  const hasRegistry = first === "localhost" || /[.:]/.test(first);
  if (!hasRegistry && strict) refuse("a registry");
  const registry = aliased(hasRegistry ? first : defaultRegistry);
  const path = hasRegistry ? input.slice(slash + 1) : input;
  const isShort = registry === DOCKER_HUB && path !== "" && !path.replace(/@.*/s, "").includes("/");
  if (isShort && strict) refuse("library/ before the name");
  const parsed = named(input, `${registry}/${isShort ? "library/" : ""}${path}`);
  const { reference } = parsed;
  if (reference !== undefined) return { ...parsed, reference };
  if (strict) refuse("a tag or digest");
  return { ...parsed, reference: parseTag(defaultTag) };
}

/** Docker Hub has one name here. */
function aliased(registry: string): string {
  return registry === "index.docker.io" ? DOCKER_HUB : registry;
}

/** Errors tell what was typed, not what was made of it. */
function named(input: string, text: string): RegistryReference {
  try {
    return parseRegistryReference(text);
  } catch (error) {
    if (error instanceof InvalidReferenceError) throw new InvalidReferenceError(input, error.reason);
    throw error;
  }
}
