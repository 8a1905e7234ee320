import { createServer, request } from "node:http";
import { pipeline } from "node:stream/promises";

/** Passes requests on to a registry, and counts them. */
export interface CountingProxy extends AsyncDisposable {
  /** Address with port. */
  readonly host: string;
  readonly count: number;
}

/** Starts a proxy on a free port of the loopback. @param target address with port. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  let count = 0;
  const server = createServer((incoming, response) => {
    count++;
    const { method, url, headers } = incoming;
    // Host stays as it was: what the registry says of its own address leads back here.
    const passed = request(`http://${target}${url}`, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      pipeline(answer, response).catch(() => response.destroy());
    });
    passed.on("error", () => response.destroy());
    pipeline(incoming, passed).catch(() => passed.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot tell the address of a proxy");
  return {
    host: `127.0.0.1:${address.port}`,
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
