import { MANIFEST_MEDIA_TYPES } from "@berth/oci";
import type { StorageDriver } from "@berth/storage";
import { createFilesystemDriver } from "@berth/storage/filesystem";
import { createMemoryDriver } from "@berth/storage/memory";
import type { Authorizer } from "../auth/authorizer.ts";
import { createBasicAuthorizer } from "../auth/basic.ts";
import { createHtpasswdAuthenticator } from "../auth/htpasswd/index.ts";
import { createNoneAuthorizer } from "../auth/none.ts";
import { createSillyAuthorizer } from "../auth/silly.ts";
import { createTokenAuthorizer } from "../auth/token/index.ts";
import type { AuthConfig, MetadataConfig, RegistryConfig, StorageDriverConfig } from "../config/index.ts";
import { type CreateRegistryOptions, type EmbeddedRegistry, createRegistry } from "../create-registry.ts";
import { openPostgresMetadata, openSqliteMetadata } from "../metadata/index.ts";
import type { MetadataStore } from "../metadata/store.ts";
import type { Logger } from "../observability/log.ts";

/** Makes the registry that a configuration describes. What was opened before a failure is closed again. */
export async function buildRegistry(
  config: RegistryConfig,
  log: Logger,
  onRequest: CreateRegistryOptions["onRequest"],
): Promise<EmbeddedRegistry> {
  const metadata = await openMetadata(config.metadata);
  try {
    const authorizer = await createAuthorizer(config.auth, log);
    return await createRegistry({
      metadata,
      authorizer,
      storage: createDriver(config.storage.driver),
      log,
      deletes: config.storage.deletesEnabled,
      limits: {
        maxManifestBytes: config.manifests.maxBytes,
        maxTagsPerPush: config.manifests.maxTags,
        uploadTtlMs: config.uploads.ttlMs,
        uploadLeaseMs: config.uploads.leaseMs,
      },
      policy: policyOf(config),
      http: httpOf(config),
      ...(onRequest === undefined ? {} : { onRequest }),
    });
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

function createDriver(config: StorageDriverConfig): StorageDriver {
  switch (config.kind) {
    case "filesystem":
      return createFilesystemDriver({ rootDirectory: config.rootDirectory, maxThreads: config.maxThreads });
    case "inmemory":
      return createMemoryDriver();
  }
}

async function openMetadata(config: MetadataConfig): Promise<MetadataStore> {
  switch (config.kind) {
    case "sqlite":
      return await openSqliteMetadata({ path: config.path, durability: config.durability === "full" ? "durable" : "relaxed" });
    case "postgres":
      return await openPostgresMetadata({ url: config.url, connections: config.poolSize });
  }
}

async function createAuthorizer(config: AuthConfig, log: Logger): Promise<Authorizer> {
  switch (config.kind) {
    case "none":
      return createNoneAuthorizer();
    case "htpasswd":
      return createBasicAuthorizer({
        realm: config.realm,
        authenticator: await createHtpasswdAuthenticator({ path: config.path, logger: log }),
      });
    case "token": {
      const { algorithms, ...rest } = config;
      return await createTokenAuthorizer({ ...rest, ...(algorithms && { algorithms }) });
    }
    case "silly":
      return createSillyAuthorizer(config);
  }
}

function policyOf({ manifests, validation }: RegistryConfig): NonNullable<CreateRegistryOptions["policy"]> {
  const { urls, platforms } = validation;
  return {
    acceptedMediaTypes: manifests.acceptedTypes === undefined ? MANIFEST_MEDIA_TYPES : new Set(manifests.acceptedTypes),
    allowMissing: validation.allowMissing,
    requiredChildren: platforms.kind === "list" ? platforms.platforms : platforms.kind,
    urls: { ...(urls?.allow === undefined ? {} : { allow: urls.allow }), ...(urls?.deny === undefined ? {} : { deny: urls.deny }) },
  };
}

function httpOf({ http, storage, catalog, tags, manifests, auth }: RegistryConfig): NonNullable<CreateRegistryOptions["http"]> {
  return {
    prefix: http.prefix,
    host: http.externalUrl === undefined ? undefined : new URL(http.externalUrl),
    relativeUrls: http.relativeUrls,
    headers: http.headers,
    readOnly: storage.readOnly,
    redirects: storage.redirectsEnabled,
    catalogMaxEntries: catalog.maxEntries,
    maxTags: tags.maxTags,
    strictAccept: manifests.strictAccept,
    legacyPlatform: manifests.legacyPlatform,
    bodyTimeoutMs: http.timeouts.bodyStallMs,
    trustedProxies: http.trustedProxies,
    filterCatalog: auth.kind === "htpasswd", // a token that allows the catalog allows all of it
  };
}
