import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test, vi } from "vitest";
import { requestBody } from "./body.ts";
import { drain } from "./drain.ts";
import { readBounded } from "./read-bounded.ts";
import { stallingAfter } from "./testing/stalling.test-kit.ts";
import { endless, failure, registry, request, tcpServer, transport } from "./testing/undici.test-kit.ts";

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

const EARLY_HINTS = "HTTP/1.1 103 Early Hints\r\n\r\n";

test("[client/N-8] informational answers do not put the limit off: it is one until the answer", async () => {
  const url = await tcpServer((socket) => {
    const hints = setInterval(() => socket.write(EARLY_HINTS), 50);
    socket.once("close", () => clearInterval(hints));
  });
  const send = transport({ headersTimeoutMs: 200 });
  for (const more of [{}, { method: "PUT", body: requestBody("bytes"), headersTimeoutMs: 200 }]) {
    await expect(send(request(url, more))).rejects.toThrow("no answer came in time");
  }
});

test("[client/N-8] nor are there any number of them, whatever the limit", async () => {
  const url = await tcpServer((socket) => void socket.once("data", () => socket.write(EARLY_HINTS.repeat(101))));
  expect(await failure(transport()(request(url, { headersTimeoutMs: 0 })))).toMatchObject({
    code: "ERR_NETWORK",
    retryable: false,
    message: expect.stringMatching(
      /^Cannot send GET request: no answer from ".*": it sent more than 100 informational answers and no other$/,
    ),
  });
});

test("[client/N-8] some of them are welcome, and the answer behind them counts", async () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const url = await tcpServer((socket) => void socket.once("data", () => socket.write(EARLY_HINTS.repeat(100) + answer)));
  const response = await transport()(request(url));
  expect([response.status, (await readBounded(response, 10)).toString()]).toEqual([200, "ok"]);
});

/** Where three bytes come, and no more. */
async function stallingUrl(): Promise<string> {
  const scripted = await registry();
  scripted.on("GET", "/slow", { body: stallingAfter(Buffer.from("abc"))() });
  return `${scripted.url}/slow`;
}

test("[client/N-8] a body that stalls fails once no byte moved for the period", async () => {
  const url = await stallingUrl();
  const response = await transport({ stallTimeoutMs: 50 })(request(url));
  expect(await failure(readBounded(response, 100))).toMatchObject({
    code: "ERR_NETWORK",
    message: expect.stringContaining("no byte moved in time: got 3 bytes and no end"),
  });
});

test("[client/N-8] nobody has to say it: a minute without a byte of an answer ends it", async () => {
  const url = await stallingUrl();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const { body } = await transport()(request(url));
  const failed = once(body, "error");
  await once(body, "readable");
  body.read(); // wants more
  vi.advanceTimersByTime(59_999);
  await turn();
  expect(body.errored).toBeNull();
  vi.advanceTimersByTime(1);
  expect(await failed).toMatchObject([{ code: "ERR_NETWORK", message: expect.stringContaining("no byte moved in time") }]);
});

test.each([false, true])("[client/N-8] a reader that is slow itself stalls nothing (passing: %s)", async (isPassing) => {
  const scripted = await registry();
  const content = Buffer.alloc(16 << 20, "content");
  scripted.on("GET", "/blob", { body: content }).on("GET", "/never", { hang: true });
  const send = transport({ stallTimeoutMs: 50, headersTimeoutMs: 200, proxy: false });
  const response = await send(request(`${scripted.url}/blob`, { bulk: isPassing }));
  const chunks = response.passing?.() ?? response.body;
  let size = 0;
  for await (const chunk of chunks) {
    if (size === 0) await failure(send(request(`${scripted.url}/never`))); // takes longer than a stall may
    size += chunk.byteLength;
  }
  expect([size, response.passing !== undefined]).toEqual([content.byteLength, isPassing]);
});

test("[client/N-8] an upload that the other side does not read stalls too", async () => {
  const url = await tcpServer((socket) => socket.pause());
  const body = requestBody(endless().source, 200 << 20);
  const error = await failure(transport({ stallTimeoutMs: 50 })(request(url, { method: "PUT", body })));
  expect(error).toMatchObject({ code: "ERR_NETWORK", message: expect.stringContaining("no byte moved in time") });
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
