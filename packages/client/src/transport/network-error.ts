import { type AnsweredRequest, SizeMismatchError } from "@berth/oci";
import { NetworkError, type RequestFailure, ResponseError } from "../errors.ts";
import { errorCode } from "./error-code.ts";
import { redactUrl } from "./redact.ts";
import type { TransportRequest } from "./transport.ts";

/** What went wrong, in words, and what helps. */
interface Explanation {
  readonly what: string;
  readonly hint?: string;
  /** Whether the same request may succeed when sent again a little later; default true. */
  readonly retryable?: boolean;
}

/**
 * Codes of who speaks TLS, but not to our liking, or likes us not: what is wrong with a certificate, with a list of revoked ones, with keys
 * and versions, and every alert. Bytes that are no TLS have others.
 *
 * @see Node, tls, "X509 certificate error codes"; OpenSSL, ssl_err.c
 */
const OF_TLS: readonly RegExp[] = [
  /^(?:CERT|CRL|UNABLE_TO|ERROR_IN|DEPTH_ZERO|SELF_SIGNED|PATH_LENGTH|ERR_TLS_CERT)_/,
  /^(?:INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)$/,
  /^ERR_SSL_(?:.+_ALERT_|TLSV1|.*KEY_TOO_SMALL$|.*MD_TOO_WEAK$|UNSUPPORTED_PROTOCOL$|UNSAFE_LEGACY_)/,
];

const ASK_FOR_CA =
  "give its certificate authority with the tls.ca option, in certs.d/<host>/ca.crt, or in a file that NODE_EXTRA_CA_CERTS names; a registry for tests can be used with tls.insecure";
const PLAIN_HTTP = "it speaks plain HTTP: use an http:// address or the plain HTTP option if that is meant";

const GIVE_CERTIFICATE = "give one with tls.cert and tls.key, or in certs.d/<host>";

/** Alerts of a server about a client's certificate. Some that want one say "bad" when they got none. */
const CLIENT_REFUSED = /_ALERT_(?:(?:BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(?:EXPIRED|REVOKED|UNKNOWN)|UNKNOWN_CA)$/;

const UNTRUSTED: Explanation = {
  what: "its certificate is not signed by an authority that is trusted here",
  hint: ASK_FOR_CA,
  retryable: false,
};
/** Who writes `library/ubuntu` means Docker Hub, and asks for a host of that name here. */
const NAME_LACKS_REGISTRY = "a name begins with its registry, as in docker.io/library/ubuntu";

const PLAIN: Explanation = { what: "the answer to HTTPS is not TLS", hint: PLAIN_HTTP, retryable: false };
const CUT: Explanation = { what: "the connection was closed before an answer came" };
/** Of an answer that had begun. */
const CLOSED = "the connection was closed";
const UNREACHABLE: Explanation = { what: "the host cannot be reached", hint: "check the network and the proxy settings" };

/** By the code that Node or undici gives. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: {
    what: "the connection was refused",
    hint: "check that the registry runs and that host and port are right",
    retryable: false,
  },
  ENOTFOUND: { what: "the name was not found", hint: "check the spelling of the host and the DNS settings", retryable: false },
  EAI_AGAIN: { what: "the name cannot be looked up now", hint: "check the DNS settings" },
  ECONNRESET: CUT,
  EPIPE: CUT,
  UND_ERR_SOCKET: CUT,
  UND_ERR_CONNECT_TIMEOUT: { what: "the connection could not be made in time", hint: "check host, port, network and proxy settings" },
  ETIMEDOUT: { what: "the connection timed out", hint: "check host, port, network and proxy settings" },
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  UND_ERR_HEADERS_TIMEOUT: { what: "no answer came in time" },
  ERR_INTERIM_ANSWERS: { what: "", retryable: false },
  ERR_BODY_TIMEOUT: { what: "" },
  ERR_STALLED: { what: "no byte moved in time" },
  ERR_TLS_TIMEOUT: { what: "the TLS handshake took too long", hint: "check that the port speaks TLS" },
  ERR_PROXY: { what: "", hint: "check HTTPS_PROXY, HTTP_PROXY, NO_PROXY and the proxy's credentials", retryable: false },
  ERR_PROXY_UNAVAILABLE: { what: "", hint: "try again later, or check HTTPS_PROXY, HTTP_PROXY and NO_PROXY" },
  DEPTH_ZERO_SELF_SIGNED_CERT: { ...UNTRUSTED, what: "its certificate is signed by nobody but itself" },
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: { what: "its certificate has expired", hint: "renew it, and check the clock here", retryable: false },
  CERT_NOT_YET_VALID: { what: "its certificate is not valid yet", hint: "check the clocks", retryable: false },
  CERT_REVOKED: { what: "its certificate was revoked", retryable: false },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    what: "its certificate is for another name",
    hint: "use a name that the certificate holds, or the tls.servername option",
    retryable: false,
  },
  ERR_SSL_WRONG_VERSION_NUMBER: PLAIN,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: PLAIN,
  ERR_SSL_HTTP_REQUEST: PLAIN,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: {
    what: "no TLS version suits both sides",
    hint: "see the tls.minVersion option",
    retryable: false,
  },
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: { what: "it wants a client certificate", hint: GIVE_CERTIFICATE, retryable: false },
  UND_ERR_HEADERS_OVERFLOW: { what: "the header of the answer is too large", retryable: false },
  ERR_NO_WEBASSEMBLY: { what: "Node runs without WebAssembly, which reads the answers", hint: "leave --jitless out", retryable: false },
  UND_ERR_DESTROYED: { what: "the transport is closed", retryable: false },
  UND_ERR_CLOSED: { what: "the transport is closed", retryable: false },
};

/** The error for a request that got no answer. */
export function networkError(request: TransportRequest, cause: unknown): NetworkError {
  const { what, hint: usual, retryable = true } = explain(cause);
  const isBareName = errorCode(cause) === "ENOTFOUND" && !/[.:]/.test(request.url.host);
  const hint = isBareName ? `${usual}; ${NAME_LACKS_REGISTRY}` : usual;
  const words = `Cannot ${operationOf(request)}: no answer from ${serverOf(request)}: ${what}`;
  return new NetworkError(hint === undefined ? words : `${words}; ${hint}`, { ...failureOf(request), cause, retryable });
}

/** True for a request that failed because of what was said in TLS, such as a certificate that is not trusted: so TLS is spoken there. */
export function showsTls(error: unknown): boolean {
  return error instanceof NetworkError && isOfTls(errorCode(error.cause));
}

function isOfTls(code: string = ""): boolean {
  return OF_TLS.some((pattern) => pattern.test(code));
}

/** The error for an answer that broke off. `expected` undefined: nothing was announced. */
export function truncatedError(
  request: TransportRequest,
  { expected, actual }: { readonly expected: number | undefined; readonly actual: number },
  cause: unknown,
): NetworkError {
  const reason = reasonOf(cause);
  const sizes = expected === undefined ? `got ${actual} bytes and no end` : `expected ${expected} bytes, got ${actual}`;
  const chained = expected === undefined ? cause : new SizeMismatchError({ expected, actual }, { cause });
  return new NetworkError(`Cannot ${operationOf(request)}: the answer from ${serverOf(request)} broke off: ${reason}: ${sizes}`, {
    ...failureOf(request),
    cause: chained,
    retryable: true,
  });
}

/**
 * Why a request failed, in a clause that fits behind a colon: what became of the connection, or what was answered. For errors of something
 * larger that the request was a part of.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof ResponseError) return `"${new URL(error.url).host}" answered ${error.status}`;
  const root = rootOf(error);
  if (root instanceof SizeMismatchError) return root.reason ?? "bytes are missing";
  const { what } = explain(root);
  return what === CUT.what ? CLOSED : what;
}

/** What Node, undici or we ourselves said below errors of the network; of two ways that were tried the first one. */
function rootOf(error: unknown): unknown {
  let at = error;
  while ((at instanceof NetworkError || at instanceof SizeMismatchError) && at.cause !== undefined) {
    at = at.cause instanceof AggregateError && at.cause.errors[0] instanceof NetworkError ? at.cause.errors[0] : at.cause;
  }
  return at;
}

/** What a request is for, in words that fit behind "Cannot". */
export function operationOf(request: Pick<TransportRequest, "operation" | "method">): string {
  return request.operation ?? `send ${request.method} request`;
}

/**
 * Who answers a request, in words. A proxy for plain HTTP may answer in place of the registry, and nothing would show it; what comes
 * through a tunnel is the registry's.
 */
export function serverOf({ url, proxy }: Pick<TransportRequest, "url" | "proxy">): string {
  return proxy === undefined || url.protocol === "https:" ? `"${url.host}"` : `"${url.host}" through proxy "${proxy}"`;
}

/** Whether a request goes to a proxy that speaks HTTP and may answer by itself: none of SOCKS, and no tunnel. */
export function answersByItself({ url, proxy }: Pick<TransportRequest, "url" | "proxy">): boolean {
  return proxy !== undefined && !proxy.includes("://") && url.protocol === "http:";
}

/** The fields that every error of a request has. */
export function failureOf(request: TransportRequest): Pick<RequestFailure, "operation" | "method" | "url" | "proxy"> {
  const { method, url, proxy } = request;
  return { operation: operationOf(request), method, url: redactUrl(url), ...(proxy !== undefined && { proxy }) };
}

/** Who sent something, and in answer to what: for errors about what came. */
export function giverOf(request: TransportRequest): { readonly from: string; readonly request: AnsweredRequest } {
  const { operation, method, url } = failureOf(request);
  return { from: request.url.host, request: { operation, method, url } };
}

function explain(cause: unknown): Explanation {
  const code = errorCode(cause);
  const known = code === undefined ? undefined : EXPLANATIONS[code];
  if (known !== undefined) return known.what === "" && cause instanceof Error ? { ...known, what: cause.message } : known;
  if (code?.startsWith("HPE_"))
    return { what: "the answer is not HTTP", hint: "check the port, and whether it wants https://", retryable: false };
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") return CUT;
  if (code !== undefined && CLIENT_REFUSED.test(code))
    return { what: `it takes no client certificate but one that it trusts (${code})`, hint: GIVE_CERTIFICATE, retryable: false };
  if (code?.startsWith("ERR_SSL_") || code?.startsWith("ERR_TLS_") || isOfTls(code))
    return { what: `TLS failed (${code})`, retryable: false };
  return { what: code ?? (cause instanceof Error ? cause.message : String(cause)) };
}
