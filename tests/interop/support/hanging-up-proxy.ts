import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Stands between a client and a server, and hangs up in the middle of answers. */
export interface HangingUpProxy {
  /** With port. */
  readonly host: string;
  /** Connections that were made. */
  readonly connections: number;
  close(): Promise<void>;
}

/**
 * Starts a proxy on a free port of the loopback.
 *
 * @param target host with port.
 * @param patience bytes of answers that each connection may carry, in turn; those behind the last are spared.
 */
export async function startHangingUpProxy(target: string, patience: readonly number[]): Promise<HangingUpProxy> {
  const [hostname = "", port = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    let left = patience[connections++] ?? Number.POSITIVE_INFINITY;
    const upstream = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, left);
      left -= part.byteLength;
      if (left <= 0) client.end(part, () => client.destroy());
      else if (!client.write(part)) upstream.pause();
    });
    client.on("drain", () => upstream.resume());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    get connections() {
      return connections;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}
