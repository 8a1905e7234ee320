import { ERROR_CODES, type ErrorCodeDescriptor } from "./error-codes.ts";

/** An error code of any group; extensions bring their own. */
export type AnyErrorCodeDescriptor = Omit<ErrorCodeDescriptor, "code" | "source"> & {
  readonly code: string;
  readonly source?: ErrorCodeDescriptor["source"];
};

/** The groups of the reference implementation: codes of every API, and codes of the registry API. */
export const ERROR_CODE_GROUPS = { common: "errcode", registry: "registry.api.v2" } as const;

const COMMON: ReadonlySet<string> = new Set(["UNKNOWN", "UNSUPPORTED", "UNAUTHORIZED", "DENIED", "UNAVAILABLE", "TOOMANYREQUESTS"]);

/** Error codes by group. Every user makes one: there is no shared list to add to. */
export class ErrorCodeTable {
  readonly #groups = new Map<string, AnyErrorCodeDescriptor[]>();
  readonly #byCode = new Map<string, AnyErrorCodeDescriptor>();

  /** Adds a code to a group. @throws {TypeError} when any group has the code already. */
  register(group: string, descriptor: AnyErrorCodeDescriptor): void {
    if (this.#byCode.has(descriptor.code)) throw new TypeError(`Cannot register error code "${descriptor.code}": it exists`);
    this.#byCode.set(descriptor.code, descriptor);
    this.#groups.set(group, [...(this.#groups.get(group) ?? []), descriptor]);
  }

  /** The row of a code; undefined when there is none. */
  get(code: string): AnyErrorCodeDescriptor | undefined {
    return this.#byCode.get(code);
  }

  /** Names of the groups, sorted. */
  groups(): readonly string[] {
    return [...this.#groups.keys()].sort();
  }

  /** The codes of a group, sorted; none for an unknown group. */
  group(name: string): readonly AnyErrorCodeDescriptor[] {
    return [...(this.#groups.get(name) ?? [])].sort((a, b) => (a.code < b.code ? -1 : 1));
  }
}

/** A table with all of `ERROR_CODES` in the groups of the reference implementation. */
export function createErrorCodeTable(): ErrorCodeTable {
  const table = new ErrorCodeTable();
  for (const descriptor of ERROR_CODES.values()) {
    table.register(COMMON.has(descriptor.code) ? ERROR_CODE_GROUPS.common : ERROR_CODE_GROUPS.registry, descriptor);
  }
  return table;
}
