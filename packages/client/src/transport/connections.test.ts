import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { BerthError } from "@berth/oci";
import { expect, onTestFinished, test } from "vitest";
import { NetworkError } from "../errors.ts";
import { requestBody } from "./body.ts";
import { drain } from "./drain.ts";
import { failure, request, tcpServer, transport } from "./testing/undici.test-kit.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "./undici-transport.ts";

/** Answers the first request of the first connection, and closes it without an answer when a second one comes. */
function idleRace(sizes: number[]): (socket: Socket, index: number) => void {
  return (socket, index) => {
    let requests = 0;
    socket.on("data", (chunk: Buffer) => {
      sizes.push(chunk.byteLength);
      if (index === 0 && requests++ > 0) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  };
}

test("[client/N-7] an idle connection that is closed as it is used again costs one silent retry", async () => {
  const sizes: number[] = [];
  const url = await tcpServer(idleRace(sizes));
  const send = transport();
  await drain(await send(request(url)));
  const response = await send(request(url, { method: "PUT", body: requestBody("again") }));
  await drain(response);
  expect([response.status, response.attempts ?? 1, sizes.length]).toEqual([200, 1, 3]);
});

test("[client/N-7] but not when the body cannot be sent again, nor on a new connection", async () => {
  const url = await tcpServer(idleRace([]));
  const send = transport();
  await drain(await send(request(url)));
  const body = requestBody(Readable.from([Buffer.from("once")]), 4);
  expect(await failure(send(request(url, { method: "PUT", body })))).toMatchObject({ code: "ERR_NETWORK", retryable: true });
  let connections = 0;
  const dead = await tcpServer((socket) => {
    connections++;
    socket.once("data", () => socket.resetAndDestroy());
  });
  expect(await failure(send(request(dead)))).toBeInstanceOf(NetworkError);
  expect(connections).toBe(1);
});

test.each([
  ["a host that never says a word of TLS", false],
  ["a proxy that never opens its tunnel", true],
])("[client/N-8] close() does not wait for %s when nobody does any more", async (_, isProxy) => {
  const reached = Promise.withResolvers<Socket>();
  const { host, port } = new URL(await tcpServer((socket) => reached.resolve(socket.resume())));
  const hour = 3_600_000;
  const send = createUndiciTransport({
    certsDirs: [],
    addresses: new Map([[`reg.test:${port}`, "127.0.0.1"]]),
    proxy: isProxy && { https: host },
    connectTimeoutMs: hour,
    tlsTimeoutMs: hour,
  });
  const stop = new AbortController();
  const asked = failure(send(request(`https://reg.test:${port}/v2/`, { signal: stop.signal })));
  const socket = await reached.promise;
  const closed = once(socket, "close");
  stop.abort(new Error("enough"));
  expect(await asked).toMatchObject({ message: "enough" });
  await send.close();
  await closed;
});

test("connections are used again after GET, HEAD, PUT and drained errors, and limited per host", async () => {
  let connections = 0;
  const server = createServer((message, response) => {
    message.resume().on("end", () => response.writeHead(message.method === "PUT" ? 500 : 200, { "content-length": 2 }).end("ok"));
  });
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const send = transport({ maxConnectionsPerHost: 1 });
  const methods = ["GET", "HEAD", "PUT", "HEAD", "GET", "HEAD"];
  await Promise.all(methods.map(async (method) => drain(await send(request(url, { method })))));
  expect(connections).toBe(1);
});

test("an idle connection is closed after the time that was asked for, or that its server allows", async () => {
  /** Names the connection once the client has closed it. */
  const idle = async (name: string, head: string, options?: UndiciTransportOptions): Promise<{ readonly closed: Promise<string> }> => {
    const closed = Promise.withResolvers<string>();
    const url = await tcpServer((socket) => {
      socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n${head}content-length: 0\r\n\r\n`));
      socket.once("close", () => closed.resolve(name));
    });
    await drain(await transport(options)(request(url)));
    return { closed: closed.promise };
  };
  const inTwoSeconds = await idle("in two seconds", "keep-alive: timeout=4\r\n"); // nobody waits for it
  const asked = await idle("as asked for", "", { keepAliveTimeoutMs: 20 });
  expect(await Promise.race([inTwoSeconds.closed, asked.closed])).toBe("as asked for");
  const allowed = await idle("as allowed", "keep-alive: timeout=1\r\n");
  expect(await allowed.closed).toBe("as allowed");
});

test("a closed transport takes no more requests", async () => {
  const made = createUndiciTransport();
  await made.close();
  const error = await failure(made(request("http://127.0.0.1:1/")));
  expect(BerthError.is(error) && error.message).toBe('Cannot send GET request: no answer from "127.0.0.1:1": the transport is closed');
});

test("a refused connection says what to look at", async () => {
  const gone = createTcpServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const error = await failure(transport()(request(`http://127.0.0.1:${port}/`, { operation: "ping registry" })));
  expect(error).toMatchObject({
    message: `Cannot ping registry: no answer from "127.0.0.1:${port}": the connection was refused; check that the registry runs and that host and port are right`,
    retryable: false,
    url: `http://127.0.0.1:${port}/`,
  });
});
