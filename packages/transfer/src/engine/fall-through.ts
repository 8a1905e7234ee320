import type { CallOptions } from "@berth/oci";
import { CopyError } from "../copy/errors.ts";
import { classifyError, type ErrorClassification } from "../errors.ts";
import type { Endpoint } from "./hosts.ts";

/** What kind of failure an endpoint had, as far as it decides whether the next one is asked. */
export type EndpointFailure =
  /** Nobody answered: no connection, no TLS, no time, or no way to sign in. */
  | "unreachable"
  /** The registry refused in the words of the protocol. */
  | "refused"
  /** It answered a status that means failure, without words that could be read. */
  | "status"
  /** The content is of a kind that cannot be used, here or elsewhere. */
  | "media-type"
  /** The content is not what it should be, or anything else. */
  | "other"
  /** The place that the content goes to failed: a full disk, a refused push. */
  | "destination"
  /** The caller gave up. */
  | "canceled";

/** What follows a failure: the next endpoint, the next one only when this was a mirror, or the end. */
export type FallThrough = "next" | "next-if-mirror" | "stop";

/** @see moby, distribution.continueOnError; containerd, docker.hostConnectors */
export const FALL_THROUGH: Readonly<Record<EndpointFailure, FallThrough>> = {
  unreachable: "next",
  refused: "next-if-mirror",
  status: "next-if-mirror",
  "media-type": "stop",
  other: "next-if-mirror",
  destination: "stop",
  canceled: "stop",
};

/** Tells failures apart. */
export function failureKind(error: unknown): EndpointFailure {
  const found = classifyError(error);
  if (found.class === "Canceled") return "canceled";
  if (found.class === "NoSpace" || isOfDestination(error)) return "destination";
  if (found.class === "UnsupportedManifest" && found.status === undefined) return "media-type";
  if (found.status === 415 || found.status === 406) return "media-type";
  if (found.status !== undefined) return found.code.startsWith("ERR_") ? "status" : "refused";
  return found.class === "Unavailable" ? "unreachable" : "other";
}

/** Causes that are looked through, at most. */
const MAX_CAUSES = 5;

/** True when a copy failed where it goes to. */
function isOfDestination(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < MAX_CAUSES; at = at.cause, depth++) {
    if (at instanceof CopyError) return at.origin === "destination";
  }
  return false;
}

/** A mirror failed, and the next endpoint is asked. */
export interface EndpointWarning {
  /** Host of the mirror. */
  readonly endpoint: string;
  /** The registry that was meant. */
  readonly registry: string;
  readonly failure: EndpointFailure;
  readonly error: unknown;
}

/** Options of {@link overEndpoints}. */
export interface OverEndpointsOptions extends CallOptions {
  /** The registry that is meant. */
  readonly registry: string;
  /** Told of each endpoint that failed while another one is left. */
  readonly onWarning?: (warning: EndpointWarning) => void;
}

/**
 * Tries endpoints one after the other until one works out. When none does, the registry's own error is thrown; where it was not asked, the
 * one of the mirror that came furthest.
 */
export async function overEndpoints<T>(
  endpoints: readonly Endpoint[],
  attempt: (endpoint: Endpoint) => Promise<T>,
  { registry, signal, onWarning }: OverEndpointsOptions,
): Promise<T> {
  const failures: { readonly error: unknown; readonly isMirror: boolean }[] = [];
  for (const [at, endpoint] of endpoints.entries()) {
    try {
      return await attempt(endpoint);
    } catch (error) {
      signal?.throwIfAborted();
      const failure = failureKind(error);
      const verdict = FALL_THROUGH[failure];
      if (verdict === "stop" || (verdict === "next-if-mirror" && !endpoint.isMirror)) throw error;
      failures.push({ error, isMirror: endpoint.isMirror });
      if (at < endpoints.length - 1) onWarning?.({ endpoint: endpoint.host, registry, failure, error });
    }
  }
  throw mostTelling(failures);
}

function mostTelling(failures: readonly { readonly error: unknown; readonly isMirror: boolean }[]): unknown {
  const own = failures.find(({ isMirror }) => !isMirror);
  if (own !== undefined) return own.error;
  const ranked = failures.toSorted((a, b) => progressOf(classifyError(b.error)) - progressOf(classifyError(a.error)));
  return ranked[0]?.error ?? new TypeError("Cannot ask a registry: there is no endpoint");
}

/** How far an endpoint came: no answer, "not here", another refusal, content that is too much or wrong. */
function progressOf({ class: found, status }: ErrorClassification): number {
  if (found === "Unavailable" && status === undefined) return 0;
  if (status === 404 || found === "NotFound") return 1;
  return status === undefined ? 3 : 2;
}
