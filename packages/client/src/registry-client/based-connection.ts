import type { Connection, ConnectionRequest } from "../remote/connection.ts";
import type { BaseUrl } from "./base-url.ts";

/**
 * A connection to a registry whose `/v2/` lies below another path. Addresses that the registry names itself are left alone, but for those
 * that show that it does not know what stands in front of it.
 */
export function basedConnection(connection: Connection, base: BaseUrl, onSend: (request: ConnectionRequest) => void): Connection {
  const targetOf = (target: string | URL): string | URL => {
    if (base.prefix === "") return target;
    if (typeof target === "string") return `${base.prefix}${target}`;
    if (target.origin !== base.origin || !target.pathname.startsWith("/v2/")) return target;
    const based = new URL(target);
    based.pathname = `${base.prefix}${target.pathname}`;
    return based;
  };
  return {
    registry: connection.registry,
    async send(request) {
      onSend(request);
      return await connection.send({ ...request, target: targetOf(request.target) });
    },
    close: async (options) => await connection.close(options),
  };
}
