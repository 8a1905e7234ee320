import type { IncomingHttpHeaders } from "node:http";
import { parseScopes, type Scope } from "@berth/oci";

/** How somebody asked for a token. */
export type Grant = "anonymous" | "basic" | "password" | "refresh_token";

/** What a token server was asked. Secrets are not kept. */
export interface TokenRequest {
  readonly method: string;
  /** Undefined when the request made no sense. */
  readonly grant: Grant | undefined;
  /** Who asked, as they say; for a refresh token the user it was made for. */
  readonly user?: string;
  /** As it came. */
  readonly service?: string;
  /** As it came: `client_id`. */
  readonly clientId?: string;
  /** Every scope as it came, those that one parameter held between spaces apart. */
  readonly scopes: readonly string[];
  /** Whether a refresh token was asked for. */
  readonly offline: boolean;
  /** What was granted, empty when the request was refused. */
  readonly granted: readonly Scope[];
  /** The status of the answer; 0 when there was none. */
  readonly status: number;
}

/** A request taken apart, with its secret. */
export interface ParsedTokenRequest extends Omit<TokenRequest, "granted" | "status"> {
  /** The password or refresh token; empty when there was none. */
  readonly secret: string;
  readonly wanted: readonly Scope[];
}

/** Takes a request apart: the query of a GET with its Basic credential, or the form of a POST. */
export function parseTokenRequest(method: string, query: URLSearchParams, headers: IncomingHttpHeaders, body: string): ParsedTokenRequest {
  return method === "POST" ? parseForm(new URLSearchParams(body)) : parseQuery(method, query, headers.authorization);
}

function parseQuery(method: string, query: URLSearchParams, authorization: string | undefined): ParsedTokenRequest {
  const match = /^basic +(\S+)$/i.exec(authorization ?? "");
  const [user = "", ...rest] = Buffer.from(match?.[1] ?? "", "base64")
    .toString("utf8")
    .split(":");
  return {
    ...common(query),
    method,
    grant: match === null ? "anonymous" : "basic",
    ...(match && { user }),
    secret: rest.join(":"),
    offline: query.get("offline_token") === "true",
  };
}

function parseForm(form: URLSearchParams): ParsedTokenRequest {
  const type = form.get("grant_type");
  const grant = type === "password" || type === "refresh_token" ? type : undefined;
  const user = form.get("username");
  return {
    ...common(form),
    method: "POST",
    grant,
    ...(user !== null && { user }),
    secret: form.get(grant === "refresh_token" ? "refresh_token" : "password") ?? "",
    offline: form.get("access_type") === "offline",
  };
}

function common(fields: URLSearchParams): Pick<ParsedTokenRequest, "service" | "clientId" | "scopes" | "wanted"> {
  const scopes = fields.getAll("scope").flatMap((one) => one.split(" ").filter((part) => part !== ""));
  const service = fields.get("service");
  const clientId = fields.get("client_id");
  return {
    ...(service !== null && { service }),
    ...(clientId !== null && { clientId }),
    scopes,
    wanted: parseScopes(scopes.join(" ")),
  };
}
