import type { CredentialTarget } from "./credential.ts";

/** The name under which docker's tools keep the credential of Docker Hub. */
export const DOCKER_HUB_ADDRESS = "https://index.docker.io/v1/";

const DOCKER_HUB = "docker.io";
const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set([DOCKER_HUB, "index.docker.io", "registry-1.docker.io"]);

/** What a key of a config file speaks for: a registry (`path` empty), or what is below a path in it. */
interface Scope {
  readonly host: string;
  readonly path: string;
}

/**
 * The name under which a registry's credential is kept: its host, or for Docker Hub `https://index.docker.io/v1/`. A scheme, a path and
 * the port 443 are dropped.
 *
 * @see oras-go, credentials.ServerAddressFromRegistry
 */
export function serverAddress(registry: string): string {
  const host = canonicalHost(splitAddress(registry).host);
  return host === DOCKER_HUB ? DOCKER_HUB_ADDRESS : host;
}

/** The names under which helpers may know a registry, the likeliest first. */
export function helperAddresses(registry: string): readonly string[] {
  const address = serverAddress(registry);
  return address === DOCKER_HUB_ADDRESS ? [address, "index.docker.io", DOCKER_HUB] : [address];
}

/** Reads a server address as a target: `r.test/a/b` is the part `a/b` of `r.test`, anything with a scheme a whole registry. */
export function addressTarget(address: string): CredentialTarget {
  const { host, path } = scopeOf(address) ?? { host: address, path: "" };
  return path === "" ? { registry: host } : { registry: host, repository: path };
}

/** True when two hosts, or names of Docker Hub, mean the same registry. */
export function isSameRegistry(a: string, b: string): boolean {
  return canonicalHost(splitAddress(a).host) === canonicalHost(splitAddress(b).host);
}

/**
 * The keys that may hold the target's credential, in the order in which they are to be tried: `host/a/b`, `host/a`, `host`, then keys
 * whose host part is the host. Never one that merely begins or ends alike, or that belongs to another path.
 *
 * @see containers-auth.json(5)
 */
export function matchingKeys(keys: Iterable<string>, { registry, repository = "" }: CredentialTarget): readonly string[] {
  const host = canonicalHost(splitAddress(registry).host);
  const address = serverAddress(registry);
  const ranked: { readonly key: string; readonly rank: number }[] = [];
  for (const key of keys) {
    const scope = scopeOf(key);
    if (scope?.host !== host || !isWithin(repository, scope.path)) continue;
    ranked.push({ key, rank: scope.path === "" ? hostRank(key, address) : -scope.path.length });
  }
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ key }) => key);
}

function hostRank(key: string, address: string): number {
  if (key === address) return 1;
  return key.includes("/") ? 3 : 2;
}

function isWithin(repository: string, path: string): boolean {
  return path === "" || repository === path || repository.startsWith(`${path}/`);
}

/** Undefined for keys that hold no credential of a registry. */
function scopeOf(key: string): Scope | undefined {
  const { scheme, host, path } = splitAddress(key);
  const canonical = canonicalHost(host);
  // What `docker login` keeps for Docker Hub's website, beside the registry's own entry.
  if (canonical === DOCKER_HUB && /^v1\/(?:access|refresh)-token$/.test(path)) return undefined;
  const legacy = scheme !== "" || path === "v1/" || path === "v2/";
  return { host: canonical, path: legacy ? "" : path.replace(/\/+$/, "") };
}

function splitAddress(address: string): { readonly scheme: string; readonly host: string; readonly path: string } {
  const scheme = /^https?:\/\//i.exec(address)?.[0] ?? "";
  const rest = address.slice(scheme.length);
  const slash = rest.indexOf("/");
  return slash < 0 ? { scheme, host: rest, path: "" } : { scheme, host: rest.slice(0, slash), path: rest.slice(slash + 1) };
}

function canonicalHost(host: string): string {
  const plain = host.toLowerCase().replace(/:443$/, "");
  return DOCKER_HUB_NAMES.has(plain) ? DOCKER_HUB : plain;
}
