import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished } from "vitest";
import type { TransportRequest, TransportResponse } from "../transport.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "../undici-transport.ts";

/** A scripted registry that goes away with the test. */
export async function registry(): Promise<ScriptedRegistry> {
  const started = await startScriptedRegistry();
  onTestFinished(() => started.close());
  return started;
}

/** A transport of its own for the test. */
export function transport(options?: UndiciTransportOptions): (request: TransportRequest) => Promise<TransportResponse> {
  const made = createUndiciTransport(options);
  onTestFinished(() => made.close());
  return made;
}

/** A GET, unless `more` says otherwise. */
export function request(url: string, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url: new URL(url), headers: {}, ...more };
}

/** A server that gives every connection to `serve`. */
export async function tcpServer(serve: (socket: Socket, index: number) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    serve(socket, sockets.size);
    sockets.add(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error,
  );
}

/** Endless content that remembers whether it was ended. */
export function endless(): { source: AsyncGenerator<Uint8Array>; readonly closed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* source(): AsyncGenerator<Uint8Array> {
    const chunk = Buffer.alloc(65_536);
    try {
      for (let left = 200 << 20; left > 0; left -= chunk.byteLength) yield chunk;
    } finally {
      resolve();
    }
  }
  return { source: source(), closed: promise };
}
