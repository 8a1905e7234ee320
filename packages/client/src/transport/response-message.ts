import { errorCodeText, errorText, isDigest, isJsonObject, type OciError } from "@berth/oci";
import type { ResponseFailure } from "../errors.ts";
import { oneLine, plainText, textOf } from "./plain-text.ts";
import { answersByItself, serverOf } from "./network-error.ts";
import { redactJson } from "./redact.ts";
import { headerValue, type TransportRequest } from "./transport.ts";
import { isWebPage } from "./web-page.ts";

/** Characters of a body that is no error body that a message quotes. */
const MAX_QUOTE = 200;

/** What helps, by status. */
const HINTS: Readonly<Record<number, string>> = {
  401: "log in, or check the credentials",
  403: "the credentials do not suffice, or the name is not yours",
  404: "check the name, tag or digest",
  405: "the registry does not offer it, or has it switched off",
  407: "the proxy wants credentials: give them in its URL",
  413: "the registry, or a proxy before it, limits the size of requests",
  429: "wait, or log in for a higher limit",
  500: "the registry failed: its log says more",
  502: "a proxy did not reach the registry: try again later",
  503: "the registry is overloaded or being serviced: try again later",
  504: "a proxy waited too long for the registry: try again later",
};

/** What helps where a proxy may have answered by itself. */
const PROXY_HINTS: Readonly<Record<number, string>> = {
  403: "perhaps the proxy refuses it: check HTTP_PROXY and NO_PROXY",
  503: "the proxy or the registry is overloaded or being serviced: try again later, or check HTTP_PROXY and NO_PROXY",
};

/** What helps, by the code of the first error; goes before the status. */
const CODE_HINTS: Readonly<Record<string, string>> = {
  BLOB_UPLOAD_UNKNOWN: "the upload is over, or the registry has forgotten it: push the blob again",
  MANIFEST_BLOB_UNKNOWN: "push what the manifest names before the manifest",
};

/** What helps where nothing was named that could be missing. */
const NO_REGISTRY = "check that it is a registry and that host and port are right; some registries have no catalog";

/** The sentence that a {@link ResponseFailure} is thrown with: which registry answered what, and what to do. */
export function responseMessage(failure: ResponseFailure, request: TransportRequest, expected: readonly number[]): string {
  const { status, operation, requestId } = failure;
  const reason = process.getBuiltinModule("node:http").STATUS_CODES[status]; // an import would load much more, see tunnel.ts
  const answer = `Cannot ${operation}: ${whoAnswered(failure, request)} answered ${status}${reason === undefined ? "" : ` ${reason}`}`;
  const wanted = status < 400 && expected.length > 0 ? `, expected ${expected.join(" or ")}` : "";
  const id = requestId !== undefined && status >= 500 ? ` (request id "${plainText(requestId)}")` : "";
  const said = whatItSaid(failure);
  const hint = hintFor(failure, mayBeOfProxy(failure, request));
  return `${answer}${wanted}${id}${said === "" ? "" : `: ${said}`}${hint === undefined ? "" : `; ${hint}`}`;
}

/** Who refused, in words: the proxy, where the answer shows that it was. */
export function whoAnswered({ fromProxy }: Pick<ResponseFailure, "fromProxy">, request: TransportRequest): string {
  return fromProxy === true ? `the proxy "${request.proxy}"` : serverOf(request);
}

/** Whether a proxy for plain HTTP may have answered by itself, for nothing shows that it was the registry. */
function mayBeOfProxy({ errors, headers = {} }: ResponseFailure, request: TransportRequest): boolean {
  return answersByItself(request) && errors.length === 0 && headers["docker-distribution-api-version"] === undefined;
}

function hintFor({ status, operation, url, errors, fromProxy }: ResponseFailure, ofProxy: boolean): string | undefined {
  if (fromProxy === true) return HINTS[407];
  if (ofProxy && PROXY_HINTS[status] !== undefined) return PROXY_HINTS[status];
  if (status === 404 && isRoot(url)) return NO_REGISTRY;
  if (status === 401 && operation === "log in") return "check user name and password";
  return CODE_HINTS[errors[0]?.code ?? ""] ?? HINTS[status];
}

/** True for the addresses that every registry has. */
function isRoot(url: string): boolean {
  return /\/v2\/(?:_catalog)?(?:\?|$)/.test(url);
}

function whatItSaid({ status, errors, body = new Uint8Array(), headers = {}, method, fromProxy }: ResponseFailure): string {
  if (errors.length > 0) return clip(plainText(errors.map(wordsOf).join("; ")), 1000);
  const isPage = isWebPage(body, headerValue(headers, "content-type"));
  if (fromProxy === true && (isPage || method === "HEAD")) return ""; // who it was is told already
  if (method === "HEAD") return status === 404 ? "" : "an answer to HEAD has no body that would say why"; // 404 says it all
  if (isPage) return "an HTML page, so perhaps a proxy or a login page and no registry";
  const words = oneLine(redactJson(textOf(body, 4 * MAX_QUOTE) ?? ""));
  return words === "" ? "" : `"${clip(words, MAX_QUOTE)}"`;
}

/** An error in words, with a detail that is words too: why a manifest is refused, or the blob that it lacks. */
function wordsOf(error: OciError): string {
  const { code, message, detail } = error;
  const text = message === errorCodeText(code) ? message : errorText(error);
  const isLacking = code === "MANIFEST_BLOB_UNKNOWN";
  const more = isLacking && isJsonObject(detail) ? detail["digest"] : detail;
  // other digests are those that were asked for, which the sentence begins with
  const isTold = typeof more === "string" && more !== "" && !text.includes(more) && isDigest(more) === isLacking;
  return isTold ? `${text} (${clip(more, MAX_QUOTE)})` : text;
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`;
}
