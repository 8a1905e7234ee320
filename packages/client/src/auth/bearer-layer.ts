import type { TransportLayer } from "../transport/transport.ts";
import { layerOf } from "./auth-layer.ts";
import type { AuthOptions } from "./auth-options.ts";

/**
 * Answers `Bearer` challenges, and no others: `authLayer` for those who put the rest together themselves. A request that comes with a
 * `Basic` authorization is sent with it, and with a token instead once the registry has asked for one, so that `basicLayer` fits around.
 *
 * Its transport @throws {AuthError} when there is no token to be had, and `UnreplayableBodyError` when there is one, but the body is gone.
 * @see docker-registry-client, TokenTransport
 */
export function bearerLayer(options: Omit<AuthOptions, "preemptiveBasic"> = {}): TransportLayer {
  return layerOf(options, "bearer");
}
