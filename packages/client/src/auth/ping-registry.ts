import { type CallOptions, type Challenge, parseChallenges } from "@berth/oci";
import { NetworkError, ResponseError } from "../errors.ts";
import { wholeNumber } from "../number-option.ts";
import { mayBePlainHttp, registryOrigin } from "./registry-address.ts";
import { CertificatesError } from "../transport/certs-d.ts";
import { responseError } from "../transport/check-response.ts";
import { type Clock, systemClock } from "../transport/clock.ts";
import { drain } from "../transport/drain.ts";
import { showsTls } from "../transport/network-error.ts";
import { headerValue, type RequestHeaders, type Transport, type TransportResponse } from "../transport/transport.ts";
import { acknowledged } from "../transport/web-page.ts";

/** What a registry answered when it was asked who may enter. @see ggcr, transport.Challenge */
export interface RegistryChallenge {
  /** In lower case: `basic`, `bearer`; empty when everybody may. What is no challenge at all stands here as it came. */
  readonly scheme: string;
  /** By lower-case name. */
  readonly parameters: ReadonlyMap<string, string>;
  /** True when the answer came over plain HTTP. */
  readonly insecure: boolean;
  /** Everything that the registry offers. */
  readonly challenges: readonly Challenge[];
}

/** Options of {@link pingRegistry}. */
export interface PingRegistryOptions extends CallOptions {
  readonly transport: Transport;
  /** Whether plain HTTP is tried too; default: when the registry is on this machine or a private network. HTTPS is always tried. */
  readonly allowPlainHttp?: boolean;
  /** Milliseconds that HTTPS has for itself; default 300, `Infinity`: until it fails. */
  readonly plainHttpDelayMs?: number;
  /**
   * Whether any answer by HTTPS shows that it is spoken, also a failure, a web page or a certificate that is not trusted: then plain HTTP is not tried any
   * more. Default false.
   */
  readonly anyAnswerCounts?: boolean;
  /** Sent with both requests; default none. */
  readonly headers?: RequestHeaders;
  /** Default the system's. */
  readonly clock?: Clock;
}

/**
 * Asks a registry for `/v2/` without saying who we are. Where plain HTTP is allowed it is tried too, a little after HTTPS or as soon as that
 * fails; the first answer counts, and the other request is given up.
 *
 * @param registry host, perhaps with a port.
 * @throws {TypeError} when `registry` is no host. @throws {RangeError} on a `plainHttpDelayMs` that is none. @throws {ResponseError} when the answer is neither 200 nor 401.
 * @throws {NetworkError} When both ways were tried and failed, its `cause` is an `AggregateError` with the two errors, HTTPS first.
 * @see OCI distribution-spec, "Determining Support"; ggcr, transport.Ping
 */
export async function pingRegistry(registry: string, options: PingRegistryOptions): Promise<RegistryChallenge> {
  const { signal, allowPlainHttp = mayBePlainHttp(registry), anyAnswerCounts = false, clock = systemClock } = options;
  const plainHttpDelayMs = wholeNumber("plainHttpDelayMs", options.plainHttpDelayMs, 300, { orInfinity: true });
  signal?.throwIfAborted();
  if (!allowPlainHttp) return await pingOnce(registry, "https", options);
  const over = new AbortController();
  const both = { ...options, signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]) };
  let answered = false;
  const ping = async (): Promise<RegistryChallenge> => {
    try {
      const challenge = await pingOnce(registry, "https", both);
      answered = true;
      return challenge;
    } catch (error) {
      // with certificates that cannot be used nothing was asked: they are to be mended, not gone around
      answered = error instanceof CertificatesError || (anyAnswerCounts && (error instanceof ResponseError || showsTls(error)));
      throw error;
    }
  };
  const secure = ping();
  const plain = async (): Promise<RegistryChallenge> => {
    await Promise.race([secure.catch(() => undefined), clock.sleep(plainHttpDelayMs, both.signal)]);
    return answered ? await secure : await pingOnce(registry, "http", both);
  };
  try {
    return await Promise.any([secure, plain()]);
  } catch (error) {
    signal?.throwIfAborted();
    throw answered && error instanceof AggregateError ? error.errors[0] : bothFailed(registry, error);
  } finally {
    over.abort();
  }
}

async function pingOnce(registry: string, scheme: "http" | "https", options: PingRegistryOptions): Promise<RegistryChallenge> {
  const { transport, headers = {}, anyAnswerCounts = false, signal } = options;
  const url = new URL("/v2/", registryOrigin(registry, scheme));
  const response = await transport({ method: "GET", url, headers, operation: `reach registry "${registry}"`, ...(signal && { signal }) });
  if (response.status !== 200 && response.status !== 401) throw await responseError(response, [200, 401]);
  if (anyAnswerCounts) await drain(response);
  else await acknowledged(response);
  return challengeOf(response);
}

function challengeOf({ status, headers, request }: TransportResponse): RegistryChallenge {
  const insecure = request.url.protocol === "http:";
  const challenges = status === 200 ? [] : parseChallenges(headers["www-authenticate"]);
  const first = challenges.find(({ scheme }) => scheme === "basic" || scheme === "bearer") ?? challenges[0];
  if (first !== undefined) return { scheme: first.scheme, parameters: first.parameters, insecure, challenges };
  const raw = status === 200 ? undefined : headerValue(headers, "www-authenticate");
  return { scheme: raw ?? "", parameters: new Map(), insecure, challenges };
}

function bothFailed(registry: string, error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error;
  const operation = `reach registry "${registry}"`;
  const wanted = `Cannot ${operation}: `;
  const [secure = "", plain = ""] = error.errors
    .map((one: unknown) => (one instanceof Error ? one.message : String(one)))
    .map((words) => (words.startsWith(wanted) ? words.slice(wanted.length) : words));
  const words = secure === plain ? `by HTTPS and by HTTP: ${secure}` : `by HTTPS: ${secure}; by HTTP: ${plain}`;
  return new NetworkError(wanted + words, {
    operation,
    method: "GET",
    url: new URL("/v2/", registryOrigin(registry, "https")).href,
    cause: error,
  });
}
