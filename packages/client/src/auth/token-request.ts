import type { Credential } from "../credentials/credential.ts";
import { requestBody } from "../transport/body.ts";
import type { RequestHeaders, TransportRequest } from "../transport/transport.ts";
import { formatBasic } from "./basic-credential.ts";

/** What a token is asked for. */
export interface TokenWish {
  readonly realm: URL;
  /** What the token server calls the registry; undefined or empty: nothing is said of it. */
  readonly service: string | undefined;
  /** In the order in which they are sent. */
  readonly scopes: readonly string[];
  /** In words that fit behind "Cannot", for errors. */
  readonly operation: string;
  readonly headers: RequestHeaders;
  readonly signal: AbortSignal | undefined;
}

/**
 * Asks by GET, with `Basic` when there is a user name or password. The realm's own query is kept, byte by byte.
 *
 * @see distribution, "Token Authentication Specification"
 */
export function getTokenRequest(wish: TokenWish, credential: Credential | undefined): TransportRequest {
  const url = new URL(wish.realm);
  const query = new URLSearchParams();
  if (wish.service && url.searchParams.get("service") !== wish.service) query.append("service", wish.service);
  for (const scope of wish.scopes) query.append("scope", scope);
  url.search = [url.search.slice(1), query.toString()].filter((part) => part !== "").join("&");
  const { username = "", password = "" } = credential ?? {};
  const named = username !== "" || password !== "";
  return {
    ...commonOf(wish),
    method: "GET",
    url,
    headers: { ...wish.headers, accept: "application/json", ...(named && { authorization: formatBasic(username, password) }) },
  };
}

/** The credential of a request by POST. */
export type OAuth2Grant =
  | { readonly type: "refresh_token"; readonly refreshToken: string }
  | { readonly type: "password"; readonly username: string; readonly password: string };

/**
 * Asks by POST, as OAuth2 has it.
 *
 * @see distribution, "OAuth2 Token Authentication"
 */
export function oauth2TokenRequest(wish: TokenWish, grant: OAuth2Grant, clientId: string): TransportRequest {
  const form = new URLSearchParams({ grant_type: grant.type, client_id: clientId });
  if (wish.service) form.set("service", wish.service);
  if (wish.scopes.length > 0) form.set("scope", wish.scopes.join(" "));
  if (grant.type === "refresh_token") form.set("refresh_token", grant.refreshToken);
  else {
    form.set("username", grant.username);
    form.set("password", grant.password);
  }
  const headers = { ...wish.headers, accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
  return { ...commonOf(wish), method: "POST", url: wish.realm, headers, body: requestBody(form.toString()) };
}

function commonOf(wish: TokenWish): Pick<TransportRequest, "operation" | "signal"> {
  return { operation: wish.operation, ...(wish.signal && { signal: wish.signal }) };
}
