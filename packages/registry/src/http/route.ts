import type { OciErrorCode } from "@berth/oci";
import type { Exchange } from "./exchange.ts";

/**
 * What a route does, and so which access it needs: `open` none and no credentials either, `base` credentials only, `catalog` the
 * whole registry's list; the rest is asked of the repository in the path.
 */
export type RouteAction = "open" | "base" | "catalog" | "pull" | "push" | "delete";

/** One row of the routes table: router, authorization, metrics, docs and tests all read it. */
export interface Route {
  /** Unique, such as `blob.fetch`. */
  readonly name: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path template below the prefix; `{name}` takes as many segments as it can, others take one. */
  readonly path: string;
  readonly action: RouteAction;
  /** Handler label of metrics, as the reference registry names them. */
  readonly group: "base" | "manifest" | "catalog" | "tags" | "blob" | "blob_upload" | "blob_upload_chunk" | "referrers" | "extension" | "health";
  readonly summary: string;
  /** Status codes of success. */
  readonly successes: readonly number[];
  /** Error codes of its own; what {@link COMMON_ERRORS} names can happen everywhere. */
  readonly errors: readonly OciErrorCode[];
  readonly handle: (exchange: Exchange) => void | Promise<void>;
}

/** Error codes that any route with a given action may answer. */
export const COMMON_ERRORS: Readonly<Record<RouteAction, readonly OciErrorCode[]>> = {
  open: [],
  base: ["UNAUTHORIZED", "DENIED", "TOOMANYREQUESTS", "UNAVAILABLE"],
  catalog: ["UNAUTHORIZED", "DENIED", "TOOMANYREQUESTS", "UNAVAILABLE", "UNKNOWN"],
  pull: ["NAME_INVALID", "UNAUTHORIZED", "DENIED", "TOOMANYREQUESTS", "UNAVAILABLE", "UNKNOWN"],
  push: ["NAME_INVALID", "UNAUTHORIZED", "DENIED", "TOOMANYREQUESTS", "UNAVAILABLE", "UNKNOWN"],
  delete: ["NAME_INVALID", "UNAUTHORIZED", "DENIED", "TOOMANYREQUESTS", "UNAVAILABLE", "UNKNOWN"],
};
