import type { Authorizer } from "../auth/authorizer.ts";
import type { DomainLimits } from "../domain/context.ts";
import type { Namespace } from "../domain/namespace.ts";
import type { Logger } from "../observability/log.ts";
import type { ProxyTrust } from "./client-address.ts";
import type { BlobSender } from "./blob-sender.ts";

/** How the registry shows itself over HTTP. */
export interface HttpOptions {
  /** Path before `/v2/`, starting and ending with `/`; default `/`. */
  readonly prefix: string;
  /** Base address for `Location` headers; default: told by the request. */
  readonly host: URL | undefined;
  /** Whether `Location` is a path only. */
  readonly relativeUrls: boolean;
  /** Added to every answer. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Whether writes are refused. */
  readonly readOnly: boolean;
  /** Whether blobs may be served by redirects to the storage. */
  readonly redirects: boolean;
  /** Repositories a catalog page, at most, and when the client asks for no number. */
  readonly catalogMaxEntries: number;
  /** Tags a page, at most. */
  readonly maxTags: number;
  /** Whether a manifest whose type the client does not accept is 404 instead of served. */
  readonly strictAccept: boolean;
  /** Whether a client that knows no lists gets the linux/amd64 child of a Docker list. */
  readonly legacyPlatform: boolean;
  /** A body that stands still for so many milliseconds is given up. */
  readonly bodyTimeoutMs: number;
  /** Peers whose `Forwarded` and `X-Forwarded-*` headers count: addresses and CIDR ranges; default all. */
  readonly trustedProxies: "all" | readonly string[];
  /** Whether the catalog shows only what the caller may pull. */
  readonly filterCatalog: boolean;
}

/** What the HTTP side works with; made by the place that builds the object graph. */
export interface HttpContext {
  readonly namespace: Namespace;
  readonly authorizer: Authorizer;
  readonly options: HttpOptions;
  /** Those of the domain, for what is refused or cut before it gets there. */
  readonly limits: DomainLimits;
  /** Whether the `Forwarded` and `X-Forwarded-*` headers of a peer count. */
  readonly isTrustedProxy: ProxyTrust;
  /** Header names and values that every answer carries. */
  readonly commonHeaders: readonly string[];
  readonly sender: BlobSender;
  readonly log: Logger;
  /** Asked by `/readyz`: resolves when metadata and storage answer. */
  readonly ready: () => Promise<void>;
  /** Called once a request is over. */
  readonly onFinish?: (summary: RequestSummary) => void;
}

/** One request that is over, for access log and metrics. */
export interface RequestSummary {
  /** The `http.request.id` of log lines. */
  readonly requestId: string;
  /** Name of the route, undefined when none matched. */
  readonly route: string | undefined;
  readonly method: string;
  /** Path and query, without the values of queries that may be secret. */
  readonly url: string;
  /** HTTP status; 499 when the client went away before the end. */
  readonly status: number;
  /** The client's, without port: what a trusted proxy says of it, else the peer's. */
  readonly remoteAddress: string;
  /** Name of who signed in; undefined: nobody. */
  readonly user: string | undefined;
  /** As the client sent it. */
  readonly userAgent: string | undefined;
  /** As the client sent it; undefined: not. */
  readonly referer: string | undefined;
  /** `Host`, as the client sent it. */
  readonly host: string | undefined;
  /** `1.1` or `2.0`. */
  readonly httpVersion: string;
  /** Bytes of the answer's body; with status 499 not all of them arrived. */
  readonly written: number;
  /** Milliseconds from its start to its end. */
  readonly durationMs: number;
  readonly startedAt: Date;
}
