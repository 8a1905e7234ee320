import type { OciErrorCode } from "@berth/oci";
import type { Exchange } from "./exchange.ts";

/**
 * What a route does, and so which access it needs: `open` none and no credentials either, `base` credentials only, `catalog` the
 * whole registry's list; the rest is asked of the repository in the path.
 */
export type RouteAction = "open" | "base" | "catalog" | "pull" | "push" | "delete";

/** Query parameters that routes read. */
export type QueryParameter = "n" | "last" | "digest" | "mount" | "from" | "digest-algorithm" | "artifactType" | "tag";

/** What query parameters are for. */
export const QUERY_PARAMETERS: Readonly<Record<QueryParameter, string>> = {
  n: "Items a page",
  last: "Where to go on: the last item seen",
  digest: "Digest of the content",
  mount: "Digest of a blob to take over instead of an upload",
  from: "Repository to take it from; default: any that the client may read",
  "digest-algorithm": "Algorithm of the digest that the session will end with; default sha256",
  artifactType: "Only referrers of this type",
  tag: "A tag to set on a manifest that is put by digest; may be repeated",
};

/** One row of the routes table: router, authorization, metrics, docs and tests all read it. */
export interface Route {
  /** Unique, such as `blob.fetch`. */
  readonly name: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path template below the prefix; `{name}` takes as many segments as it can, others take one. */
  readonly path: string;
  readonly action: RouteAction;
  /** Handler label of metrics, as the reference registry names them. */
  readonly group:
    | "base"
    | "manifest"
    | "catalog"
    | "tags"
    | "blob"
    | "blob_upload"
    | "blob_upload_chunk"
    | "referrers"
    | "extension"
    | "health";
  /** One line, for documents. */
  readonly summary: string;
  /** Query parameters that it reads. */
  readonly query?: readonly QueryParameter[];
  /** Status codes of success. */
  readonly successes: readonly number[];
  /** Error codes of its own; what {@link COMMON_ERRORS} names can happen everywhere. */
  readonly errors: readonly OciErrorCode[];
  /** Answers; what it throws is answered as an error. */
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
