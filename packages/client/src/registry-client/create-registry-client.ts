import { bytesSource, type CallOptions, type Descriptor, MEDIA_TYPES, parseDigest, parseRepositoryName } from "@berth/oci";
import { createConnection } from "../remote/create-connection.ts";
import type { Connection, ConnectionRequest } from "../remote/connection.ts";
import type { RepositoryContext } from "../remote/context.ts";
import { createRemoteRegistry } from "../remote/create-registry.ts";
import { manifestDigest } from "../remote/manifest-descriptor.ts";
import { statManifest } from "../remote/manifest-stat.ts";
import { repositorySettings } from "../remote/repository-options.ts";
import { redactUrl } from "../transport/redact.ts";
import { type BaseUrl, parseBaseUrl } from "./base-url.ts";
import { basedConnection } from "./based-connection.ts";
import { uploadWhole } from "./blob-upload.ts";
import {
  ANY_DESCRIPTOR,
  ANY_MANIFEST,
  checkedReference,
  readDigest,
  readList,
  readManifestOf,
  readSchema1,
  readSchema2,
} from "./manifest-reads.ts";
import type { RegistryClientOptions } from "./options.ts";
import type { RegistryClient } from "./registry-client.ts";
import { logToStderr, type RegistryLog } from "./registry-log.ts";
import { encodeSchema2 } from "./schema2.ts";
import { authOptionsOf, credentialsOf } from "./wrap-transport.ts";

/**
 * Makes a client of a registry by its URL. Nothing is sent yet. The counterpart of docker-registry-client's `NewCustom`.
 *
 * @param url `https://host[:port][/path]`.
 * @throws {TypeError} when it is no such URL.
 *
 * @example
 * ```ts
 * const registry = createRegistryClient("https://registry.example.com", { username: "alice", password });
 * console.log(await registry.tags("team/app"));
 * ```
 */
export function createRegistryClient(url: string, options: Omit<RegistryClientOptions, "pingFirst"> = {}): RegistryClient {
  const base = parseBaseUrl(url);
  const log = options.log ?? logToStderr;
  const connection = basedConnection(connectionOf(base, options), base, (request) => logUpload(log, base, request));
  return clientOver(base, connection, log);
}

/**
 * Makes a client, and pings the registry first when the options say so.
 *
 * @throws {TypeError} when `url` is no URL of a registry. @throws {ResponseError} @throws {NetworkError} @throws {AuthError} of the ping.
 */
export async function openRegistryClient(
  url: string,
  options: RegistryClientOptions = {},
  call: CallOptions = {},
): Promise<RegistryClient> {
  const { pingFirst = false, ...rest } = options;
  const client = createRegistryClient(url, rest);
  if (pingFirst) await client.ping(call);
  return client;
}

/**
 * Makes a client and pings the registry, as docker-registry-client's `New` does.
 *
 * @param username may be empty: nobody.
 * @throws {TypeError} when `url` is no URL of a registry. @throws {NetworkError} when it does not answer.
 * @throws {ResponseError} @throws {AuthError} when it takes no such user, or is no registry.
 */
export async function connectRegistry(url: string, username: string, password: string, call: CallOptions = {}): Promise<RegistryClient> {
  return await openRegistryClient(url, { username, password, pingFirst: true }, call);
}

/**
 * {@link connectRegistry} that takes any certificate: the counterpart of `NewInsecure`. Other clients are not touched by it.
 *
 * @throws {TypeError} @throws {NetworkError} @throws {ResponseError} @throws {AuthError} as that does.
 */
export async function connectInsecureRegistry(
  url: string,
  username: string,
  password: string,
  call: CallOptions = {},
): Promise<RegistryClient> {
  return await openRegistryClient(url, { username, password, insecure: true, pingFirst: true }, call);
}

function connectionOf(base: BaseUrl, options: RegistryClientOptions): Connection {
  const plainHttp = base.isPlainHttp;
  if (options.transport !== undefined) return createConnection(base.host, { plainHttp, transport: options.transport });
  const credentials = credentialsOf(base.host, options);
  return createConnection(base.host, {
    plainHttp,
    auth: authOptionsOf(options),
    ...(credentials && { credentials }),
    ...(options.insecure && { http: { tls: { insecure: true } } }),
  });
}

/** Where an upload goes is known to nobody but the connection. */
function logUpload(log: RegistryLog, base: BaseUrl, { method, target }: ConnectionRequest): void {
  if (method === "PUT" && target instanceof URL) log("registry.blob.upload url=%s", redactUrl(target));
  else if (method === "POST" && typeof target === "string")
    log("registry.blob.initiate-upload url=%s", redactUrl(base.origin + base.prefix + target));
}

function clientOver(base: BaseUrl, connection: Connection, log: RegistryLog): RegistryClient {
  const registry = createRemoteRegistry(base.host, { connection });
  const settings = repositorySettings();
  const contextOf = (name: string, mediaTypes?: readonly string[]): RepositoryContext => ({
    connection,
    name: parseRepositoryName(name),
    settings: mediaTypes === undefined ? settings : { ...settings, manifestMediaTypes: mediaTypes },
  });
  /** One line for one operation. */
  const note = (event: string, path: string, about: Readonly<Record<string, string>> = {}): void => {
    const names = Object.keys(about);
    const format = [`registry.${event} url=%s`, ...names.map((name) => `${name}=%s`)].join(" ");
    log(format, redactUrl(`${base.text}/v2/${path}`), ...Object.values(about));
  };
  const noteBlob = (event: string, repository: string, digest: string): void =>
    note(event, `${repository}/blobs/${digest}`, { repository, digest });
  const noteManifest = (event: string, repository: string, reference: string): void =>
    note(event, `${repository}/manifests/${reference}`, { repository, reference });

  const client: RegistryClient = {
    url: base.text,
    connection,
    repository: (name) => registry.repository(name),
    async ping(options) {
      note("ping", "");
      await registry.ping(options);
    },
    repositories: async (options) => await Array.fromAsync(client.repositoryPages(options)),
    repositoryPages(options) {
      note("repositories", "_catalog");
      return registry.repositories(options);
    },
    tags: async (repository, options) => await Array.fromAsync(client.tagPages(repository, options)),
    tagPages(repository, options) {
      const { tagStore } = registry.repository(repository);
      note("tags", `${repository}/tags/list`, { repository });
      return tagStore.tags(options);
    },

    async hasBlob(repository, digest, options) {
      const { blobs } = registry.repository(repository);
      const target = blobOf(digest);
      noteBlob("blob.check", repository, digest);
      return await blobs.exists(target, options);
    },
    async blobMetadata(repository, digest, options) {
      const { blobs } = registry.repository(repository);
      const target = blobOf(digest);
      noteBlob("blob.check", repository, digest);
      return await blobs.stat(target.digest, options);
    },
    async downloadBlob(repository, digest, { raw = false, ...options } = {}) {
      const { blobs } = registry.repository(repository);
      const target = blobOf(digest);
      noteBlob("blob.download", repository, digest);
      if (!raw) return (await blobs.fetchReference(target.digest, options)).content;
      return await blobs.fetch(await blobs.stat(target.digest, options), { ...options, verify: false });
    },
    async uploadBlob(repository, digest, content, options = {}) {
      await uploadWhole(contextOf(repository), parseDigest(digest), content, options); // logged by the connection
    },

    async manifest(repository, reference, options = {}) {
      const context = contextOf(repository);
      noteManifest("manifest.get", repository, reference);
      return await readManifestOf(context, reference, ANY_MANIFEST, options);
    },
    async manifestV1(repository, reference, options = {}) {
      const context = contextOf(repository);
      noteManifest("manifest.get", repository, reference);
      return await readSchema1(context, reference, options);
    },
    async manifestV2(repository, reference, options = {}) {
      const context = contextOf(repository);
      noteManifest("manifest.get", repository, reference);
      return await readSchema2(context, reference, options);
    },
    async manifestList(repository, reference, options = {}) {
      const context = contextOf(repository);
      noteManifest("manifest.get", repository, reference);
      return await readList(context, reference, options);
    },
    async manifestDescriptor(repository, reference, options = {}) {
      const context = contextOf(repository, ANY_DESCRIPTOR);
      noteManifest("manifest.head", repository, reference);
      return (await statManifest(context, checkedReference(reference), options)).descriptor;
    },
    async manifestDigest(repository, reference, options = {}) {
      const context = contextOf(repository);
      noteManifest("manifest.head", repository, reference);
      return await readDigest(context, reference, [], options);
    },
    async manifestV2Digest(repository, reference, options = {}) {
      const context = contextOf(repository);
      noteManifest("manifest.head", repository, reference);
      return await readDigest(context, reference, [MEDIA_TYPES.dockerManifest], options);
    },
    async deleteManifest(repository, digest, options = {}) {
      const context = contextOf(repository, ANY_DESCRIPTOR);
      const checked = parseDigest(digest);
      noteManifest("manifest.delete", repository, digest);
      // its type tells whether it may be a referrer, which indexes of referrers then have to forget
      const { descriptor } = await statManifest(context, checked, options);
      await registry.repository(repository).manifests.delete(descriptor, options);
    },
    async putManifest(repository, reference, { raw, mediaType }, options = {}) {
      const { manifests } = registry.repository(repository);
      const digest = manifestDigest(raw, mediaType);
      noteManifest("manifest.put", repository, reference);
      await manifests.pushReference({ mediaType, digest, size: raw.byteLength }, bytesSource(raw), reference, options);
    },
    async putManifestV2(repository, reference, fields, options = {}) {
      const manifest = encodeSchema2(fields);
      await client.putManifest(repository, reference, manifest, options);
      return manifestDigest(manifest.raw, manifest.mediaType);
    },
    close: async (options) => await connection.close(options),
  };
  return client;
}

function blobOf(digest: string): Descriptor {
  return { mediaType: MEDIA_TYPES.octetStream, digest: parseDigest(digest), size: 0 };
}
