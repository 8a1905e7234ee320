import { isRateLimited, RequestError, ResponseError } from "@berth/client";
import { BerthError, registryTrafficHost, SizeMismatchError } from "@berth/oci";

/** Errors of the operating system that may pass. A full disk, missing rights and a pipe without a reader do not. */
const PASSING: ReadonlySet<string> = new Set(["ECONNRESET", "ETIMEDOUT", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "EMFILE"]);
/** Causes that are looked through, at most. */
const MAX_CAUSES = 10;

/**
 * True when the same transfer may succeed when it is made again. Not: refused rights, unknown content, wrong digests, full disks, and
 * everything that nobody said may pass.
 */
export function isRetryable(error: unknown): boolean {
  if (BerthError.is(error)) return error.retryable;
  return error instanceof Error && "code" in error && typeof error.code === "string" && PASSING.has(error.code);
}

/**
 * How often something was tried before it failed, as far as an error tells: what the client sent again counts, and how often it took up a
 * download that ended short all the same.
 */
export function sendsOf(error: unknown): number {
  for (let at = error, depth = 0; at instanceof Error && depth < MAX_CAUSES; at = at.cause, depth++) {
    if (at instanceof RequestError) return at.attempts;
    if (at instanceof SizeMismatchError && at.attempts !== undefined) return at.attempts;
  }
  return 1;
}

/** A refusal for being asked too much: who said it, and how long it wants us to wait. */
export interface Slowdown {
  /** Host of the URL; undefined when it is not known. */
  readonly host: string | undefined;
  /** Milliseconds; undefined when it did not say. */
  readonly retryAfterMs: number | undefined;
}

/** What an error says about a host that is asked too much: 429, or 503. Undefined for all other errors. */
export function slowdownOf(error: unknown): Slowdown | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < MAX_CAUSES; at = at.cause, depth++) {
    if (!(at instanceof ResponseError) || !(isRateLimited(at) || at.status === 503)) continue;
    return { host: URL.parse(at.url)?.host, retryAfterMs: at.retryAfterMs };
  }
  return undefined;
}

/** Of several registries, the ones that a slowdown is about; all, when it names none of them. */
export function slowedHosts({ host }: Slowdown, registries: readonly string[]): readonly string[] {
  const named = registries.filter((registry) => registry === host || registryTrafficHost(registry) === host);
  return named.length === 0 ? registries : named;
}
