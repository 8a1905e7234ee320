import type { Route } from "./route.ts";

/** A path that belongs to the registry. */
export interface RouteMatch {
  /** Undefined when the path is known but not with this method. */
  readonly route: Route | undefined;
  /** Methods that the path knows, for `Allow`. */
  readonly methods: readonly string[];
  /** Repository name as it stands in the path; empty for paths without one. */
  readonly name: string;
  /** The last segment where the template has a parameter there; still percent-encoded. */
  readonly parameter: string;
}

interface Template {
  /** The whole path, for templates without parameters. */
  readonly exact: string | undefined;
  /** Segments behind `{name}`; undefined stands for the parameter. */
  readonly tail: readonly (string | undefined)[];
  readonly routes: Map<string, Route>;
  readonly methods: string[];
}

const NAME_PREFIX = "/v2/";

/**
 * Finds the route of a method and path. Templates are compared from their ends, so a repository may be called `a/blobs/uploads`;
 * literal segments win over parameters.
 */
export class Router {
  readonly #exact = new Map<string, Template>();
  readonly #tails: Template[] = [];

  constructor(routes: readonly Route[]) {
    const byPath = new Map<string, Template>();
    for (const route of routes) {
      const template = byPath.get(route.path) ?? compile(route.path);
      byPath.set(route.path, template);
      if (template.routes.has(route.method)) throw new TypeError(`route ${route.method} ${route.path} stands twice in the table`);
      template.routes.set(route.method, route);
      template.methods.push(route.method);
    }
    for (const template of byPath.values()) {
      if (template.exact === undefined) this.#tails.push(template);
      else this.#exact.set(template.exact, template);
    }
    this.#tails.sort((a, b) => literals(b) - literals(a));
  }

  /** `path` is without prefix and query. Undefined when nothing is there for any method. */
  match(method: string, path: string): RouteMatch | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return { route: exact.routes.get(method), methods: exact.methods, name: "", parameter: "" };
    if (!path.startsWith(NAME_PREFIX)) return undefined;
    for (const template of this.#tails) {
      const found = matchTail(template.tail, path);
      if (found !== undefined) return { route: template.routes.get(method), methods: template.methods, ...found };
    }
    return undefined;
  }
}

function compile(path: string): Template {
  const [, tail] = path.split(`${NAME_PREFIX}{name}/`);
  const segments = tail?.split("/").map((segment) => (segment.startsWith("{") ? undefined : segment));
  return { exact: segments === undefined ? path : undefined, tail: segments ?? [], routes: new Map(), methods: [] };
}

function literals({ tail }: Template): number {
  return tail.filter((segment) => segment !== undefined).length;
}

function matchTail(tail: readonly (string | undefined)[], path: string): { readonly name: string; readonly parameter: string } | undefined {
  let end = path.length;
  let parameter = "";
  for (let i = tail.length - 1; i >= 0; i--) {
    const slash = path.lastIndexOf("/", end - 1);
    if (slash < NAME_PREFIX.length) return undefined;
    const segment = path.slice(slash + 1, end);
    const wanted = tail[i];
    if (wanted === undefined) {
      if (segment === "") return undefined;
      parameter = segment;
    } else if (wanted !== segment) return undefined;
    end = slash;
  }
  return { name: path.slice(NAME_PREFIX.length, end), parameter };
}
