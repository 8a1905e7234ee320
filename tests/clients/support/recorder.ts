import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

/** One request that a client made, and how the registry answered. */
export interface Exchange {
  readonly method: string;
  /** The path without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly status: number;
  readonly answer: IncomingMessage["headers"];
}

/** A transparent proxy in front of the registry that keeps what went over the wire. */
export interface Recorder {
  /** `127.0.0.1:PORT`: what clients are pointed at. */
  readonly host: string;
  readonly url: string;
  /** What was exchanged since the last `clear`, in the order of the answers. */
  readonly exchanges: readonly Exchange[];
  clear(): void;
  /** The exchanges of a method whose path matches. */
  find(method: string, path: RegExp): readonly Exchange[];
  /** Drops the connection of the next GET whose path matches, after so many bytes of the body. */
  cutNext(path: RegExp, afterBytes: number): void;
  close(): Promise<void>;
}

/** Starts a recorder on a free port. Headers go through as they came, Host included, so the registry's own links lead back here. */
export async function startRecorder(port: number): Promise<Recorder> {
  const exchanges: Exchange[] = [];
  let cut: { readonly path: RegExp; readonly afterBytes: number } | undefined;
  const agent = new Agent({ keepAlive: true });

  const answer = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    const url = new URL(from.url ?? "/", "http://registry");
    const upstream = request({
      host: "127.0.0.1",
      port,
      agent,
      method: from.method,
      path: from.url,
      headers: withoutConnection(from.rawHeaders),
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      upstream.once("response", resolve);
      upstream.once("error", reject);
    });
    // The registry may answer before it has read the whole body; the sender then sees a closed pipe, not an error.
    pipeline(from, upstream).catch(() => undefined);
    const response = await answered;
    exchanges.push({
      method: from.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: from.headers,
      status: response.statusCode ?? 0,
      answer: response.headers,
    });
    to.writeHead(response.statusCode ?? 502, withoutConnection(response.rawHeaders));
    const limit = from.method === "GET" && cut?.path.test(url.pathname) === true ? cut.afterBytes : undefined;
    if (limit === undefined) return pipeline(response, to);
    cut = undefined;
    await pipeline(response, firstBytes(limit), to, { end: false });
    to.destroy();
  };

  const server = createServer((from, to) => {
    answer(from, to).catch(() => to.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const host = `127.0.0.1:${portOf(server.address())}`;
  return {
    host,
    url: `http://${host}`,
    exchanges,
    clear() {
      exchanges.length = 0;
    },
    find: (method, path) => exchanges.filter((one) => one.method === method && path.test(one.path)),
    cutNext(path, afterBytes) {
      cut = { path, afterBytes };
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function firstBytes(limit: number): (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* (source) {
    let left = limit;
    for await (const chunk of source) {
      yield chunk.subarray(0, left);
      left -= chunk.byteLength;
      if (left <= 0) return;
    }
  };
}

/** Connection is between neighbours only; everything else belongs to the two ends. */
function withoutConnection(raw: readonly string[]): string[] {
  return raw.filter((_, index) => raw[index - (index % 2)]?.toLowerCase() !== "connection");
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new TypeError("The recorder does not listen on a port");
  return address.port;
}
