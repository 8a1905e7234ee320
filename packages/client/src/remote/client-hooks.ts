import type { Digest } from "@berth/oci";
import type { TokenEvent } from "../auth/auth-options.ts";
import type { TransportHooks } from "../transport/hooks-layer.ts";
import type { RetryEvent, SlowdownEvent } from "../transport/retry-layer.ts";
import type { RepositoryPlace } from "./context.ts";
import type { WarningHandler } from "./warnings.ts";

/** Bytes of a blob that have moved. */
export interface BlobProgress {
  readonly operation: "fetch blob" | "push blob";
  /** Host, perhaps with a port. */
  readonly registry: string;
  readonly repository: string;
  readonly digest: Digest;
  /** Bytes that have moved so far; goes back when some must be sent again. */
  readonly transferred: number;
  /** Bytes in all: of the part, when only a part is fetched. */
  readonly total: number;
}

/** Takes {@link BlobProgress}; called for each chunk, so that whoever prints it should do so now and then only. */
export type BlobProgressHandler = (progress: BlobProgress) => void;

/**
 * Everything that a connection tells of its work, in one place. Nothing of it is secret. What a hook throws is the failure of what it was
 * told of: let hooks not throw.
 */
export interface ClientHooks extends TransportHooks {
  /**
   * A request failed, and is about to be waited for and sent again; or a download broke off, and its rest is about to be asked for. What
   * a push sends anew after a cut is told to `onRequest` alone.
   */
  readonly onRetry?: (event: RetryEvent) => void;
  /** A host asked to slow down (429, or 503 with `Retry-After`), and all requests of the connection to it wait. */
  readonly onSlowdown?: (event: SlowdownEvent) => void;
  /** A token server gave a token. */
  readonly onToken?: (event: TokenEvent) => void;
  /** A registry warned of something; see `onceEach`. */
  readonly onWarning?: WarningHandler;
  /** Bytes of a blob moved that is fetched, or pushed in one call. */
  readonly onProgress?: BlobProgressHandler;
}

/** Tells the hooks of a connection how far a blob is; undefined: nobody wants to know. */
export function blobProgress(
  { connection: { registry, onProgress }, name: repository }: RepositoryPlace,
  operation: BlobProgress["operation"],
  digest: Digest,
): ((transferred: number, total: number) => void) | undefined {
  return onProgress && ((transferred, total) => onProgress({ operation, registry, repository, digest, transferred, total }));
}

/** Calls both, the first one first; undefined when there is none. */
export function both<Event>(
  first: ((event: Event) => void) | undefined,
  second: ((event: Event) => void) | undefined,
): ((event: Event) => void) | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (event) => {
    first(event);
    second(event);
  };
}
