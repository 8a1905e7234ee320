import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between a client and a server, counts what the client sends, and cuts the connection when it is told to. */
export interface CuttingProxy {
  /** With port. */
  readonly host: string;
  /** Bytes that clients have sent so far, headers included. */
  readonly sent: number;
  /** Bytes that the server has sent so far, headers included. */
  readonly received: number;
  /** Cuts, once, when clients have sent that many more bytes: in the middle of whatever that is. */
  cutAfter(bytes: number): void;
  /** Takes back what {@link cutAfter} said; true when the cut had come. */
  spare(): boolean;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of the loopback. @param target host with port. */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const [hostname = "", port = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let sent = 0;
  let received = 0;
  let cutAt = Number.POSITIVE_INFINITY;
  const track = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    track(client, upstream);
    track(upstream, client);
    upstream.on("data", (chunk: Buffer) => (received += chunk.byteLength));
    upstream.pipe(client);
    client.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, Math.max(0, cutAt - sent));
      sent += part.byteLength;
      if (part.byteLength === chunk.byteLength) {
        if (!upstream.write(part)) client.pause();
        return;
      }
      cutAt = Number.POSITIVE_INFINITY;
      client.pause();
      upstream.write(part, () => upstream.destroy()); // what was let through arrives
    });
    upstream.on("drain", () => client.resume());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return sent;
    },
    get received() {
      return received;
    },
    cutAfter(bytes) {
      cutAt = sent + bytes;
    },
    spare() {
      const came = cutAt === Number.POSITIVE_INFINITY;
      cutAt = Number.POSITIVE_INFINITY;
      return came;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}
