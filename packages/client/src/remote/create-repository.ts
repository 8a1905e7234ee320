import {
  formatRegistryReference,
  isSchema1MediaType,
  parseReferenceWithin,
  parseRegistryReference,
  type RegistryReference,
} from "@berth/oci";
import { createBlobStore } from "./blob-store.ts";
import { connect, type RemoteOptions } from "./connect.ts";
import type { RepositoryContext } from "./context.ts";
import { fetchBytes, fetchConfig, fetchManifest } from "./fetch-image.ts";
import { createManifestStore } from "./manifest-store.ts";
import { referrersIn } from "./referrers/create-referrers.ts";
import type { RemoteRepository } from "./remote-repository.ts";
import { type RepositoryOptions, repositorySettings } from "./repository-options.ts";
import { selectDescriptor } from "./select-platform.ts";
import { createTagStore } from "./tag-store.ts";

/** Options of {@link createRemoteRepository}. */
export type RemoteRepositoryOptions = RepositoryOptions & RemoteOptions;

/**
 * Makes a client of one repository. Nothing is sent yet.
 *
 * @param reference `registry/repository`, as text or parsed, as by `parseImageName`; a tag or digest behind it is kept as `reference`.
 * @throws {InvalidReferenceError} @throws {RangeError} on a number that an option cannot take.
 * @throws {TypeError} when options exclude each other, or `connection` is one to another registry.
 *
 * @example
 * ```ts
 * const repository = createRemoteRepository("ghcr.io/acme/app", { credentials: defaultCredentials() });
 * const { config } = await repository.fetchConfig("v1.2.3", { platform: { os: "linux", architecture: "arm64" } });
 * ```
 */
export function createRemoteRepository(reference: string | RegistryReference, options: RemoteRepositoryOptions = {}): RemoteRepository {
  const parsed = parseRegistryReference(typeof reference === "string" ? reference : formatRegistryReference(reference));
  const connection = connect(parsed.registry, options);
  return repositoryIn({ connection, name: parsed.repository, settings: repositorySettings(options) }, parsed);
}

/** Puts the parts of a repository together. */
export function repositoryIn(context: RepositoryContext, { registry, repository: name, reference }: RegistryReference): RemoteRepository {
  const referrers = referrersIn(context);
  const blobs = createBlobStore(context, registry);
  const manifests = createManifestStore(context, registry, referrers);
  const tagStore = createTagStore(context, manifests);
  const mediaTypes: ReadonlySet<string> = new Set(context.settings.manifestMediaTypes);
  /** Where content of a media type lives. Schema 1 is not asked for, but registries answer with it where they have nothing else. */
  const storeOf = ({ mediaType }: { readonly mediaType: string }): typeof blobs | typeof manifests =>
    mediaTypes.has(mediaType) || isSchema1MediaType(mediaType) ? manifests : blobs;
  const repository: RemoteRepository = {
    name,
    registry,
    reference,
    connection: context.connection,
    blobs,
    manifests,
    tagStore,
    referrersApi: referrers,
    parseReference: (text) => parseReferenceWithin({ registry, repository: name }, text),
    async resolve(text, options = {}) {
      const descriptor = await manifests.resolve(text, options);
      return options.platform === undefined ? descriptor : await selectDescriptor(repository, descriptor, options.platform, options);
    },
    fetch: async (target, options) => await storeOf(target).fetch(target, options),
    fetchReference: async (text, options) => await manifests.fetchReference(text, options),
    fetchHead: async (target, options) => await storeOf(target).fetchHead(target, options),
    fetchBytes: async (target, options) => await fetchBytes(context, repository, target, options),
    fetchManifest: async (text, options) => await fetchManifest(repository, text, options),
    fetchConfig: async (text, options) => await fetchConfig(repository, text, options),
    push: async (expected, content, options) => await storeOf(expected).push(expected, content, options),
    pushReference: async (expected, content, text, options) => await manifests.pushReference(expected, content, text, options),
    exists: async (target, options) => await storeOf(target).exists(target, options),
    delete: async (target, options) => await storeOf(target).delete(target, options),
    mount: async (target, from, options) => await blobs.mount(target, from, options),
    tag: async (target, text, options) => await manifests.tag(target, text, options),
    untag: async (tag, options) => await tagStore.untag(tag, options),
    tags: (options) => tagStore.tags(options),
    referrers: (subject, options) => referrers.list(subject, options),
    predecessors: async (target, options) => await referrers.predecessors(target, options),
  };
  return repository;
}
