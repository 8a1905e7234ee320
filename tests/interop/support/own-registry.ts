import { once } from "node:events";
import { createServer } from "node:http";
import { createRegistry, type CreateRegistryOptions } from "@berth/registry";

/** Our own server, listening in this process. */
export interface OwnRegistry {
  /** With port. */
  readonly host: string;
  close(): Promise<void>;
}

/** Starts our own server in memory, on a free port of the loopback. */
export async function startOwnRegistry(options?: CreateRegistryOptions): Promise<OwnRegistry> {
  const registry = await createRegistry(options);
  const server = createServer(registry.handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
      await registry.close();
    },
  };
}
