import type { CallOptions } from "@berth/oci";
import type { Content } from "../transport/body.ts";
import type { RequestHeaders, TransportRequest, TransportResponse } from "../transport/transport.ts";
import type { RetryEvent } from "../transport/retry-layer.ts";
import type { BlobProgressHandler } from "./client-hooks.ts";

/** One request to the registry of a {@link Connection}. */
export interface ConnectionRequest
  extends Pick<TransportRequest, "method" | "signal" | "operation" | "scopes" | "retry" | "bulk" | "headersTimeoutMs" | "body"> {
  /** A path from the root (`/v2/...`, perhaps with a query), or a whole URL that the registry named (an upload's location). */
  readonly target: string | URL;
  /** Those of this request alone; default none. */
  readonly headers?: RequestHeaders;
  /** Made into `body`. */
  readonly content?: Content;
  /** Bytes of `content`, when it does not know by itself. */
  readonly size?: number;
  /** Why it goes out, when it takes up what broke off: `hooks.onRetry` is told of it. Absent: it is sent for the first time. */
  readonly again?: Pick<RetryEvent, "retry" | "delayMs" | "status" | "error">;
  /** Statuses that count as success. On any other one `send` @throws {ResponseError}, the body read and closed. */
  readonly expect: readonly number[];
}

/** The way to one registry: its address, and the transport with its credentials, retries and limits. */
export interface Connection {
  /** Host, perhaps with a port, as people write it: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** Told as bytes of blobs move; absent: nobody wants to know. */
  readonly onProgress?: BlobProgressHandler;
  /**
   * Sends a request.
   *
   * @throws {ResponseError} on a status that is not expected; {RateLimitedError} among them. @throws {NetworkError} when there is no answer.
   * @throws {AuthError} @throws {ProtocolError} when a redirect leads astray. @throws {UnreplayableBodyError} when content had to be sent again.
   * @throws {SizeMismatchError} when content knows its size, and `size` is another one.
   */
  send(request: ConnectionRequest): Promise<TransportResponse>;
  /** Closes idle connections to the registry. Requests that run are not disturbed. */
  close(options?: CallOptions): Promise<void>;
}
