import { responseError } from "./check-response.ts";
import type { TransportLayer } from "./transport.ts";

/**
 * Turns every answer of 400 and above into an error, for callers that want no failed responses. Put it outermost: layers below it,
 * such as authentication, see the answers first. The counterpart of docker-registry-client's `ErrorTransport`.
 *
 * Its transport @throws {ResponseError} on such an answer.
 */
export function errorLayer(): TransportLayer {
  return (inner) => async (request) => {
    const response = await inner(request);
    if (response.status >= 400) throw await responseError(response);
    return response;
  };
}
