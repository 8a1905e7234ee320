import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import { BerthError, SizeMismatchError } from "@berth/oci";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { NetworkError } from "../errors.ts";
import { requestBody } from "./body.ts";
import { drain } from "./drain.ts";
import { readBounded } from "./read-bounded.ts";
import { headerValue, type TransportRequest, type TransportResponse } from "./transport.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "./undici-transport.ts";

async function registry(): Promise<ScriptedRegistry> {
  const started = await startScriptedRegistry();
  onTestFinished(() => started.close());
  return started;
}

function transport(options?: UndiciTransportOptions): (request: TransportRequest) => Promise<TransportResponse> {
  const made = createUndiciTransport(options);
  onTestFinished(() => made.close());
  return made;
}

function request(url: string, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url: new URL(url), headers: {}, ...more };
}

/** A server that gives every connection to `serve`. */
async function tcpServer(serve: (socket: Socket, index: number) => void): Promise<string> {
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

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error,
  );
}

test("[client/N-1] repeated response fields are kept apart", async () => {
  const scripted = await registry();
  scripted.on("GET", "/v2/", { status: 401, headers: { "www-authenticate": ['Basic realm="a, b"', 'Bearer realm="c"', "Negotiate"] } });
  const response = await transport()(request(`${scripted.url}/v2/`));
  await drain(response);
  expect(response.headers["www-authenticate"]).toEqual(['Basic realm="a, b"', 'Bearer realm="c"', "Negotiate"]);
  expect(headerValue(response.headers, "www-authenticate")).toBe('Basic realm="a, b"');
});

test("[client/N-2] identity is asked for, nothing is decompressed and nothing else is added", async () => {
  const scripted = await registry();
  scripted.on("GET", "/gz", { headers: { "content-encoding": "gzip" }, body: Buffer.from("not gzip at all") });
  const response = await transport()(request(`${scripted.url}/gz`));
  expect((await readBounded(response, 100)).toString()).toBe("not gzip at all");
  expect(scripted.requests[0]?.headers).toEqual({ host: scripted.host, connection: "keep-alive", "accept-encoding": "identity" });
});

test("[client/N-3] bodies of known size go out with Content-Length, others chunked", async () => {
  const scripted = await registry();
  scripted.on("PUT", "/x", { status: 201 });
  const send = transport();
  const put = async (body: TransportRequest["body"]): Promise<void> =>
    drain(await send(request(`${scripted.url}/x`, { method: "PUT", ...(body && { body }) })));
  await put(requestBody("12345"));
  await put(requestBody(Readable.from([Buffer.from("123"), Buffer.from("45")]), 5));
  await put(requestBody(Readable.from([Buffer.from("123"), Buffer.alloc(0), Buffer.from("4")])));
  await put(requestBody(""));
  await put(undefined);
  expect(scripted.requests.map(({ headers, body }) => [headers["content-length"], headers["transfer-encoding"], body.toString()])).toEqual([
    ["5", undefined, "12345"],
    ["5", undefined, "12345"],
    [undefined, "chunked", "1234"],
    ["0", undefined, ""],
    ["0", undefined, ""],
  ]);
});

test("[client/N-3] large bodies in memory arrive whole, in pieces", async () => {
  const scripted = await registry();
  scripted.on("PUT", "/x", { status: 201 });
  const bytes = Buffer.alloc(3_000_001, "abcdefg");
  await drain(await transport()(request(`${scripted.url}/x`, { method: "PUT", body: requestBody(bytes) })));
  expect(scripted.requests[0]?.body.equals(bytes)).toBe(true);
  expect(scripted.requests[0]?.headers["content-length"]).toBe("3000001");
});

test.each([
  [4, 6],
  [8, 6],
])("[client/N-3] a source that promises %i bytes and has %i is caught while it is sent", async (promised, actual) => {
  const scripted = await registry();
  scripted.on("PUT", "/x", { status: 201 });
  const body = requestBody(Readable.from([Buffer.from("123"), Buffer.from("456")]), promised);
  const error = await failure(transport()(request(`${scripted.url}/x`, { method: "PUT", body })));
  expect(error).toBeInstanceOf(SizeMismatchError);
  expect(error).toMatchObject({ expected: promised, actual });
});

test("[client/N-3] an error of the source is the error of the call, unwrapped", async () => {
  const scripted = await registry();
  scripted.on("PUT", "/x", { status: 201 });
  const broken = new Error("disk on fire");
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a");
    throw broken;
  }
  expect(await failure(transport()(request(`${scripted.url}/x`, { method: "PUT", body: requestBody(source(), 9) })))).toBe(broken);
});

test("[client/N-5] a body that breaks off is an error that says how much was missing", async () => {
  const scripted = await registry();
  scripted.on("GET", "/cut", { headers: { "content-length": "100" }, body: "x".repeat(100), cutAfter: 3 });
  const response = await transport()(request(`${scripted.url}/cut`, { operation: "fetch blob" }));
  const error = await failure(readBounded(response, 1000));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error).toMatchObject({
    message: `Cannot fetch blob: the answer from "${scripted.host}" broke off: the connection was closed: expected 100 bytes, got 3`,
    retryable: true,
    cause: { code: "ERR_SIZE_MISMATCH", expected: 100, actual: 3 },
  });
});

test("[client/N-5] a chunked body without its end is an error", async () => {
  const url = await tcpServer((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nde"));
  });
  const response = await transport()(request(`${url}/cut`));
  expect(await failure(readBounded(response, 1000))).toMatchObject({
    code: "ERR_NETWORK",
    retryable: true,
    message: expect.stringContaining("the connection was closed: got 5 bytes and no end"),
  });
});

/** Endless content that remembers whether it was ended. */
function endless(): { source: AsyncGenerator<Uint8Array>; readonly closed: Promise<void> } {
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

test.each(["keep-alive", "close"])("[client/N-6] an early 401 to a 200 MB body is seen, with connection: %s", async (connection) => {
  const server = createServer((_message, response) => {
    response.writeHead(401, { connection, "content-type": "text/plain" }).end("who are you?");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/a`;
  const send = transport();
  for (let round = 0; round < 10; round++) {
    const { source, closed } = endless();
    const response = await send(request(url, { method: "PUT", body: requestBody(source, 200 << 20) }));
    expect([response.status, (await readBounded(response, 100)).toString()]).toEqual([401, "who are you?"]);
    await closed;
  }
});

test("[client/N-6] an answer is read although the server has reset the connection before the body went", async () => {
  const answer = "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno";
  const url = await tcpServer((socket) => {
    socket.once("readable", () => socket.end(answer, () => socket.resetAndDestroy()));
  });
  const send = transport();
  for (let round = 0; round < 20; round++) {
    const response = await send(request(url, { method: "PUT", body: requestBody(endless().source, 200 << 20) }));
    expect(response.status).toBe(401);
    await drain(response);
  }
});

test("[client/N-6] the same for a body in memory", async () => {
  const scripted = await registry();
  scripted.on("PUT", "/x", { status: 401, early: true, body: "no" });
  const body = requestBody(Buffer.alloc(200 << 20));
  const response = await transport()(request(`${scripted.url}/x`, { method: "PUT", body }));
  expect([response.status, (await readBounded(response, 100)).toString()]).toEqual([401, "no"]);
});

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

test("[client/N-8] a request without an answer ends after its own time limit", async () => {
  const scripted = await registry();
  scripted.on("GET", "/never", { hang: true });
  const error = await failure(transport()(request(`${scripted.url}/never`, { headersTimeoutMs: 50 })));
  expect(error).toMatchObject({
    code: "ERR_NETWORK",
    message: `Cannot send GET request: no answer from "${scripted.host}": no answer came in time`,
  });
});

test("[client/N-8] the limit of the transport is for requests without a body: registries hash what they were sent before they answer", async () => {
  const scripted = await registry();
  const hashed = Promise.withResolvers<void>();
  scripted.on("GET", "/never", { hang: true }).on("PUT", "/blob", { status: 201, after: hashed.promise });
  const send = transport({ headersTimeoutMs: 50 });
  const put = send(request(`${scripted.url}/blob`, { method: "PUT", body: requestBody("bytes") }));
  await expect(send(request(`${scripted.url}/never`))).rejects.toThrow("no answer came in time");
  await expect(send(request(`${scripted.url}/never`))).rejects.toThrow("no answer came in time");
  hashed.resolve();
  const response = await put;
  await drain(response);
  expect(response.status).toBe(201);
});

test("[client/N-8] a body that stalls fails once no byte moved for the period", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const scripted = await registry();
  async function* stalling(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
    await promise;
  }
  scripted.on("GET", "/slow", { body: stalling() });
  const response = await transport({ stallTimeoutMs: 50 })(request(`${scripted.url}/slow`));
  expect(await failure(readBounded(response, 100))).toMatchObject({
    code: "ERR_NETWORK",
    message: expect.stringContaining("no byte moved in time: got 3 bytes and no end"),
  });
  resolve();
});

test("[client/N-8] an upload that the other side does not read stalls too", async () => {
  const url = await tcpServer((socket) => socket.pause());
  const body = requestBody(endless().source, 200 << 20);
  const error = await failure(transport({ stallTimeoutMs: 50 })(request(url, { method: "PUT", body })));
  expect(error).toMatchObject({ code: "ERR_NETWORK", message: expect.stringContaining("no byte moved in time") });
});

test("aborting rejects with the signal's own reason: before, while waiting, while reading", async () => {
  const scripted = await registry();
  scripted.on("GET", "/never", { hang: true });
  const waiting = Promise.withResolvers<void>();
  async function* half(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
    await waiting.promise;
  }
  scripted.on("GET", "/half", { body: half() });
  const send = transport();
  const reason = new Error("enough");
  expect(await failure(send(request(scripted.url, { signal: AbortSignal.abort(reason) })))).toBe(reason);

  const aborted = new AbortController();
  const sent = failure(send(request(`${scripted.url}/never`, { signal: aborted.signal })));
  aborted.abort("words will do");
  expect(await sent).toBe("words will do");

  const reading = new AbortController();
  const response = await send(request(`${scripted.url}/half`, { signal: reading.signal }));
  const body = failure(readBounded(response, 100));
  reading.abort(reason);
  expect(await body).toBe(reason);
  waiting.resolve();
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

test("headers with characters that would split the request are refused", async () => {
  const error = await failure(transport()(request("http://127.0.0.1:1/", { headers: { accept: "a\r\nx: y" } })));
  expect(error).toBeInstanceOf(TypeError);
});

test("[client/N-8] a host that lets nobody in is given up in time, and named", async () => {
  // A listener whose thread sleeps takes nobody from its queue; with two in it, the system leaves further calls unanswered.
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  const script = `const { parentPort, workerData } = require("node:worker_threads");
    const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      setImmediate(() => Atomics.wait(workerData, 0, 0));
    });`;
  const worker = new Worker(script, { eval: true, workerData: asleep });
  const waiting = new Array<Socket>();
  onTestFinished(async () => {
    for (const socket of waiting) socket.destroy();
    Atomics.store(asleep, 0, 1);
    Atomics.notify(asleep, 0);
    await worker.terminate();
  });
  const [port] = (await once(worker, "message")) as [number];
  for (let count = 0; count < 2; count++) {
    const socket = connect(port, "127.0.0.1");
    waiting.push(socket);
    await once(socket, "connect");
  }
  const error = await failure(transport({ connectTimeoutMs: 50 })(request(`http://127.0.0.1:${port}/v2/`)));
  expect(error).toMatchObject({
    code: "ERR_NETWORK",
    retryable: true,
    message: expect.stringContaining(`no answer from "127.0.0.1:${port}": the connection could not be made in time`),
    cause: { message: expect.stringContaining("timeout: 50ms") },
  });
});
