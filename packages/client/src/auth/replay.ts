import { AuthError, UnreplayableBodyError } from "../errors.ts";
import { failureOf, operationOf } from "../transport/network-error.ts";
import type { TransportRequest } from "../transport/transport.ts";

/** Bytes of a body that are not risked on a request whose answer may be a challenge. */
const WORTH_ASKING_FIRST = 1_048_576;

/** Bytes of a body that takes so long to send that a token is made anew for it. */
const WORTH_RENEWING = 67_108_864;

/** True when a token should be at hand before the body is sent: it can be sent only once, or it is long. */
export function shouldAskFirst({ body }: TransportRequest): boolean {
  return body !== undefined && (!body.replayable || body.size === undefined || body.size > WORTH_ASKING_FIRST);
}

/** True when the body may take longer to send than a token lives that is not new. */
export function outlivesToken({ body }: TransportRequest): boolean {
  return body !== undefined && (body.size === undefined || body.size > WORTH_RENEWING);
}

/** True when the request can be sent again. */
export function canReplay({ body }: TransportRequest): boolean {
  return body?.replayable ?? true;
}

/** @throws {UnreplayableBodyError} when the request cannot be sent again after it was answered with a challenge. */
export function assertReplayable(request: TransportRequest): void {
  if (canReplay(request)) return;
  const message = `Cannot ${operationOf(request)}: "${request.url.host}" asked for authentication after the body was sent, now it is known how`;
  throw new UnreplayableBodyError({ cause: new AuthError(message, failureOf(request)), retryable: true });
}
