import { HttpError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";

/** `GET /v2/`: says that this is a registry, and whether the credentials hold. */
export function base(exchange: Exchange): void {
  exchange.send(200, ["Content-Type", "application/json", "Content-Length", 2], "{}");
}

/** `/v2` without the slash. */
export function redirectToBase(exchange: Exchange): void {
  exchange.send(301, ["Location", `${exchange.context.options.prefix}v2/`, "Content-Length", 0]);
}

/** `/`: asked by load balancers. */
export function root(exchange: Exchange): void {
  exchange.send(200, ["Cache-Control", "no-cache", "Content-Length", 0]);
}

/** The process is alive; depends on nothing else, so that a storage outage does not restart every replica. */
export function live(exchange: Exchange): void {
  exchange.sendJson(200, { status: "ok" }, ["Cache-Control", "no-store"]);
}

/** Metadata and storage answer. */
export async function ready(exchange: Exchange): Promise<void> {
  try {
    await exchange.context.ready();
    exchange.sendJson(200, { status: "ok" }, ["Cache-Control", "no-store"]);
  } catch (error) {
    exchange.context.log.warn("not ready", { "http.request.id": exchange.requestId, error });
    throw new HttpError("UNAVAILABLE", "Cannot take requests: metadata or storage do not answer", {
      headers: ["Cache-Control", "no-store", "Retry-After", 5],
    });
  }
}

/** Lists the extensions that this registry offers. @see OCI distribution-spec, extensions/_oci.md */
export function discover(exchange: Exchange): void {
  const extensions = [
    {
      name: "_oci",
      url: "https://github.com/opencontainers/distribution-spec/tree/main/extensions",
      description: "Discovery of extensions",
      endpoints: ["_oci/ext/discover"],
    },
  ];
  exchange.sendJson(200, { extensions });
}
