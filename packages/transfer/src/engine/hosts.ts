import { type StackConnectionOptions, mayBePlainHttp, type PlainHttp } from "@berth/client";
import { InvalidReferenceError, isRegistryHost, type Named, parseRepositoryName } from "@berth/oci";

/** What an endpoint is asked for. `resolve`: tags into digests; `pull`: content; `referrers`: their lists; `push`: everything that changes it. */
export type EndpointCapability = "pull" | "push" | "referrers" | "resolve";

/** Another place that serves what a registry has. */
export interface MirrorOptions {
  /**
   * `host`, `host:port`, or a URL. A path stands before the names of repositories: `https://harbor.test/hub` has
   * `docker.io/library/debian` as `hub/library/debian`. Without a scheme: HTTPS, and on this machine whatever answers.
   */
  readonly url: string;
  /** What it is asked for; default `pull`, `resolve` and `referrers`. It is never pushed to. */
  readonly capabilities?: readonly Exclude<EndpointCapability, "push">[];
  /** Whether requests say which registry is meant, as `?ns=docker.io`; default true. */
  readonly namesRegistry?: boolean;
  /** Accepts any certificate, and plain HTTP where HTTPS is not spoken; default false. */
  readonly insecure?: boolean;
  /**
   * Milliseconds until it must have answered, connecting and answering for itself, as long as it has answered nothing; then the next
   * endpoint is asked, without another try, and it is left alone for a minute. Once it has answered the limits of `http` count. Default 15 s; 0: those count from the start.
   */
  readonly answerTimeoutMs?: number;
  /** TLS, proxies and time limits; goes before that of the engine. */
  readonly http?: StackConnectionOptions["http"];
}

/** How one registry is reached. */
export interface HostOptions extends Pick<StackConnectionOptions, "http"> {
  /** Asked before the registry itself, in this order; a text is a `url`. Only to read. */
  readonly mirrors?: readonly (string | MirrorOptions)[];
  /** Accepts any certificate, and plain HTTP where HTTPS is not spoken: HTTPS is always tried first. Default false. */
  readonly insecure?: boolean;
  /** Default: that of the engine. */
  readonly plainHttp?: PlainHttp;
}

/** Options by registry, under the names that people write: `docker.io`, `localhost:5000`. */
export type HostsTable = Readonly<Record<string, HostOptions>>;

/** One place that a repository of a registry can be asked for at. */
export interface Endpoint {
  /** Host, perhaps with a port. */
  readonly host: string;
  readonly isMirror: boolean;
  readonly capabilities: ReadonlySet<EndpointCapability>;
  /** Stands before the names of repositories, with a slash at its end; or empty. */
  readonly prefix: string;
  /** The registry that is meant, when the endpoint is to be told. */
  readonly namespace: string | undefined;
  readonly plainHttp: PlainHttp | undefined;
  readonly insecure: boolean;
  /** Milliseconds until a mirror must have answered, as long as it has answered nothing; 0: as long as any registry has. */
  readonly answerTimeoutMs: number;
  readonly http: StackConnectionOptions["http"];
}

/** Milliseconds that a mirror has for its first answer unless told otherwise. @see moby, registry.PingV2Registry */
const MIRROR_ANSWER_MS = 15_000;
const MIRROR_CAPABILITIES: readonly EndpointCapability[] = ["pull", "referrers", "resolve"];
const ALL: ReadonlySet<EndpointCapability> = new Set(["pull", "push", "referrers", "resolve"]);

/**
 * Where a registry is asked for something, in order: its mirrors that can do it, then itself.
 *
 * @throws {InvalidReferenceError} when the URL of a mirror is none.
 * @see moby, registry.LookupPullEndpoints; containerd, docs/hosts.md
 */
export function endpointsFor(registry: string, capability: EndpointCapability, hosts: HostsTable = {}): readonly Endpoint[] {
  const { mirrors = [], insecure = false, plainHttp, http } = Object.hasOwn(hosts, registry) ? (hosts[registry] ?? {}) : {};
  const own = { prefix: "", namespace: undefined, answerTimeoutMs: 0 };
  const origin = { host: registry, isMirror: false, capabilities: ALL, ...own, insecure, plainHttp, http };
  const all = [...mirrors.map((mirror) => mirrorEndpoint(registry, typeof mirror === "string" ? { url: mirror } : mirror)), origin];
  return all.filter(({ capabilities }) => capabilities.has(capability));
}

function mirrorEndpoint(registry: string, options: MirrorOptions): Endpoint {
  const { url: text, capabilities = MIRROR_CAPABILITIES, namesRegistry = true, insecure = false, http } = options;
  const { answerTimeoutMs = MIRROR_ANSWER_MS } = options;
  const hasScheme = /^https?:\/\//.test(text);
  const url = hasScheme || !text.includes("://") ? URL.parse(hasScheme ? text : `https://${text}`) : null;
  if (url === null || url.search !== "" || url.hash !== "" || url.username !== "" || !isRegistryHost(url.host)) {
    throw new InvalidReferenceError(text, "expected the address of a mirror, as https://host/prefix");
  }
  const path = url.pathname.replace(/^\/+|\/+$/g, "");
  const reading: ReadonlySet<EndpointCapability> = new Set(
    MIRROR_CAPABILITIES.filter((one) => capabilities.some((given) => given === one)),
  );
  return {
    host: url.host,
    isMirror: true,
    capabilities: reading,
    prefix: path === "" ? "" : `${parseRepositoryName(path)}/`,
    namespace: namesRegistry && url.host !== registry ? registry : undefined,
    plainHttp: insecure ? undefined : hasScheme ? url.protocol === "http:" : "auto",
    insecure,
    answerTimeoutMs,
    http,
  };
}

/** What a connection to an endpoint is made with, beyond what all connections have. */
export function endpointConnection(
  { host, insecure, plainHttp, http }: Endpoint,
  common: StackConnectionOptions,
): Pick<StackConnectionOptions, "http" | "plainHttp"> {
  const settings = http ?? common.http;
  const scheme: PlainHttp | undefined = plainHttp ?? (insecure ? (mayBePlainHttp(host) ? "auto" : "allowed") : common.plainHttp);
  const open = insecure ? { ...settings, tls: { ...settings?.tls, insecure: true } } : settings;
  return { ...(scheme !== undefined && { plainHttp: scheme }), ...(open && { http: open }) };
}

/** The name that a repository has at an endpoint. */
export function nameAt({ host, prefix }: Endpoint, { path }: Pick<Named, "path">): string {
  return `${host}/${prefix}${path}`;
}
