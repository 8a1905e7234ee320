import { isJsonObject } from "@berth/oci";
import { byBytes } from "./document.ts";

/** A member that differs. */
export interface JsonChange {
  /** The names that lead to it. */
  readonly path: readonly string[];
  readonly kind: "added" | "removed" | "changed";
  /** Undefined when it was added. */
  readonly before?: unknown;
  /** Undefined when it was removed. */
  readonly after?: unknown;
}

/** The members that differ, by name; lists count as a whole. Equal objects may have their members in any order. */
export function diffJson(before: unknown, after: unknown, path: readonly string[] = []): readonly JsonChange[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(byBytes);
    return names.flatMap((name) => diffJson(own(before, name), own(after, name), [...path, name]));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (before === undefined) return [{ path, kind: "added", after }];
  if (after === undefined) return [{ path, kind: "removed", before }];
  return [{ path, kind: "changed", before, after }];
}

function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
