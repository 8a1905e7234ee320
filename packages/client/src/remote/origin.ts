import type { CallOptions } from "@berth/oci";
import { pingRegistry } from "../auth/ping-registry.ts";
import { ResponseError } from "../errors.ts";
import type { Transport } from "../transport/transport.ts";
import { mayBePlainHttp, type PlainHttp, registryOrigin } from "../auth/registry-address.ts";
import { SharedCall } from "../shared-call.ts";

/** Tells the origin that requests for a registry go to. */
export type OriginSource = (options: CallOptions) => URL | Promise<URL>;

/**
 * Makes a source of the origin. Most are known beforehand. For `auto` and a registry near by, and for `allowed`, the registry is asked once, by HTTPS first;
 * callers at the same time share the question, and a question that failed is asked again.
 *
 * @param transport sends the question, which says nothing about who asks.
 */
export function originSource(registry: string, plainHttp: PlainHttp, transport: Transport): OriginSource {
  if (plainHttp !== "allowed" && (plainHttp !== "auto" || !mayBePlainHttp(registry))) {
    const origin = registryOrigin(registry, plainHttp === true ? "http" : "https");
    return () => origin;
  }
  let known: URL | undefined;
  let asking: SharedCall<URL> | undefined;
  const start = (): SharedCall<URL> => {
    const call: SharedCall<URL> = new SharedCall(async (signal) => {
      try {
        known = registryOrigin(registry, await schemeOf(registry, transport, signal));
        return known;
      } finally {
        if (asking === call) asking = undefined;
      }
    });
    return call;
  };
  return async ({ signal }) => {
    if (known !== undefined) return known;
    if (asking === undefined || asking.isAbandoned) asking = start();
    return await asking.join(signal);
  };
}

async function schemeOf(registry: string, transport: Transport, signal: AbortSignal): Promise<"http" | "https"> {
  try {
    const { insecure } = await pingRegistry(registry, { transport, signal, allowPlainHttp: true, anyAnswerCounts: true });
    return insecure ? "http" : "https";
  } catch (error) {
    const answer = failures(error).find((one) => one instanceof ResponseError);
    if (answer === undefined) throw error;
    // It does not answer well, but it answers. 400 is what servers of HTTPS say to plain HTTP: then the error of TLS is worth telling.
    return answer.url.startsWith("http:") && answer.status !== 400 ? "http" : "https";
  }
}

/** The error, or both when HTTPS and HTTP failed. */
function failures(error: unknown): readonly unknown[] {
  const both = error instanceof Error ? error.cause : undefined;
  return both instanceof AggregateError ? both.errors : [error];
}
