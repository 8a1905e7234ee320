import { cleanScopes } from "@berth/oci";

/** Actions of a request that only reads. */
export const PULL_SCOPE = "pull";

/** Actions of a request that writes. */
export const PUSH_SCOPE = "push,pull";

/** Actions of a request that deletes. */
export const DELETE_SCOPE = "push,pull,delete";

/** The name that the list of repositories has as a resource. */
export const CATALOG_SCOPE = "catalog";

/** The scope that listing repositories needs. */
export const CATALOG: string = `registry:${CATALOG_SCOPE}:*`;

/** The scope of actions in a repository: `repositoryScope("a/b", PUSH_SCOPE)` is `repository:a/b:pull,push`. */
export function repositoryScope(repository: string, actions: string): string {
  return cleanScopes([`repository:${repository}:${actions}`])[0] ?? `repository:${repository}:`;
}

/**
 * The scopes that a token is asked for: what the challenge names first and in its order, since some registries look at the first one
 * only, then the hints, sorted. Each resource once, its actions of both sides joined.
 *
 * @param challenged the challenge's `scope`: a list with spaces between.
 */
export function joinScopes(challenged: string, hints: readonly string[]): readonly string[] {
  const named = challenged.split(" ").filter((text) => text !== "");
  const byResource = new Map(cleanScopes([...named, ...hints]).map((text) => [resourceOf(text), text]));
  const first = [...new Set(named.map(resourceOf))].flatMap((resource) => byResource.get(resource) ?? []);
  return [...first, ...[...byResource.values()].filter((text) => !first.includes(text))];
}

/** The one name that a set of scopes has, whatever their order. */
export function scopeKey(scopes: readonly string[]): string {
  return cleanScopes(scopes).join(" ");
}

/** True when whoever was granted `held` needs nothing more for `wanted`. */
export function coversScopes(held: readonly string[], wanted: readonly string[]): boolean {
  const byResource = new Map(cleanScopes(held).map((text) => [resourceOf(text), actionsOf(text)]));
  return cleanScopes(wanted).every((text) => {
    const have = byResource.get(resourceOf(text));
    return have !== undefined && (have.includes("*") || actionsOf(text).every((action) => have.includes(action)));
  });
}

/**
 * The scopes that a request needs by its method and path, for callers that gave no hint. Undefined when the path tells nothing.
 *
 * @see OCI distribution-spec, "Endpoints"
 */
export function impliedScopes(method: string, url: URL): readonly string[] | undefined {
  if (url.pathname.endsWith("/v2/_catalog")) return [CATALOG];
  const repository = repositoryOfPath(url.pathname);
  if (repository === undefined) return undefined;
  const read = method === "GET" || method === "HEAD";
  return [repositoryScope(repository, read ? PULL_SCOPE : method === "DELETE" ? DELETE_SCOPE : PUSH_SCOPE)];
}

/** The repository that a request is about; undefined when the path names none. */
export function repositoryOfPath(pathname: string): string | undefined {
  return /\/v2\/(.+)\/(?:blobs|manifests|referrers|tags)\//.exec(pathname)?.[1];
}

/** Type and name of a scope; a text that is no scope stands for itself. */
function resourceOf(scope: string): string {
  return isScope(scope) ? scope.slice(0, scope.lastIndexOf(":")) : scope;
}

function actionsOf(scope: string): readonly string[] {
  return isScope(scope) ? scope.slice(scope.lastIndexOf(":") + 1).split(",") : [];
}

function isScope(text: string): boolean {
  return text.indexOf(":") !== text.lastIndexOf(":");
}
