import { isLoopbackHost, isPrivateHost } from "./private-address.ts";
import { ProtocolError, UnreplayableBodyError } from "../errors.ts";
import { wholeNumber } from "../number-option.ts";
import { drain } from "./drain.ts";
import { failureOf, operationOf, serverOf } from "./network-error.ts";
import { isSecretHeader, redactUrl } from "./redact.ts";
import { headerValue, type RequestHeaders, type TransportLayer, type TransportRequest, type TransportResponse } from "./transport.ts";

/** Redirects that one request follows at most, unless told otherwise. */
export const DEFAULT_MAX_REDIRECTS = 10;

/** Options of {@link redirectLayer}. */
export interface RedirectOptions {
  /** Hops at most; default 10, 0: any redirect is an error. */
  readonly maxRedirects?: number;
  /** Follows a redirect from HTTPS to plain HTTP; default false. */
  readonly allowDowngrade?: boolean;
  /**
   * Follows redirects from elsewhere to addresses of this machine or of a private network; default false. A registry whose own host
   * name is such an address may always redirect to itself, on any port.
   */
  readonly allowPrivateHosts?: boolean;
}

/** Redirects after which method and body stay as they are. */
const KEEP_METHOD: ReadonlySet<number> = new Set([307, 308]);
/** Redirects that turn anything but GET and HEAD into a GET: never what an upload or a delete wants. */
const BECOME_GET: ReadonlySet<number> = new Set([301, 302, 303]);

/**
 * Follows redirects. On a change of scheme, host or port the caller's credentials stay behind, in whatever
 * header they are. `response.request.url` is where the answer
 * came from in the end. Put it outermost: layers below see each hop as a request of its own.
 *
 * @throws {RangeError} on a `maxRedirects` that is no whole number.
 * The calls throw `ProtocolError` when a redirect leads nowhere, in circles, from HTTPS to HTTP, into a private network, or would turn
 * an upload or a delete into a GET; and `UnreplayableBodyError` when the body would have to be sent again and cannot.
 */
export function redirectLayer(options: RedirectOptions = {}): TransportLayer {
  const maxRedirects = wholeNumber("maxRedirects", options.maxRedirects, DEFAULT_MAX_REDIRECTS);
  return (inner) => async (first) => {
    let request = first;
    for (let hops = 0; ; hops++) {
      const response = await inner(request);
      if (!KEEP_METHOD.has(response.status) && !BECOME_GET.has(response.status)) return response;
      const next = await nextRequest(request, response, options);
      if (hops >= maxRedirects)
        throw failure(response.request, `redirects more than ${maxRedirects} times, at last to "${redactUrl(next.url)}"`);
      request = next;
    }
  };
}

async function nextRequest(request: TransportRequest, response: TransportResponse, options: RedirectOptions): Promise<TransportRequest> {
  await drain(response);
  request.signal?.throwIfAborted();
  const { status } = response;
  const url = targetOf(request, response);
  const problem = refusal(request.url, url, options);
  if (problem !== undefined) throw failure(response.request, `redirects to "${redactUrl(url)}": ${problem}`);
  if (BECOME_GET.has(status) && request.method !== "GET" && request.method !== "HEAD") {
    throw failure(response.request, `answered ${status}, which would turn ${request.method} into GET; a registry must use 307 or 308`);
  }
  if (request.body?.replayable === false) {
    throw new UnreplayableBodyError({ cause: failure(response.request, `redirects to "${redactUrl(url)}" after the body was sent`) });
  }
  return { ...request, url, headers: headersFor(request, url) };
}

function targetOf(request: TransportRequest, response: TransportResponse): URL {
  const location = headerValue(response.headers, "location")?.trim();
  if (!location) throw failure(response.request, `answered ${response.status} without saying where to go: the Location header is missing`);
  const url = URL.parse(location, request.url);
  if (url === null) throw failure(response.request, `answered ${response.status} with a Location that is no URL`);
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}

/** Why `to` must not be followed from `from`; undefined when it may. */
function refusal(from: URL, to: URL, options: RedirectOptions): string | undefined {
  if (to.protocol !== "https:" && to.protocol !== "http:") return "it is neither https nor http";
  if (from.protocol === "https:" && to.protocol === "http:" && options.allowDowngrade !== true) return "it would leave HTTPS";
  const isOwn = from.hostname === to.hostname || (isLoopbackHost(from.hostname) && isLoopbackHost(to.hostname));
  if (!isOwn && isPrivateHost(to.hostname) && options.allowPrivateHosts !== true) {
    return "it is an address of this machine or of a private network; see the allowPrivateHosts option if it is yours";
  }
  return undefined;
}

function headersFor(request: TransportRequest, url: URL): RequestHeaders {
  const sameOrigin = url.origin === request.url.origin; // default ports are normalised
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== "host" && (sameOrigin || !isSecretHeader(name))));
}

function failure(request: TransportRequest, reason: string): ProtocolError {
  return new ProtocolError(`Cannot ${operationOf(request)}: ${serverOf(request)} ${reason}`, failureOf(request));
}
