import {
  type AnswerErrorOptions,
  type BerthErrorOptions,
  type Digest,
  digestAlgorithm,
  DigestMismatchError,
  isDigest,
  parseMediaType,
  UnsupportedError,
} from "@berth/oci";
import { ProtocolError, ResponseError } from "../errors.ts";
import { plainText } from "../transport/plain-text.ts";
import { readBounded } from "../transport/read-bounded.ts";
import { giverOf, serverOf } from "../transport/network-error.ts";
import { headerValue, type TransportResponse } from "../transport/transport.ts";
import { webPageError } from "../transport/web-page.ts";

/** What an error that stands for a refusal is made with: the refusal, and what it says behind the words for what was wanted. */
export function answered(refusal: ResponseError): AnswerErrorOptions {
  const wanted = `Cannot ${refusal.operation}: `;
  return { cause: refusal, ...(refusal.message.startsWith(wanted) && { answer: refusal.message.slice(wanted.length) }) };
}

/** Runs a request whose 404 has a meaning of its own. */
export async function orNotFound<T>(answer: Promise<T>, notFound: (options: AnswerErrorOptions) => Error): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ResponseError && error.status === 404) throw notFound(answered(error));
    throw error;
  }
}

/** Runs a request that registries may not know at all. @throws {UnsupportedError} when they say so. */
export async function orUnsupported<T>(answer: Promise<T>, what: string, statuses: readonly number[] = [405, 501]): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ResponseError && statuses.includes(error.status)) throw new UnsupportedError(what, answered(error));
    throw error;
  }
}

/** Says that an answer breaks the protocol, and which one. What `reason` quotes of it need not be cleaned. */
export function protocolError(response: TransportResponse, reason: string, options: BerthErrorOptions = {}): ProtocolError {
  const { method, url, proxy, operation = "read answer" } = response.request;
  return new ProtocolError(`Cannot ${operation}: ${serverOf(response.request)} ${plainText(reason)}`, {
    operation,
    method,
    url: `${url.origin}${url.pathname}`,
    ...(proxy !== undefined && { proxy }),
    ...options,
  });
}

/** Bytes that the answer says it has; undefined when it does not say. @throws {ProtocolError} when it says nonsense. */
export function contentLength(response: TransportResponse): number | undefined {
  const value = headerValue(response.headers, "content-length");
  if (value === undefined) return undefined;
  const length = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(length)) throw protocolError(response, `sent the Content-Length "${value.slice(0, 100)}"`);
  return length;
}

/** Type and subtype of the answer; undefined when it names none. @throws {ProtocolError} when it is malformed, or a web page. */
export function contentType(response: TransportResponse): string | undefined {
  const value = headerValue(response.headers, "content-type");
  if (value === undefined) return undefined;
  const mediaType = parseMediaType(value);
  if (mediaType === undefined) throw protocolError(response, `sent the Content-Type "${value.slice(0, 100)}"`);
  if (mediaType === "text/html") throw webPageError(response);
  return mediaType;
}

/** The answer's `Docker-Content-Digest`; undefined when it has none. @throws {ProtocolError} when it is malformed. */
export function contentDigest(response: TransportResponse): Digest | undefined {
  const value = headerValue(response.headers, "docker-content-digest");
  if (value === undefined || value === "") return undefined;
  if (!isDigest(value)) throw protocolError(response, `sent the Docker-Content-Digest "${value.slice(0, 200)}"`);
  return value;
}

/**
 * Checks the answer's `Docker-Content-Digest`, when it has one. One of another algorithm says nothing: some registries always name
 * their own.
 *
 * @throws {DigestMismatchError}
 */
export function checkContentDigest(response: TransportResponse, expected: Digest): void {
  const actual = contentDigest(response);
  if (actual === undefined || actual === expected || digestAlgorithm(actual) !== digestAlgorithm(expected)) return;
  throw new DigestMismatchError({ expected, actual }, giverOf(response.request));
}

/** Reads a manifest, an index or a page of a list, which may take 5 minutes. @throws {LimitExceededError} @throws {NetworkError} */
export async function readMetadata(response: TransportResponse, maxBytes: number): Promise<Buffer> {
  return await readBounded(response, maxBytes, "response", "maxMetadataBytes");
}
