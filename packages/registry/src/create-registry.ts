import type { RequestListener } from "node:http";
import { MANIFEST_MEDIA_TYPES, type Registry, type RepositoryEnumerator, type RepositoryRemover } from "@berth/oci";
import type { StorageDriver } from "@berth/storage";
import { createMemoryDriver } from "@berth/storage/memory";
import type { Authorizer } from "./auth/authorizer.ts";
import { createNoneAuthorizer } from "./auth/none.ts";
import { BlobContent } from "./domain/blob-content.ts";
import type { DomainContext, DomainLimits } from "./domain/context.ts";
import { ManifestExporter } from "./domain/manifest-exporter.ts";
import type { ManifestPolicy } from "./domain/manifest-policy.ts";
import { Namespace } from "./domain/namespace.ts";
import type { LocalRepository } from "./domain/repository.ts";
import { Sweeper, type SweepOptions, type SweepResult } from "./domain/sweeper.ts";
import { BlobSender } from "./http/blob-sender.ts";
import { createProxyTrust } from "./http/client-address.ts";
import { createHandler } from "./http/handler.ts";
import type { HttpOptions, RequestSummary } from "./http/options.ts";
import { ROUTES } from "./http/routes.ts";
import { openSqliteMetadata } from "./metadata/index.ts";
import type { MetadataStore } from "./metadata/store.ts";
import { BackgroundTasks } from "./observability/background.ts";
import { type Logger, silentLogger } from "./observability/log.ts";

const MIB = 1 << 20;
const HOUR_MS = 3_600_000;

/** Options of {@link createRegistry}. */
export interface CreateRegistryOptions {
  /** Where bytes go; default: memory. Closed with the registry. */
  readonly storage?: StorageDriver;
  /** Where names go; default: SQLite in memory. Closed with the registry. */
  readonly metadata?: MetadataStore;
  /** Who may do what; default: everybody everything. Closed with the registry. */
  readonly authorizer?: Authorizer;
  /** Default: silent. */
  readonly log?: Logger;
  /** Whether blobs, manifests and tags may be deleted; default true. */
  readonly deletes?: boolean;
  /** Defaults: blobs of any size, manifests of 4 MiB, 100 tags a push, sessions of 168 h, leases of 30 s. */
  readonly limits?: Partial<DomainLimits>;
  /** Which manifests are taken; default: those of OCI and Docker whose content is there. */
  readonly policy?: Partial<ManifestPolicy>;
  /** How it shows itself over HTTP. */
  readonly http?: Partial<HttpOptions>;
  /** Bytes of small blobs kept in memory; default 16 MiB. */
  readonly cacheBytes?: number;
  /** Whether manifests are copied to `storage` too, for the reference registry to find; default: when `storage` is given. */
  readonly exportManifests?: boolean;
  /** Called once a request is over. */
  readonly onRequest?: (summary: RequestSummary) => void;
}

/** A registry in this process. */
export interface EmbeddedRegistry extends Registry, RepositoryEnumerator, RepositoryRemover {
  /** Serves the registry's HTTP API; mounts in any Node server. */
  readonly handler: RequestListener;
  /** A repository without HTTP in between. @throws {InvalidReferenceError} on a bad name. */
  repository(name: string): LocalRepository;
  /** Ends upload sessions that are over and removes files that nothing knows. */
  sweep(options?: SweepOptions): Promise<SweepResult>;
  /** Resolves when metadata and storage answer. */
  ready(): Promise<void>;
  /** Waits for work at hand and lets go of metadata, storage and authorizer. */
  close(): Promise<void>;
}

/** Makes a registry: for tests, for embedding, and for the daemon. The one place that builds the object graph. */
export async function createRegistry(options: CreateRegistryOptions = {}): Promise<EmbeddedRegistry> {
  const log = options.log ?? silentLogger;
  const storage = options.storage ?? createMemoryDriver();
  const metadata = options.metadata ?? (await openSqliteMetadata({ path: ":memory:" }));
  const authorizer = options.authorizer ?? createNoneAuthorizer();
  const background = new BackgroundTasks((error) => log.warn("background work failed", { error }));
  const limits: DomainLimits = {
    maxBlobBytes: Number.MAX_SAFE_INTEGER,
    maxManifestBytes: 4 * MIB,
    maxTagsPerPush: 100,
    uploadTtlMs: 168 * HOUR_MS,
    uploadLeaseMs: 30_000,
    maxReferrers: 100,
    ...options.limits,
  };
  const context: DomainContext = {
    metadata,
    content: new BlobContent(storage, { cacheBytes: options.cacheBytes ?? 16 * MIB }),
    policy: {
      acceptedMediaTypes: MANIFEST_MEDIA_TYPES,
      acceptSchema1: false,
      allowMissing: false,
      requiredChildren: "all",
      urls: {},
      ...options.policy,
    },
    limits,
    deleteEnabled: options.deletes ?? true,
    background,
  };
  const namespace = new Namespace(context);
  const exporter = (options.exportManifests ?? options.storage !== undefined) ? new ManifestExporter(context, log) : undefined;
  const sweeper = new Sweeper(context);
  const ready = async (): Promise<void> => {
    await metadata.ping();
    await storage.list("/");
  };
  const http = httpOptions(options);
  const handler = createHandler(
    {
      namespace,
      authorizer,
      options: http,
      limits,
      isTrustedProxy: createProxyTrust(http.trustedProxies),
      commonHeaders: [
        "Docker-Distribution-Api-Version",
        "registry/2.0",
        ...Object.entries(http.headers).flatMap(([name, values]) => values.flatMap((value) => [name, value])),
      ],
      sender: new BlobSender(),
      log,
      ready,
      ...(options.onRequest === undefined ? {} : { onFinish: options.onRequest }),
    },
    ROUTES,
  );
  return {
    handler,
    repository: (name) => namespace.repository(name),
    repositories: (listOptions) => namespace.repositories(listOptions),
    enumerateRepositories: (callOptions) => namespace.enumerateRepositories(callOptions),
    removeRepository: (name) => namespace.removeRepository(name),
    sweep: (sweepOptions) => sweeper.sweep(sweepOptions),
    ready,
    async close() {
      await exporter?.close();
      await background.drain();
      await authorizer.close?.();
      await metadata.close();
      await storage.close?.();
    },
  };
}

function httpOptions(options: CreateRegistryOptions): HttpOptions {
  return {
    prefix: "/",
    host: undefined,
    relativeUrls: false,
    headers: {},
    readOnly: false,
    redirects: true,
    catalogMaxEntries: 1000,
    maxTags: 1000,
    strictAccept: false,
    legacyPlatform: true,
    bodyTimeoutMs: 60_000,
    trustedProxies: "all",
    filterCatalog: options.authorizer !== undefined,
    ...options.http,
  };
}
