import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { answersInHttp, localAddress } from "./probe-http.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await close(server);
});

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  await closed;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function ask(server: Server): Promise<boolean> {
  servers.push(server);
  return await answersInHttp({ host: "127.0.0.1", port: await portOf(server) }, {});
}

test("a server of HTTP is told from one of TLS, and from one that says nothing", async () => {
  expect(await ask(createHttpServer())).toBe(true);
  expect(await ask(createTlsServer())).toBe(false);
  expect(await ask(createServer((socket) => socket.destroy()))).toBe(false);
});

test("a server that reads lines gets one", async () => {
  const server = createServer((socket) => {
    socket.on("data", (chunk) => {
      if (chunk.includes("\n")) socket.end("HTTP/1.0 400 Bad Request\r\n\r\n");
    });
  });
  expect(await ask(server)).toBe(true);
});

test("nobody there, or nobody to wait any longer, is no answer", async () => {
  const server = createServer();
  const port = await portOf(server);
  await close(server);
  expect(await answersInHttp({ host: "127.0.0.1", port }, {})).toBe(false);
  expect(await answersInHttp({ host: "127.0.0.1", port }, { signal: AbortSignal.abort() })).toBe(false);
});

test.each([
  ["localhost:5000", { host: "localhost", port: 5000 }],
  ["127.0.0.1:80", undefined],
  ["127.1.2.3:8080", { host: "127.1.2.3", port: 8080 }],
  ["[::1]:5000", { host: "::1", port: 5000 }],
  ["localhost", undefined],
  ["127.0.0.1.evil.test:5000", undefined],
  ["10.0.0.1:5000", undefined],
])("only a port of this machine is asked: %s", (registry, expected) => {
  expect(localAddress(registry)).toEqual(expected);
});
