import type { ByteReadable } from "./byte-readable.ts";
import type { RequestBody } from "./body.ts";

/** Header fields of a request, by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string>>;

/** Header fields of a response, by lower-case name; a field that came more than once is a list, its values never joined. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One HTTP request. Transports treat it as a value: a layer that changes something passes on a changed copy. */
export interface TransportRequest {
  /** In upper case. */
  readonly method: string;
  /** Absolute. */
  readonly url: URL;
  readonly headers: RequestHeaders;
  /** Absent: none. */
  readonly body?: RequestBody;
  /** Aborting rejects the call with the signal's own reason, and destroys a response body that is still being read. */
  readonly signal?: AbortSignal;
  /** What the request is for, in words that fit behind "Cannot": `push blob`. For errors, logs and hooks. */
  readonly operation?: string;
  /** Scopes that a token for this request needs, beyond what the challenge names: `repository:a/b:pull,push`. */
  readonly scopes?: readonly string[];
  /** `never`: the caller has a retry loop of its own around this call, so that no layer below may repeat it. */
  readonly retry?: "never";
  /** The body of the answer is large, and meant to be read by {@link TransportResponse.passing}. */
  readonly bulk?: boolean;
  /** The proxy that it went to: host and port, and the scheme before them where it is one of SOCKS. The transport says it with what it answers, and takes no notice of it. */
  readonly proxy?: string;
  /** Milliseconds until response headers must have come; 0 or `Infinity`: no limit. Default: the transport's own. */
  readonly headersTimeoutMs?: number;
}

/** One HTTP response, whatever its status. */
export interface TransportResponse {
  /** As HTTP has it; also one that means failure is no error here. */
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Must be read to its end or destroyed; see `drain` and `readBounded`. Fails when it ends before its `Content-Length`. */
  readonly body: ByteReadable;
  /**
   * Reads the whole body in memory that is used again: a chunk's once the third one after it is asked for. Cheaper than `body`, of which
   * nothing may have been read; fails as that would. Absent when the transport cannot, or the request did not say `bulk`.
   */
  readonly passing?: () => AsyncGenerator<Uint8Array, void>;
  /** The request that was answered: the last one when redirects were followed. Its URL is what relative links are resolved against. */
  readonly request: TransportRequest;
  /** How often the request was sent until this answer came; default 1. */
  readonly attempts?: number;
  /** True when a retry layer would have sent the request once more, had it been allowed to: the failure may pass. */
  readonly temporary?: boolean;
}

/**
 * Sends one request and resolves with the response, whatever its status. Rejects with `NetworkError` when there is none. Any function of
 * this shape will do in place of ours: the counterpart of Go's `http.RoundTripper` and of oras' `Client`.
 */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/** A transport that holds connections. */
export interface ClosableTransport extends Transport {
  /** Closes idle connections and takes no more requests. Resolves when those that run have ended. */
  close(): Promise<void>;
}

/** Wraps a transport in another one: retry, authentication, logging. */
export type TransportLayer = (inner: Transport) => Transport;

/** Wraps `base` in layers, the first one outermost. */
export function composeTransport(base: Transport, ...layers: readonly TransportLayer[]): Transport {
  return layers.reduceRight((inner, layer) => layer(inner), base);
}

/** The value of a header field, the first one when it came more than once. */
export function headerValue(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}
