import { AuthError, ProtocolError } from "../errors.ts";
import { drain } from "../transport/drain.ts";
import { failureOf } from "../transport/network-error.ts";
import { headerValue, type Transport, type TransportRequest, type TransportResponse } from "../transport/transport.ts";
import { isWeb, realmName, type RealmRules, realmProblem } from "./realm.ts";
import { MEND_REALM } from "./token-advice.ts";

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
    const next = nextPlace(request, location, response.status, rules);
    if (hop >= MAX_HOPS) throw redirectError(request, `more than ${MAX_HOPS} times; ${MEND_REALM}`);
    next.hash = "";
    request = { ...request, url: next, headers: next.origin === request.url.origin ? request.headers : withoutAuthorization(request) };
  }
}

/** Where a redirect leads. @throws {AuthError} when the request must not, or cannot, go there. */
function nextPlace(request: TransportRequest, location: string, status: number, rules: RealmRules & { readonly registry: URL }): URL {
  const { method, url } = request;
  const next = URL.parse(location, url);
  if (next === null) throw redirectError(request, `to "${realmName(location)}", which is no URL; ${MEND_REALM}`);
  const refusal = (why: string): AuthError => redirectError(request, `to "${realmName(next.href)}"${why}`);
  if (!isWeb(next)) throw refusal(`, which is no address of http or https; ${MEND_REALM}`);
  if (url.protocol === "https:" && next.protocol !== "https:") throw refusal(` without HTTPS; ${MEND_REALM}`);
  const problem = realmProblem(rules.registry, next, rules);
  if (problem !== undefined) throw redirectError(request, `to "${realmName(next.href)}", which is refused: ${problem}`, next.host);
  if (method === "GET") return next;
  if (status !== 307 && status !== 308) throw refusal(` with status ${status}, which would drop the form; ${MEND_REALM}`);
  if (next.origin !== url.origin) throw refusal(`, and a form with a credential is not sent on there; ${MEND_REALM}`);
  return next;
}

function redirectError(request: TransportRequest, where: string, untrustedRealm?: string): AuthError {
  const message = `Cannot ${request.operation}: the token server "${request.url.host}" redirects ${where}`;
  const failure = failureOf(request);
  const cause = new ProtocolError(message, failure);
  return new AuthError(message, { ...failure, cause, ...(untrustedRealm !== undefined && { untrustedRealm }) });
}

function withoutAuthorization({ headers }: TransportRequest): TransportRequest["headers"] {
  const { authorization: _, ...rest } = headers;
  return rest;
}
