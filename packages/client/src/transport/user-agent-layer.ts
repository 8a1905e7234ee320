import { VERSION } from "../version.ts";
import type { TransportLayer } from "./transport.ts";

/**
 * Says who is asking: `berth/<version>`, behind `userAgent` when one is given. Requests that already say it stay as they are.
 *
 * @param userAgent `my-tool/1.0`
 */
export function userAgentLayer(userAgent = ""): TransportLayer {
  const value = `${userAgent} berth/${VERSION}`.trim();
  return (inner) => (request) =>
    inner(request.headers["user-agent"] === undefined ? { ...request, headers: { ...request.headers, "user-agent": value } } : request);
}
