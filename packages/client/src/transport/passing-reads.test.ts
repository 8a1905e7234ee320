import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { drain } from "./drain.ts";
import { PassingReads } from "./passing-reads.ts";
import type { ClosableTransport, TransportRequest, TransportResponse } from "./transport.ts";
import { createUndiciTransport } from "./undici-transport.ts";

const BYTES = Buffer.alloc(1_000_000, "content");
/** Kept by everybody who is not told otherwise, for longer than a test takes. */
const HEAD = `HTTP/1.1 200 OK\r\nkeep-alive: timeout=600\r\ncontent-length: ${BYTES.byteLength}\r\n\r\n`;

interface RawServer {
  readonly url: URL;
  /** The first connection. */
  readonly connected: Promise<Socket>;
  /** Ends when the client has closed the first connection. */
  readonly closed: Promise<unknown>;
}

/** Never closes a connection by itself. */
async function serve(answer: (socket: Socket) => void): Promise<RawServer> {
  const first = Promise.withResolvers<Socket>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("data", () => answer(socket));
    first.resolve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  const closed = first.promise.then((socket) => new Promise((resolve) => socket.once("close", resolve)));
  return { url: new URL(`http://127.0.0.1:${port}/blob`), connected: first.promise, closed };
}

describe("the connection of a bulk transfer is closed", () => {
  let send: ClosableTransport;
  beforeEach(() => {
    send = createUndiciTransport({ proxy: false });
  });
  afterEach(() => send.close());

  async function bulk({ url }: RawServer, more: Partial<TransportRequest> = {}): Promise<TransportResponse> {
    return await send({ method: "GET", url, headers: {}, bulk: true, ...more });
  }

  function passing({ passing }: TransportResponse): AsyncGenerator<Uint8Array, void> {
    return passing?.() ?? expect.unreachable("it has no bytes to pass");
  }

  const whole = (socket: Socket): unknown => socket.write(Buffer.concat([Buffer.from(HEAD), BYTES]));
  const half = (socket: Socket): unknown => socket.write(Buffer.concat([Buffer.from(HEAD), BYTES.subarray(0, 500_000)]));

  test("when all was passed", async () => {
    const server = await serve(whole);
    const read: Buffer[] = [];
    for await (const chunk of passing(await bulk(server))) read.push(Buffer.from(chunk));
    expect(Buffer.concat(read).equals(BYTES)).toBe(true);
    await server.closed;
  });

  test("when its body was read instead", async () => {
    const server = await serve(whole);
    const response = await bulk(server);
    expect(Buffer.concat(await response.body.toArray()).equals(BYTES)).toBe(true);
    await server.closed;
  });

  test("when its reader leaves, or destroys it unread", async () => {
    const left = await serve(half);
    for await (const _ of passing(await bulk(left))) break;
    await left.closed;
    const unread = await serve(half);
    (await bulk(unread)).body.destroy();
    await unread.closed;
  });

  test("when it is aborted: before the answer, while nobody reads, and while bytes are waited for", async () => {
    const reason = new Error("enough");
    const silent = await serve(() => undefined);
    const before = new AbortController();
    const sent = bulk(silent, { signal: before.signal });
    await silent.connected;
    before.abort(reason);
    await expect(sent).rejects.toBe(reason);
    await silent.closed;

    const unread = await serve(half);
    const idle = new AbortController();
    const response = await bulk(unread, { signal: idle.signal });
    idle.abort(reason);
    await unread.closed;
    await expect(passing(response).next()).rejects.toBe(reason);

    const stuck = await serve(half);
    const waiting = new AbortController();
    const reading = Array.fromAsync(passing(await bulk(stuck, { signal: waiting.signal })));
    waiting.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await stuck.closed;
  });

  test("when it is refused, and when its answer is none", async () => {
    const refused = await serve((socket) =>
      socket.write("HTTP/1.1 404 Not Found\r\nkeep-alive: timeout=600\r\ncontent-length: 2\r\n\r\nno"),
    );
    const response = await bulk(refused);
    expect([response.status, response.passing]).toEqual([404, undefined]);
    await drain(response);
    await refused.closed;
    const garbled = await serve((socket) => socket.write("what?\r\n\r\n"));
    await expect(bulk(garbled)).rejects.toMatchObject({ code: "ERR_NETWORK" });
    await garbled.closed;
  });
});

test("a closed transport waits for its bulk transfers, as for the others", async () => {
  const send = createUndiciTransport({ proxy: false });
  const server = await serve((socket) => socket.write(HEAD));
  const response = await send({ method: "GET", url: server.url, headers: {}, bulk: true });
  const ended: string[] = [];
  const closing = send.close().then(() => ended.push("transport"));
  const socket = await server.connected;
  socket.write(BYTES);
  let size = 0;
  for await (const chunk of response.body) size += chunk.byteLength;
  ended.push("body");
  await closing;
  expect([size, ended]).toEqual([BYTES.byteLength, ["body", "transport"]]);
  await server.closed;
});

test("bytes cannot be taken before there is a connection", async () => {
  const watch = { moved: () => undefined, waiting: () => undefined };
  await expect(new PassingReads().take(1, watch).next()).rejects.toThrow(TypeError);
});
