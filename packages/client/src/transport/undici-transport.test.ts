import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { SizeMismatchError } from "@berth/oci";
import { expect, onTestFinished, test, vi } from "vitest";
import { NetworkError } from "../errors.ts";
import { requestBody } from "./body.ts";
import { drain } from "./drain.ts";
import { readBounded } from "./read-bounded.ts";
import { endless, failure, registry, request, tcpServer, transport } from "./testing/undici.test-kit.ts";
import { headerValue, type TransportRequest } from "./transport.ts";

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

test("headers with characters that would split the request are refused", async () => {
  const error = await failure(transport()(request("http://127.0.0.1:1/", { headers: { accept: "a\r\nx: y" } })));
  expect(error).toBeInstanceOf(TypeError);
});

test("createUndiciTransport() says so at once where there is no WebAssembly, instead of waiting for ever", async () => {
  const url = await tcpServer(() => undefined);
  vi.stubGlobal("WebAssembly", undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(await failure(transport()(request(url)))).toMatchObject({
    message: expect.stringContaining("Node runs without WebAssembly, which reads the answers; leave --jitless out"),
    retryable: false,
  });
});
