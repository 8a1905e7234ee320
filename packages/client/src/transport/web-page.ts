import { ProtocolError } from "../errors.ts";
import { drain } from "./drain.ts";
import { failureOf, operationOf, serverOf } from "./network-error.ts";
import { headerValue, type TransportResponse } from "./transport.ts";

/** Bytes that tell a page. */
const TELLING = 64;

/** What may be the matter when a web page comes in place of an answer. */
export const PAGE_IN_BETWEEN = "a proxy, or a page to sign in to the network, may stand in front of it";

/** True for an answer that was written for people and not for programs: somebody else than who was asked may have given it. */
export function isWebPage(body: Uint8Array, contentType: string | undefined): boolean {
  return isHtml(contentType) || /^\s*<(?:!doctype|html)/i.test(new TextDecoder().decode(body.subarray(0, TELLING)));
}

/** The error for a web page where the answer of a registry was wanted. */
export function webPageError(response: TransportResponse): ProtocolError {
  const { request } = response;
  const words = `Cannot ${operationOf(request)}: ${serverOf(request)} sent a web page: it is no registry; ${PAGE_IN_BETWEEN}`;
  return new ProtocolError(words, failureOf(request));
}

/**
 * Takes an answer whose status says that something is so, or was done, and drops what is left of it as `drain` does. Pages to sign in
 * answer 200 to everything, so that 200 alone says nothing.
 *
 * @throws {ProtocolError} when it is a web page.
 */
export async function acknowledged(response: TransportResponse): Promise<void> {
  const start = new Array<Uint8Array>();
  let size = 0;
  response.body.on("data", (chunk: Uint8Array) => {
    if (size < TELLING) start.push(chunk.slice(0, TELLING));
    size += chunk.byteLength;
  });
  await drain(response);
  if (isPageOfOthers(response, Buffer.concat(start))) throw webPageError(response);
}

/** Registries made with frameworks for web sites call their answers HTML, be they empty, or words such as `true` (Quay's to `/v2/`). */
function isPageOfOthers({ status, headers, request }: TransportResponse, start: Uint8Array): boolean {
  if (status === 201 || status >= 300) return false; // no page says 201, and failures say enough by their status
  if (isWebPage(start, undefined)) return true;
  if (!isHtml(headerValue(headers, "content-type")) || headers["docker-content-digest"] !== undefined) return false;
  if (request.method === "HEAD") return true;
  return start.byteLength > 0 && headers["docker-distribution-api-version"] === undefined;
}

/** True for the media type of a web page. */
export function isHtml(contentType: string | undefined = ""): boolean {
  return /^text\/html/i.test(contentType);
}
