import { onTestFinished } from "vitest";
import type { HttpConfig } from "../config/index.ts";
import { listen, type Listening } from "../daemon/index.ts";
import type { EmbeddedRegistry } from "../create-registry.ts";

/** What the daemon listens with by default, on any free port. */
export function httpConfig(changes: Partial<HttpConfig> = {}): HttpConfig {
  return {
    address: { net: "tcp", host: "127.0.0.1", port: 0 },
    externalUrl: undefined,
    prefix: "/",
    relativeUrls: false,
    tls: undefined,
    headers: {},
    drainTimeoutMs: 0,
    http2: true,
    h2c: false,
    trustedProxies: "all",
    timeouts: { headersMs: 30_000, bodyStallMs: 60_000, keepAliveMs: 75_000 },
    limits: { headerBytes: 32 * 1024, connections: 10_000 },
    ...changes,
  };
}

/** Listens as the daemon does, until the running test ends. */
export async function useListening(registry: EmbeddedRegistry, changes: Partial<HttpConfig> = {}): Promise<Listening> {
  const listening = await listen(registry.handler, httpConfig(changes));
  onTestFinished(async () => {
    await listening.drain(0);
  });
  return listening;
}
