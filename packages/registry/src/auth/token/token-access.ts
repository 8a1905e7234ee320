import type { Access } from "../authorizer.ts";

/** Entries of a token's `access`, at most. */
const MAX_ENTRIES = 10_000;

/** What a token allows: actions by resource. */
export type TokenAccess = ReadonlyMap<string, ReadonlySet<string>>;

/** Reads the claim `access`; undefined when it is malformed. Absent: nothing is allowed. @see distribution, "Token Authentication Implementation" */
export function parseTokenAccess(claim: unknown): TokenAccess | undefined {
  if (claim === undefined || claim === null) return new Map();
  if (!Array.isArray(claim) || claim.length > MAX_ENTRIES) return undefined;
  const access = new Map<string, Set<string>>();
  for (const entry of claim) {
    const { type, name, actions } = fieldsOf(entry);
    if (typeof type !== "string" || typeof name !== "string" || !Array.isArray(actions)) return undefined;
    const key = resourceOf(type, name);
    const allowed = access.get(key) ?? new Set<string>();
    for (const action of actions) {
      if (typeof action !== "string") return undefined;
      allowed.add(action);
    }
    access.set(key, allowed);
  }
  return access;
}

/** True when the token allows this; `*` is every action. The class of a resource decides nothing. */
export function tokenAllows(access: TokenAccess, { type, name, action }: Access): boolean {
  const actions = access.get(resourceOf(type, name));
  return actions !== undefined && (actions.has(action) || actions.has("*"));
}

function resourceOf(type: string, name: string): string {
  return `${type}:${name}`;
}

function fieldsOf(entry: unknown): { readonly type?: unknown; readonly name?: unknown; readonly actions?: unknown } {
  return typeof entry === "object" && entry !== null ? entry : {};
}
