import { AuthError, ProtocolError } from "../errors.ts";
import { drain } from "../transport/drain.ts";
import { failureOf } from "../transport/network-error.ts";
import { headerValue, type Transport, type TransportRequest, type TransportResponse } from "../transport/transport.ts";
import { type RealmRules, realmProblem } from "./realm.ts";

const MAX_HOPS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a token request, and follows redirects: each place that it is sent to must itself be a realm that the registry may name. Only a GET
 * leaves its origin, and without its credential; a form that holds one stays where it is.
 *
 * @throws {AuthError} when a redirect leads to a place that is not trusted, or nowhere.
 */
export async function sendTokenRequest(
  inner: Transport,
  first: TransportRequest,
  rules: RealmRules & { readonly registry: URL },
): Promise<TransportResponse> {
  let request = first;
  for (let hop = 0; ; hop++) {
    const response = await inner(request);
    const location = headerValue(response.headers, "location");
    if (!REDIRECTS.has(response.status) || location === undefined) return response;
    await drain(response);
    const next = URL.parse(location, request.url);
    const problem = hop >= MAX_HOPS ? `it redirects more than ${MAX_HOPS} times` : redirectProblem(request, next, response.status, rules);
    if (problem !== undefined || next === null) {
      const message = `Cannot ${request.operation}: the token server "${request.url.host}" redirects: ${problem}`;
      const failure = failureOf(request);
      throw new AuthError(message, { ...failure, cause: new ProtocolError(message, failure) });
    }
    next.hash = "";
    request = { ...request, url: next, headers: next.origin === request.url.origin ? request.headers : withoutAuthorization(request) };
  }
}

function redirectProblem(
  { method, url }: TransportRequest,
  next: URL | null,
  status: number,
  rules: RealmRules & { readonly registry: URL },
): string | undefined {
  if (next === null) return "the new location is no URL";
  if (url.protocol === "https:" && next.protocol !== "https:") return `to "${next.host}" without HTTPS`;
  const problem = realmProblem(rules.registry, next, rules);
  if (problem !== undefined) return `"${next.host}" is refused: ${problem}`;
  if (method === "GET") return undefined;
  if (status !== 307 && status !== 308) return `status ${status} would drop the form`;
  return next.origin === url.origin ? undefined : `a form with a credential is not sent on to "${next.host}"`;
}

function withoutAuthorization({ headers }: TransportRequest): TransportRequest["headers"] {
  const { authorization: _, ...rest } = headers;
  return rest;
}
