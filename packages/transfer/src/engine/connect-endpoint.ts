import { BerthError } from "@berth/oci";
import {
  type Connection,
  type ConnectionOptions,
  type StackConnectionOptions,
  type ConnectionRequest,
  createConnection,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_HEADERS_TIMEOUT_MS,
  defaultRetryPredicate,
} from "@berth/client";
import type { Endpoint } from "./hosts.ts";

/** Milliseconds in which a mirror is not asked again that was waited for in vain: what is copied meanwhile need not wait for it, too. */
const LEFT_ALONE_MS = 60_000;
/** Codes of Node, undici and the client for a wait that was too long. */
const TIMEOUTS: ReadonlySet<unknown> = new Set(["ERR_TLS_TIMEOUT", "ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT"]);

/**
 * Makes the connection to an endpoint, which is told the registry that is meant. Behind a mirror stands another endpoint, so that less is
 * waited for it: a request that gets no answer from it is sent once, and until it has answered something a request has
 * `endpoint.answerTimeoutMs`; when that was in vain it is left alone for a minute, and requests fail with the same error at once. Answers
 * that say "later" are asked for again as with any registry.
 *
 * @see moby, distribution.newRepository; containerd, remotes/docker: only the last host is asked again
 */
export function connectEndpoint(endpoint: Endpoint, options: ConnectionOptions = {}): Connection {
  const { host, isMirror, namespace } = endpoint;
  const made = isMirror && options.transport === undefined ? connectMirror(endpoint, options) : createConnection(host, options);
  return namespace === undefined ? made : withNamespace(made, namespace);
}

function connectMirror({ host, answerTimeoutMs: limit }: Endpoint, options: StackConnectionOptions): Connection {
  const { retry = {}, http = {} } = options;
  const shouldRetry = (retry && retry.policy?.shouldRetry) || defaultRetryPredicate;
  const { connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS, headersTimeoutMs = DEFAULT_HEADERS_TIMEOUT_MS } = http;
  const inner = createConnection(host, {
    ...options,
    retry: retry && {
      ...retry,
      policy: { ...retry.policy, shouldRetry: (outcome) => outcome.response !== undefined && shouldRetry(outcome) },
    },
    http: { ...http, connectTimeoutMs: shorter(limit, connectTimeoutMs), headersTimeoutMs: shorter(limit, headersTimeoutMs) },
  });
  const now = (retry && retry.clock?.now) || Date.now;
  let answers = false;
  let waited: { readonly error: unknown; readonly at: number } | undefined;
  return {
    ...inner,
    async send(request: ConnectionRequest) {
      if (waited !== undefined && now() < waited.at + LEFT_ALONE_MS) throw waited.error;
      try {
        const response = await inner.send(answers ? { headersTimeoutMs, ...request } : request);
        answers = true;
        waited = undefined;
        return response;
      } catch (error) {
        answers = BerthError.is(error) && error.code === "ERR_RESPONSE";
        waited = isTimeout(error) ? { error, at: now() } : undefined;
        throw error;
      }
    },
  };
}

/** True for a request that was waited for in vain, by HTTPS and by HTTP perhaps. */
function isTimeout(error: unknown): boolean {
  if (!BerthError.is(error) || error.code !== "ERR_NETWORK") return false;
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors.some(isTimeout)) return true;
  return cause instanceof Error && "code" in cause && TIMEOUTS.has(cause.code);
}

/** Of two time limits, 0 is none. */
function shorter(one: number, other: number): number {
  return one > 0 && other > 0 ? Math.min(one, other) : one || other;
}

/** Says with every request which registry is meant, for one that stands in for several. @see containerd, docs/hosts.md */
function withNamespace(inner: Connection, namespace: string): Connection {
  return {
    ...inner,
    send: async (request: ConnectionRequest) => {
      const { target } = request;
      if (typeof target !== "string") return await inner.send(request);
      return await inner.send({ ...request, target: `${target}${target.includes("?") ? "&" : "?"}ns=${encodeURIComponent(namespace)}` });
    },
  };
}
