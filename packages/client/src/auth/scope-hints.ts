import { cleanScopes } from "@berth/oci";
import { registryName } from "./registry-name.ts";
import { repositoryScope } from "./scopes.ts";

/** Scopes that are known before a challenge names them. A value: every call that adds something gives a new one. */
export interface ScopeHints {
  /** For whatever registry the request goes to. */
  readonly scopes: readonly string[];
  /** For one registry only, by the name people know it by. */
  readonly byRegistry: ReadonlyMap<string, readonly string[]>;
}

/** No hints. */
export const NO_SCOPE_HINTS: ScopeHints = { scopes: [], byRegistry: new Map() };

/** The hints with these scopes instead of the ones before. With `registry`: for that registry only. */
export function withScopes(hints: ScopeHints, scopes: readonly string[], registry?: string): ScopeHints {
  const clean = cleanScopes(scopes);
  if (registry === undefined) return { ...hints, scopes: clean };
  return { ...hints, byRegistry: new Map([...hints.byRegistry, [registryName(registry), clean]]) };
}

/** The hints and these scopes too. With `registry`: for that registry only. */
export function appendScopes(hints: ScopeHints, scopes: readonly string[], registry?: string): ScopeHints {
  const before = registry === undefined ? hints.scopes : hints.byRegistry.get(registryName(registry));
  return withScopes(hints, [...(before ?? []), ...scopes], registry);
}

/** The hints and actions in a repository too; without actions the hints as they are. With `registry`: for that registry only. */
export function appendRepositoryScope(hints: ScopeHints, repository: string, actions: readonly string[], registry?: string): ScopeHints {
  return actions.length === 0 ? hints : appendScopes(hints, [repositoryScope(repository, actions.join(","))], registry);
}

/** The scopes for requests to one registry: what is said for all and what is said for it, tidied. */
export function scopesFor(hints: ScopeHints, registry: string): readonly string[] {
  return cleanScopes([...hints.scopes, ...(hints.byRegistry.get(registryName(registry)) ?? [])]);
}
