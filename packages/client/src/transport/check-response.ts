import { DEFAULT_MAX_ERROR_BODY, parseErrorBody } from "@berth/oci";
import { RateLimitedError, ResponseError, type ResponseFailure } from "../errors.ts";
import { answersByItself, failureOf } from "./network-error.ts";
import { readStart } from "./read-bounded.ts";
import { responseMessage } from "./response-message.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { isTemporary } from "./temporary.ts";
import { headerValue, type TransportResponse } from "./transport.ts";

/** Headers that servers and clouds name a request in, in the order of trust. */
const REQUEST_ID_HEADERS = [
  "x-request-id",
  "request-id",
  "x-amzn-requestid",
  "x-amz-request-id",
  "x-ms-request-id",
  "x-ms-correlation-request-id",
  "x-github-request-id",
  "x-goog-request-id",
  "cf-ray",
] as const;

/**
 * Passes on a response whose status is one of `expected`. Any other one is read (64 KiB are kept, the rest is dropped) and thrown.
 *
 * @throws {ResponseError} which says the operation, the registry, the status, the errors of the body and what to do.
 */
export async function checkResponse(response: TransportResponse, expected: readonly number[]): Promise<TransportResponse> {
  if (expected.includes(response.status)) return response;
  throw await responseError(response, expected);
}

/** Reads a response whole, closes it and makes the error for it. @throws the reason of the request's signal, once that is aborted. */
export async function responseError(response: TransportResponse, expected: readonly number[] = []): Promise<ResponseError> {
  const failure = await responseFailure(response);
  return new ResponseError(responseMessage(failure, response.request, expected), failure);
}

/** The same, for a registry that asks for more patience than there is. */
export async function rateLimitedError(response: TransportResponse, maxWaitMs: number): Promise<RateLimitedError> {
  const failure = await responseFailure(response);
  const asked = Math.ceil((failure.retryAfterMs ?? 0) / 1000);
  const message = responseMessage(failure, response.request, []);
  return new RateLimitedError(`${message}; it asks to wait ${asked} s, and the limit here is ${Math.floor(maxWaitMs / 1000)} s`, failure);
}

async function responseFailure(response: TransportResponse): Promise<ResponseFailure> {
  const { status, headers, request, attempts, temporary } = response;
  const { bytes } = await readStart(response.body, DEFAULT_MAX_ERROR_BODY);
  request.signal?.throwIfAborted(); // a body that the abort broke says nothing
  const errors = parseErrorBody(bytes);
  const requestId = REQUEST_ID_HEADERS.map((name) => headerValue(headers, name)).find((id) => id !== undefined);
  const retryAfterMs = parseRetryAfter(headerValue(headers, "retry-after"), Date.now());
  return {
    ...failureOf(request),
    status,
    errors,
    body: bytes,
    headers,
    retryable: temporary === true || isTemporary(status, errors),
    ...(isFromProxy(response) && { fromProxy: true }),
    ...(attempts !== undefined && { attempts }),
    ...(requestId !== undefined && { requestId }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** Whether a proxy for plain HTTP wants credentials of its own. Some say so with the status of registries: of these the headers tell. */
function isFromProxy({ status, headers, request }: TransportResponse): boolean {
  if (!answersByItself(request)) return false;
  const asksForItself = headers["proxy-authenticate"] !== undefined && headers["www-authenticate"] === undefined;
  return status === 407 || (status === 401 && asksForItself);
}
