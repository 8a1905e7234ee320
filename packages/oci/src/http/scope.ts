/** What a token may be asked for: actions on one resource. */
export interface Scope {
  /** `repository` or `registry`, or what an extension defines. */
  readonly type: string;
  /** Kind of the resource, such as `plugin`; absent for images. */
  readonly class?: string;
  /** The repository's name, or `catalog` for the registry. */
  readonly name: string;
  /** `pull`, `push`, `delete`, `*`. */
  readonly actions: readonly string[];
}

/** Characters that one scope may have. */
export const MAX_SCOPE_LENGTH = 2048;

const TYPE = /^([a-z0-9]+)(?:\(([a-z0-9]+)\))?$/;

/**
 * Parses `type[(class)]:name:action[,action]`. The type ends at the first colon and the actions start behind the last one, so
 * that a name may hold a port. Undefined when it is malformed.
 *
 * @see distribution, "Docker Registry Token Scope and Access"
 */
export function parseScope(text: string): Scope | undefined {
  const first = text.indexOf(":");
  const last = text.lastIndexOf(":");
  if (first < 0 || first === last || text.length > MAX_SCOPE_LENGTH || /\s/.test(text)) return undefined;
  const match = TYPE.exec(text.slice(0, first));
  const type = match?.[1];
  const name = text.slice(first + 1, last);
  if (type === undefined || name === "") return undefined;
  const kind = match?.[2];
  return { type, ...(kind !== undefined && { class: kind }), name, actions: splitActions(text.slice(last + 1)) };
}

/** Parses a space-separated list of scopes; malformed ones are left out. */
export function parseScopes(text: string): readonly Scope[] {
  return text.split(" ").flatMap((one) => parseScope(one) ?? []);
}

/** Writes one scope, its actions as they stand. */
export function formatScope(scope: Scope): string {
  return `${scopeResource(scope)}:${scope.actions.join(",")}`;
}

/** Writes a list of scopes: one entry for each resource, sorted, with its actions joined and sorted. */
export function formatScopes(scopes: Iterable<Scope>): string {
  return mergeScopes(scopes).map(formatScope).join(" ");
}

/** One scope for each resource, sorted; `*` swallows the other actions, and scopes without actions are dropped. */
export function mergeScopes(scopes: Iterable<Scope>): readonly Scope[] {
  const byResource = new Map<string, Scope>();
  for (const scope of scopes) {
    const key = scopeResource(scope);
    const actions = [...(byResource.get(key)?.actions ?? []), ...scope.actions];
    byResource.set(key, { ...scope, actions: tidyActions(actions) });
  }
  return [...byResource.entries()]
    .filter(([, scope]) => scope.actions.length > 0)
    .sort(([a], [b]) => compare(a, b))
    .map(([, scope]) => scope);
}

/**
 * Tidies scope strings before they are sent or used as a key: same resources merged, actions sorted, the list sorted. Strings that
 * are no scopes are kept as they are.
 */
export function cleanScopes(scopes: Iterable<string>): readonly string[] {
  const actionsOf = new Map<string, string[]>();
  const others = new Set<string>();
  for (const text of scopes) {
    const first = text.indexOf(":");
    const last = text.lastIndexOf(":");
    if (first === last) {
      if (text !== "") others.add(text);
      continue;
    }
    const resource = text.slice(0, last);
    const actions = actionsOf.get(resource) ?? [];
    actions.push(...splitActions(text.slice(last + 1)));
    actionsOf.set(resource, actions);
  }
  const merged = [...actionsOf].flatMap(([resource, actions]) =>
    actions.length === 0 ? [] : [`${resource}:${tidyActions(actions).join(",")}`],
  );
  return [...merged, ...others].sort(compare);
}

function scopeResource(scope: Scope): string {
  return `${scope.type}${scope.class === undefined ? "" : `(${scope.class})`}:${scope.name}`;
}

function splitActions(text: string): string[] {
  return text.split(",").filter((action) => action !== "");
}

function tidyActions(actions: readonly string[]): readonly string[] {
  return actions.includes("*") ? ["*"] : [...new Set(actions)].sort(compare);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
