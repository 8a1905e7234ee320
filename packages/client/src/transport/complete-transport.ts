import { composeTransport, type Transport, type TransportLayer } from "./transport.ts";

const complete: WeakSet<Transport> = new WeakSet();

/**
 * Marks a transport that already authenticates, retries and logs as it should: {@link completeWith} adds nothing to it. The counterpart
 * of go-containerregistry's `transport.Wrapper`.
 */
export function completeTransport<T extends Transport>(transport: T): T {
  complete.add(transport);
  return transport;
}

/** True for a transport that was marked as complete. */
export function isCompleteTransport(transport: Transport): boolean {
  return complete.has(transport);
}

/** Wraps `base` in layers, the first one outermost, and marks the result as complete; a transport that is complete stays as it is. */
export function completeWith(base: Transport, ...layers: readonly TransportLayer[]): Transport {
  return isCompleteTransport(base) ? base : completeTransport(composeTransport((request) => base(request), ...layers));
}
