import { connect, createServer, type Socket } from "node:net";

/** Has a registry answer as from far away. */
export interface FarProxy extends AsyncDisposable {
  /** Address with port. */
  readonly host: string;
}

/**
 * Starts a proxy on a free port of the loopback. Each byte takes half a round trip in either direction, and to connect takes a whole one;
 * there is no limit to how many are on their way.
 *
 * @param target address with port. @param roundTripMs milliseconds.
 */
export async function startFarProxy(target: string, roundTripMs: number): Promise<FarProxy> {
  const [hostname = "", port = ""] = target.split(":");
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    const connectedAt = performance.now() + roundTripMs;
    passLate(near, far, roundTripMs / 2, connectedAt);
    passLate(far, near, roundTripMs / 2, connectedAt);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => sockets.delete(socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot tell the address of a proxy");
  return {
    host: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function passLate(from: Socket, to: Socket, delayMs: number, connectedAt: number): void {
  const waiting: (() => unknown)[] = [];
  const later = (act: () => unknown): void => {
    waiting.push(act);
    // Whichever timer is the first takes what came first: bytes stay in their order.
    setTimeout(() => waiting.shift()?.(), delayMs + Math.max(0, connectedAt - performance.now()));
  };
  from.on("data", (chunk: Buffer) => later(() => to.write(chunk)));
  from.on("end", () => later(() => to.end()));
  from.on("close", () => later(() => to.destroy()));
}
