import type { UrlPattern } from "../domain/manifest-policy.ts";
import type { LogLevel } from "../observability/log.ts";

/**
 * Everything the daemon is told, with every default filled in. Made by `loadConfig` from distribution's
 * config.yml 0.1, the `REGISTRY_*` variables and flags; key names of the file stand in the comments.
 */
export interface RegistryConfig {
  readonly log: LogConfig;
  readonly storage: StorageConfig;
  readonly metadata: MetadataConfig;
  readonly auth: AuthConfig;
  readonly http: HttpConfig;
  readonly uploads: UploadsConfig;
  readonly manifests: ManifestsConfig;
  readonly validation: ValidationConfig;
  /** `catalog.maxentries`: the largest `n` that the catalog takes; default 1000. */
  readonly catalog: { readonly maxEntries: number };
  /** `tags.maxtags`: the largest page of a tags list; default 1000. */
  readonly tags: { readonly maxTags: number };
  /** `workers`: processes that serve; default 1. */
  readonly workers: number;
}

/** `log`. */
export interface LogConfig {
  /** Default `info`. */
  readonly level: LogLevel;
  /** Default `text`. */
  readonly formatter: "text" | "json" | "logstash";
  /** Put on every line. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Apache combined lines on stdout; true unless `log.accesslog.disabled`. */
  readonly accessLog: boolean;
}

/** Where blobs are kept. */
export type StorageDriverConfig =
  | {
      readonly kind: "filesystem";
      /** Absolute, or relative to the working folder; default `/var/lib/registry` in a file. */
      readonly rootDirectory: string;
      /** Operations at a time; default 100. */
      readonly maxThreads: number;
    }
  | { readonly kind: "inmemory" };

/** `storage`. */
export interface StorageConfig {
  readonly driver: StorageDriverConfig;
  /** `storage.delete.enabled`; default false in a file, true when there is no file. */
  readonly deletesEnabled: boolean;
  /** Not `storage.redirect.disable`; default true. */
  readonly redirectsEnabled: boolean;
  /** `storage.maintenance.readonly.enabled`, and with `proxy.remoteurl`; default false. */
  readonly readOnly: boolean;
}

/** `metadata`: where names, tags and manifests are kept. */
export type MetadataConfig =
  | {
      readonly kind: "sqlite";
      /** A file, or `:memory:`; default `<rootdirectory>/berth/metadata.db`, `:memory:` when storage is in memory. */
      readonly path: string;
      /** `full` (default): a commit survives a power cut. `normal`: it survives a crash of the process only. */
      readonly durability: "full" | "normal";
    }
  | {
      readonly kind: "postgres";
      /** `postgres://user:password@host/database`; holds a secret. */
      readonly url: string;
      /** Connections a process; default 10. */
      readonly poolSize: number;
    };

/** `auth`: who may do what. */
export type AuthConfig = { readonly kind: "none" } | HtpasswdConfig | TokenConfig | SillyConfig;

/** `auth.htpasswd`. */
export interface HtpasswdConfig {
  readonly kind: "htpasswd";
  /** What the challenge calls the registry, to people. */
  readonly realm: string;
  /** The file; made with a random password when it is missing. */
  readonly path: string;
}

/** `auth.token`. */
export interface TokenConfig {
  readonly kind: "token";
  /** The token server's address, or its path on the host that the client used. */
  readonly realm: string;
  readonly autoRedirect: boolean;
  /** What the token server calls the registry: what tokens have to be for. */
  readonly service: string;
  /** Who tokens have to be from. */
  readonly issuer: string;
  /** A file of certificates. */
  readonly rootCertBundle: string | undefined;
  /** A file of keys. */
  readonly jwks: string | undefined;
  /** Undefined: those that a registry cannot sign with itself. */
  readonly algorithms: readonly string[] | undefined;
}

/** `auth.silly`. */
export interface SillyConfig {
  readonly kind: "silly";
  /** Address that the challenge names. */
  readonly realm: string;
  /** What the challenge calls the registry. */
  readonly service: string;
}

/** Where to listen. */
export type ListenAddress =
  | {
      readonly net: "tcp";
      /** Empty for every interface. */
      readonly host: string;
      /** 0 for any free port. */
      readonly port: number;
    }
  | { readonly net: "unix"; readonly path: string };

/** `http`. */
export interface HttpConfig {
  /** `http.addr` and `http.net`; default 127.0.0.1:5000. */
  readonly address: ListenAddress;
  /** `http.host`: the base of the URLs we hand out, without a slash at the end; undefined: taken from the request. */
  readonly externalUrl: string | undefined;
  /** Starts and ends with a slash; default `/`. */
  readonly prefix: string;
  /** Default false. */
  readonly relativeUrls: boolean;
  readonly tls: TlsConfig | undefined;
  /** Put on every answer. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Milliseconds that requests under way get at shutdown; default 10 s. */
  readonly drainTimeoutMs: number;
  /** HTTP/2 over TLS; default true. */
  readonly http2: boolean;
  /** HTTP/2 without TLS; default false. */
  readonly h2c: boolean;
  /** Whose X-Forwarded-* and Forwarded headers count: everybody's (`all`, the default, as the reference), or addresses and CIDR ranges. */
  readonly trustedProxies: "all" | readonly string[];
  readonly timeouts: HttpTimeouts;
  readonly limits: HttpLimits;
}

/** `http.timeouts`, all in milliseconds. */
export interface HttpTimeouts {
  /** For a TLS handshake, and for the headers of a request, to be through; default 30 s. */
  readonly headersMs: number;
  /** Longest wait for the next byte of a body, either way; default 60 s. */
  readonly bodyStallMs: number;
  /** How long an idle connection stays open; default 75 s. */
  readonly keepAliveMs: number;
}

/** `http.limits`. */
export interface HttpLimits {
  /** Bytes of request line and headers; default 32 KiB. */
  readonly headerBytes: number;
  /** Connections a process takes at a time; 0 for no bound; default 10000. */
  readonly connections: number;
}

/** `http.tls`. Paths are read by `readTls`. */
export interface TlsConfig {
  /** PEM file. */
  readonly certificate: string;
  /** PEM file of its key. */
  readonly key: string;
  /** PEM files of the authorities that sign client certificates. */
  readonly clientCas: readonly string[];
  /** Counts only when `clientCas` is not empty; default `require-and-verify-client-cert`. */
  readonly clientAuth: ClientAuth;
  /** Default `tls1.2`. */
  readonly minimumTls: "tls1.2" | "tls1.3";
  /** IANA names, most wanted first; empty for the default list. */
  readonly cipherSuites: readonly string[];
}

/** What is asked of a client's certificate. */
export type ClientAuth =
  | "request-client-cert"
  | "require-any-client-cert"
  | "verify-client-cert-if-given"
  | "require-and-verify-client-cert";

/** `uploads` and `storage.maintenance.uploadpurging`. */
export interface UploadsConfig {
  /** Milliseconds without a write after which a session is over: `uploads.ttl`, else `uploadpurging.age`; default 168 h. */
  readonly ttlMs: number;
  /** Milliseconds that a session belongs to the process that writes to it, renewed while bytes flow; default 30 s. */
  readonly leaseMs: number;
  readonly purge: {
    /** Default true. */
    readonly enabled: boolean;
    /** Default 24 h. */
    readonly intervalMs: number;
    /** Only log what would go; default false. */
    readonly dryRun: boolean;
  };
}

/** `manifests`. */
export interface ManifestsConfig {
  /** Bytes; at least, and by default, 4 MiB. */
  readonly maxBytes: number;
  /** Media types that may be pushed; undefined: those this build knows. */
  readonly acceptedTypes: readonly string[] | undefined;
  /** Answer 404 when Accept names other types than the stored one; default false. */
  readonly strictAccept: boolean;
  /** Answer linux/amd64 out of a Docker list to clients that know no lists; default true. */
  readonly legacyPlatform: boolean;
  /** Tags in one PUT (`?tag=`); default 100. */
  readonly maxTags: number;
}

/** `validation`. */
export interface ValidationConfig {
  /** Rules for the `urls` of external layers; undefined: any http(s) URL goes. */
  readonly urls: UrlRules | undefined;
  /** Which children of an index must exist. */
  readonly platforms: PlatformRule;
  /** Take manifests whose config, layers or children are missing; default false. */
  readonly allowMissing: boolean;
}

/** An external URL must match `allow` and must not match `deny`. */
export interface UrlRules {
  readonly allow: UrlPattern | undefined;
  readonly deny: UrlPattern | undefined;
}

/** `validation.manifests.indexes`. */
export type PlatformRule =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "list"; readonly platforms: readonly { readonly os: string; readonly architecture: string }[] };
