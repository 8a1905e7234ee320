import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { isRepositoryName, parseRepositoryName, type OciErrorCode, type RepositoryName } from "@berth/oci";
import { redactUri } from "../observability/log-fields.ts";
import { authorize } from "./authorize.ts";
import { abandonBody } from "./body.ts";
import { type ErrorReply, HttpError, toErrorReply } from "./errors.ts";
import { Exchange, type HeaderList } from "./exchange.ts";
import type { HttpContext, RequestSummary } from "./options.ts";
import type { Route } from "./route.ts";
import { Router } from "./router.ts";

/** Status that logs show for a request whose client went away. */
const CLIENT_CLOSED_REQUEST = 499;

/** Stands in for the route of requests that have none, so that their answers are made in the same way. */
const NO_ROUTE: Omit<Route, "handle"> = {
  name: "none",
  method: "GET",
  path: "",
  action: "open",
  group: "base",
  summary: "",
  successes: [],
  errors: [],
};

/** Makes the request listener of a registry. It mounts in any Node server. */
export function createHandler(context: HttpContext, routes: readonly Route[]): RequestListener {
  const router = new Router(routes);
  return (request, response) => {
    const startedAt = context.onFinish === undefined ? undefined : new Date();
    const exchange = toExchange(context, router, request, response);
    if (startedAt !== undefined) {
      const { remoteAddress } = exchange; // a socket that is gone tells it only if it was asked before
      response.once("close", () => context.onFinish?.(summarize(exchange, { startedAt, remoteAddress })));
    }
    run(exchange).catch((error: unknown) => {
      try {
        fail(exchange, error);
      } catch (failure) {
        context.log.error("cannot answer", { "http.request.id": exchange.requestId, error: failure }); // a rejection that nobody sees would end the process
        response.destroy();
      }
    });
  };
}

async function run(exchange: Exchange): Promise<void> {
  const { route, context } = exchange;
  if (route.action !== "open") {
    const granted = authorize(exchange);
    exchange.grant = granted instanceof Promise ? await granted : granted;
  }
  if (context.options.readOnly && (route.action === "push" || route.action === "delete")) {
    throw new HttpError("UNSUPPORTED", "Cannot write: the registry is read-only", {
      headers: ["Allow", "GET, HEAD"],
      detail: "the registry is read-only",
    });
  }
  await route.handle(exchange);
  if (!exchange.request.complete) abandonBody(exchange);
}

function toExchange(context: HttpContext, router: Router, request: IncomingMessage, response: ServerResponse): Exchange {
  const url = request.url ?? "/";
  const question = url.indexOf("?");
  const path = withoutPrefix(question === -1 ? url : url.slice(0, question), context.options.prefix);
  const search = question === -1 ? "" : url.slice(question + 1);
  const match = path === undefined ? undefined : router.match(request.method ?? "GET", path);
  const parameter = match === undefined ? "" : decode(match.parameter);
  if (match?.route !== undefined && parameter !== undefined && (match.name === "" || isRepositoryName(match.name))) {
    return new Exchange(context, request, response, { route: match.route, name: match.name as RepositoryName, parameter, search });
  }
  const refusal = match === undefined ? noSuchPath() : match.route === undefined ? wrongMethod(match.methods) : invalidName(match.name);
  const handle = (): never => {
    throw refusal;
  };
  return new Exchange(context, request, response, { route: { ...NO_ROUTE, handle }, name: "" as RepositoryName, parameter: "", search });
}

function withoutPrefix(path: string, prefix: string): string | undefined {
  if (prefix === "/") return path;
  return path.startsWith(prefix) ? path.slice(prefix.length - 1) : undefined;
}

function decode(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // not percent-encoding: no reference either
  }
}

function noSuchPath(): HttpError {
  return new HttpError("NAME_INVALID", "Cannot find path: it is none of the registry's", { status: 404, detail: "no such path" });
}

function wrongMethod(methods: readonly string[]): HttpError {
  return new HttpError("UNSUPPORTED", "Cannot serve method on this path", {
    headers: ["Allow", methods.join(", ")],
    detail: "method not allowed",
  });
}

function invalidName(name: string): Error {
  try {
    parseRepositoryName(name);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return new HttpError("NAME_INVALID", "Cannot read path: it is not percent-encoded UTF-8", { detail: "malformed percent-encoding" });
}

function fail(exchange: Exchange, error: unknown): void {
  const { response, request } = exchange;
  const reply = toErrorReply(error, { repository: exchange.name, uploadLocation: (id) => exchange.location(`blobs/uploads/${id}`) });
  report(exchange, error, reply);
  if (response.headersSent || response.destroyed) {
    response.destroy(); // the only honest signal once a body has begun
    return;
  }
  const closing = !request.complete && abandonBody(exchange);
  const headers: HeaderList = [...reply.headers, "X-Request-Id", exchange.requestId];
  if (closing && request.httpVersionMajor === 1) headers.push("Connection", "close"); // HTTP/2 ends the stream by itself
  exchange.sendJson(reply.status, { errors: reply.errors }, headers);
}

function report(exchange: Exchange, error: unknown, reply: ErrorReply): void {
  const { context, request } = exchange;
  const code: OciErrorCode | string = reply.errors[0]?.code ?? "UNKNOWN";
  const fields = {
    "http.request.id": exchange.requestId,
    "http.request.method": request.method,
    "http.request.uri": redactUri(request.url ?? "/"),
    "http.response.status": isClientGone(exchange, error) ? CLIENT_CLOSED_REQUEST : reply.status,
    "vars.name": exchange.name === "" ? undefined : exchange.name,
    "auth.user.name": exchange.actor,
    "err.code": code.toLowerCase(),
    "err.message": reply.errors[0]?.message,
    error,
  };
  if (isClientGone(exchange, error)) context.log.info("client went away", fields);
  else if (reply.internal) context.log.error("response completed with error", fields);
  else context.log.debug("response completed with error", fields);
}

function isClientGone({ request, response, signal }: Exchange, error: unknown): boolean {
  if (response.writableFinished) return false;
  if (signal.aborted && error === signal.reason) return true; // what failed is what was given up for that reason
  const inTheRequest = request.destroyed && (!request.complete || request.errored !== null);
  const inTheAnswer = response.headersSent && (response.destroyed || response.socket?.destroyed === true);
  return inTheRequest || inTheAnswer;
}

function summarize(
  exchange: Exchange,
  { startedAt, remoteAddress }: { readonly startedAt: Date; readonly remoteAddress: string },
): RequestSummary {
  const { request, response, route } = exchange;
  return {
    requestId: exchange.requestId,
    route: route.name === NO_ROUTE.name ? undefined : route.name,
    method: request.method ?? "",
    url: redactUri(request.url ?? "/"),
    status: response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST,
    remoteAddress,
    user: exchange.actor,
    userAgent: request.headers["user-agent"],
    referer: request.headers.referer,
    host: request.headers.host,
    httpVersion: request.httpVersion,
    written: exchange.bodyBytes,
    durationMs: Date.now() - startedAt.getTime(),
    startedAt,
  };
}
