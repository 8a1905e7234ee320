import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands between a client and a server as a proxy that takes no large bodies. */
export interface LimitingProxy {
  /** With port. */
  readonly host: string;
  /** Bytes of the bodies that came, as their requests said; those that were refused, too. */
  readonly sizes: number[];
  close(): Promise<void>;
}

/** Starts a proxy on a free port of the loopback. @param target host with port. @param most bytes of a body that is let through. */
export async function startLimitingProxy(target: string, most: number): Promise<LimitingProxy> {
  const [hostname = "", port = ""] = target.split(":");
  const sizes: number[] = [];
  const server = createServer((incoming, answer) => {
    const size = Number(incoming.headers["content-length"] ?? 0);
    if (size > 0) sizes.push(size);
    if (size > most) return void answer.writeHead(413, { connection: "close" }).end();
    const { method, url, headers } = incoming;
    const onward = request({ hostname, port: Number(port), method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: own } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${own}`,
    sizes,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
