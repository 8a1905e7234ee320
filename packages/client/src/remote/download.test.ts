import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Descriptor, FetchOptions } from "@berth/oci";
import type { ScriptedReply, ScriptedRequest } from "@berth/testkit/scripted";
import { createRemoteRegistry } from "./create-registry.ts";
import type { RemoteRepository } from "./remote-repository.ts";
import type { RetryEvent } from "../transport/retry-layer.ts";
import { stallingAfter } from "../transport/testing/stalling.test-kit.ts";
import { failure, sample, scripted, type ScriptedRepository } from "./testing/scripted.test-kit.ts";

/** The ways to read a blob: the last one is large enough for a connection of its own. */
const WAYS = [
  { way: "as a stream", copies: 1000, isPassing: false },
  { way: "passing", copies: 1000, isPassing: true },
  { way: "passing, over a connection of its own", copies: 900_000, isPassing: true },
];

type Reply = (request: ScriptedRequest) => ScriptedReply;

function firstByte({ headers }: ScriptedRequest): number | undefined {
  const range = headers["range"];
  return range === undefined ? undefined : Number(/\d+/.exec(range)?.[0]);
}

const ranges = ({ server }: ScriptedRepository): readonly (string | undefined)[] => server.requests.map(({ headers }) => headers["range"]);

describe.each(WAYS)("a download $way", ({ copies, isPassing }) => {
  const TEXT = "0123456789".repeat(copies);
  const blob = sample(TEXT);
  const { digest, size } = blob.descriptor;
  const AT = `/v2/a/b/blobs/${digest}`;

  async function read({ fetch, blobs }: RemoteRepository, options?: FetchOptions): Promise<string> {
    const chunks = new Array<Buffer>();
    const source: AsyncIterable<Uint8Array> = isPassing
      ? blobs.fetchPassing(blob.descriptor, options)
      : await fetch(blob.descriptor, options);
    for await (const chunk of source) chunks.push(Buffer.from(chunk)); // its memory may be used again
    return Buffer.concat(chunks).toString();
  }

  /** Answers as a good registry does, and cuts the connection after some bytes. */
  function upTo(bytes: number): Reply {
    return (request) => {
      const first = firstByte(request);
      const cut = Number.isFinite(bytes) ? { cutAfter: bytes } : {};
      if (first === undefined) return { headers: { etag: '"e"' }, body: blob.bytes, ...cut };
      const headers = { etag: '"e"', "content-range": `bytes ${first}-${size - 1}/${size}` };
      return { status: 206, headers, body: blob.bytes.subarray(first), ...cut };
    };
  }

  const whole = upTo(Number.POSITIVE_INFINITY);

  async function serving(...replies: readonly (ScriptedReply | Reply)[]): Promise<ScriptedRepository> {
    const started = await scripted({ downloadRetries: 1, http: {} });
    started.server.on("GET", AT, ...replies);
    return started;
  }

  test("[client/X-5] a download that breaks is gone on with from where it broke, and checked as one", async () => {
    const started = await serving(upTo(4000), whole);
    expect(await read(started.repository)).toBe(TEXT);
    expect(ranges(started)).toEqual([undefined, `bytes=4000-${size - 1}`]);
    expect(started.server.requests[1]?.headers["if-range"]).toBe('"e"');
  });

  test("[client/X-5,X-10] onRetry is told of each time that a download is taken up again, and why", async () => {
    const told: RetryEvent[] = [];
    const started = await scripted({ http: {}, hooks: { onRetry: (event) => told.push(event) } });
    started.server.on("GET", AT, upTo(1000), upTo(2000), { status: 503 }, whole);
    expect(await read(started.repository)).toBe(TEXT);
    const about = { operation: "fetch blob", method: "GET", url: `${started.server.url}${AT}` };
    expect(told).toMatchObject([
      { ...about, retry: 1, delayMs: 0, error: expect.any(Error) },
      { ...about, retry: 1, delayMs: 0, error: expect.any(Error) },
      { ...about, retry: 2, delayMs: 250, status: 503 },
    ]);
    expect(started.server.requests).toHaveLength(told.length + 1);
  });

  test("[client/X-5] a weak entity tag proves nothing, and is not sent back", async () => {
    const weak = { headers: { etag: 'W/"e"' }, body: blob.bytes, cutAfter: 4000 };
    const started = await serving(weak, whole);
    expect(await read(started.repository)).toBe(TEXT);
    expect(started.server.requests.map(({ headers }) => headers["if-range"])).toEqual([undefined, undefined]);
  });

  test("[client/X-5] bytes that differ after the break are noticed", async () => {
    const other = (request: ScriptedRequest): ScriptedReply => ({ ...whole(request), body: "x".repeat(size - 4000) });
    const { repository } = await serving(upTo(4000), other);
    expect(await failure(read(repository))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  });

  test("[client/X-5] every byte that comes makes the patience new", async () => {
    const started = await serving(upTo(1000), upTo(1000), upTo(1000), upTo(1000), upTo(1000), whole);
    expect(await read(started.repository)).toBe(TEXT);
    expect(ranges(started).slice(1)).toEqual([1000, 2000, 3000, 4000, 5000].map((at) => `bytes=${at}-${size - 1}`));
  });

  test("[client/X-5,N-5] when nothing comes any more, the error says how much there was", async () => {
    const started = await serving(upTo(3), upTo(0));
    const error = await failure(read(started.repository));
    expect(error).toMatchObject({ code: "ERR_SIZE_MISMATCH", expected: size, actual: 3, retryable: true, cause: { code: "ERR_NETWORK" } });
    expect(String(error)).toMatch(/: got 3 bytes, expected \d+: the connection was closed$/);
  });

  test("[client/X-5] a part that starts elsewhere has the whole read again, what was there already dropped", async () => {
    const elsewhere = { status: 206, headers: { "content-range": `bytes 0-${size - 1}/${size}` }, body: blob.bytes };
    const started = await serving(upTo(4000), elsewhere, { body: blob.bytes });
    expect(await read(started.repository)).toBe(TEXT);
    expect(ranges(started)).toEqual([undefined, `bytes=4000-${size - 1}`, undefined]);
  });

  test("[client/X-5,engine/T12] a registry that refuses the rest of what it has knows no parts: it is asked for the whole", async () => {
    const refusing: Reply = (request) => (firstByte(request) === undefined ? { body: blob.bytes } : { status: 416 });
    const cut = await serving({ body: blob.bytes, cutAfter: 4000 }, refusing);
    expect(await read(cut.repository)).toBe(TEXT);
    expect(ranges(cut)).toEqual([undefined, `bytes=4000-${size - 1}`, undefined]);

    const later = await serving(refusing);
    expect(await read(later.repository, { offset: 4000 })).toBe(TEXT.slice(4000));
    expect(ranges(later)).toEqual([`bytes=4000-${size - 1}`, undefined]);
  });

  test("[client/X-5] a registry without ranges is read again from the start once, not for ever", async () => {
    const plain = { body: blob.bytes };
    const once = await serving({ ...plain, cutAfter: 4000 }, plain);
    expect(await read(once.repository)).toBe(TEXT);
    expect(once.server.requests).toHaveLength(2);

    const twice = await serving({ ...plain, cutAfter: 4000 }, { ...plain, cutAfter: 5000 }, plain);
    const error = await failure(read(twice.repository));
    expect(error).toMatchObject({ code: "ERR_SIZE_MISMATCH", expected: size, actual: 5000, retryable: true });
    expect(String(error)).toMatch(/: got 5000 bytes, expected \d+: the registry sends the blob from its start only$/);
    expect(twice.server.requests).toHaveLength(3);
  });

  test("[client/X-5,D-5] all tries without a byte are counted together, whatever made them fail", async () => {
    const busy = { status: 503 };
    const elsewhere = { status: 206, headers: { "content-range": `bytes 0-${size - 1}/${size}` }, body: blob.bytes };
    const impatient = async (retries: number, ...replies: readonly (ScriptedReply | Reply)[]): Promise<readonly [unknown, number]> => {
      const { server, repository } = await serving(...replies);
      const retry = { policy: { backoff: () => 0 } }; // each request six times, were it left to itself
      const client = createRemoteRegistry(repository.registry, { plainHttp: true, retry, downloadRetries: retries });
      return [await failure(read(client.repository("a/b"))), server.requests.length];
    };
    const cut = upTo(4000);
    const message = expect.stringMatching(/: got \d+ bytes, expected \d+: "[\d.:]+" answered 503$/);
    const short = { code: "ERR_SIZE_MISMATCH", message, expected: size, actual: 4000, retryable: true, cause: { status: 503 } };
    expect(await impatient(2, cut, busy)).toMatchObject([short, 3]);
    expect(await impatient(2, cut, upTo(0), busy)).toMatchObject([short, 3]);
    expect(await impatient(2, cut, elsewhere, busy)).toMatchObject([short, 3]);
    expect(await impatient(1, cut, upTo(1000), upTo(1000), busy)).toMatchObject([{ ...short, actual: 6000 }, 4]);
  });

  test("[client/D-5] a registry that asks for more patience in the middle of a download than there is ends it", async () => {
    const { server, repository } = await serving(upTo(4000), { status: 503, headers: { "retry-after": "86400" } });
    const patient = createRemoteRegistry(repository.registry, { plainHttp: true });
    expect(await failure(read(patient.repository("a/b")))).toMatchObject({ code: "ERR_RATE_LIMITED", retryAfterMs: 86_400_000 });
    expect(server.requests).toHaveLength(2);
  });

  test("[client/X-5] a refusal ends the download with the registry's own words", async () => {
    const { repository } = await serving(upTo(4000), { status: 403 });
    expect(await failure(read(repository))).toMatchObject({ code: "ERR_RESPONSE", status: 403 });
  });

  test("[client/X-5] parts are gone on with as well, up to their own end", async () => {
    const answer = (request: ScriptedRequest): ScriptedReply => {
      const first = firstByte(request) ?? 0;
      const headers = { "content-range": `bytes ${first}-7999/${size}` };
      return { status: 206, headers, body: blob.bytes.subarray(first, 8000), ...(first === 2000 && { cutAfter: 3000 }) };
    };
    const started = await serving(answer);
    expect(await read(started.repository, { offset: 2000, length: 6000 })).toBe(TEXT.slice(2000, 8000));
    expect(ranges(started)).toEqual(["bytes=2000-7999", "bytes=5000-7999"]);
  });
});

test("bytes come in memory that is used again: a chunk's once the third one after it is asked for", async () => {
  const big = sample(Buffer.from(Array.from({ length: 9 << 20 }, (_, at) => at % 251)));
  const { server, repository } = await scripted();
  server.on("GET", `/v2/a/b/blobs/${big.descriptor.digest}`, { body: big.bytes });
  const [memory, kept] = [new Set<ArrayBufferLike>(), new Array<Uint8Array>()];
  let at = 0;
  for await (const chunk of repository.blobs.fetchPassing(big.descriptor)) {
    memory.add(chunk.buffer);
    kept.push(chunk);
    const last = kept.slice(-3);
    const start = at + chunk.byteLength - last.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(Buffer.concat(last).equals(big.bytes.subarray(start, at + chunk.byteLength))).toBe(true);
    at += chunk.byteLength;
    await new Promise(setImmediate); // what can come meanwhile comes
  }
  expect(at).toBe(big.bytes.byteLength);
  expect(memory.size).toBeLessThan(10);
  expect(kept.length).toBeGreaterThan(memory.size);
});

test("[client/X-5] a download outlives a registry that starts anew", async () => {
  const big = sample(Buffer.alloc(100_000, "x"));
  const answers = createServer((request, response) => {
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const { byteLength } = big.bytes;
    const range = { "content-range": `bytes ${start}-${byteLength - 1}/${byteLength}` };
    response.writeHead(start > 0 ? 206 : 200, { "content-length": byteLength - start, ...(start > 0 && range) });
    if (start > 0) return void response.end(big.bytes.subarray(start));
    response.write(big.bytes.subarray(0, 40_000), () => {
      response.socket?.destroySoon();
      answers.close(() => setTimeout(() => answers.listen(port, "127.0.0.1"), 400));
    });
  });
  onTestFinished(() => void answers.close());
  await once(answers.listen(0, "127.0.0.1"), "listening");
  const address = answers.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const repository = createRemoteRegistry(`127.0.0.1:${port}`, { plainHttp: true }).repository("a/b");
  const chunks = await Array.fromAsync(await repository.blobs.fetch(big.descriptor));
  expect(Buffer.concat(chunks).equals(big.bytes)).toBe(true);
});

test.each(WAYS)("[client/N-6] a download $way that stalls goes on where it stopped", async ({ copies, isPassing }) => {
  const { descriptor: content, bytes } = sample("0123456789".repeat(copies));
  const { server, repository } = await scripted({ http: { stallTimeoutMs: 50, proxy: false } });
  const stalling = stallingAfter(bytes.subarray(0, 1000));
  const rest = { "content-range": `bytes 1000-${bytes.byteLength - 1}/${bytes.byteLength}` };
  server.on(
    "GET",
    `/v2/a/b/blobs/${content.digest}`,
    { headers: { "content-length": String(bytes.byteLength) }, body: stalling() },
    { status: 206, headers: rest, body: bytes.subarray(1000) },
  );
  const chunks = new Array<Buffer>();
  for await (const chunk of isPassing ? repository.blobs.fetchPassing(content) : await repository.fetch(content))
    chunks.push(Buffer.from(chunk));
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  expect(server.requests.map(({ headers }) => headers["range"])).toEqual([undefined, `bytes=1000-${bytes.byteLength - 1}`]);
});

/** A large blob whose registry stops in the middle. */
async function stalled(): Promise<ScriptedRepository & { readonly target: Descriptor }> {
  const big = sample("x".repeat(9 << 20));
  const started = await scripted();
  const stalling = stallingAfter(big.bytes.subarray(0, 1 << 20));
  const headers = { "content-length": String(big.bytes.byteLength) };
  started.server.on("GET", `/v2/a/b/blobs/${big.descriptor.digest}`, { headers, body: stalling() });
  return { ...started, target: big.descriptor };
}

test("who reads no further ends the download", async () => {
  const { server, repository, target } = await stalled();
  for await (const chunk of repository.blobs.fetchPassing(target)) if (chunk.byteLength > 0) break;
  await server.answered(); // or else it would wait for ever
  expect(server.requests).toHaveLength(1);
});

test("an abort ends a passing download that waits for bytes, with its reason", async () => {
  const { repository, target } = await stalled();
  const abort = new AbortController();
  const reason = new Error("enough");
  const reading = async (): Promise<void> => {
    for await (const chunk of repository.blobs.fetchPassing(target, { signal: abort.signal }))
      if (chunk.byteLength > 0) abort.abort(reason);
  };
  await expect(reading()).rejects.toBe(reason);
});

test("[client/N-6] a registry that stops in the middle of a large blob is given up", async () => {
  const { repository, target } = await stalled();
  const impatient = createRemoteRegistry(repository.registry, {
    plainHttp: true,
    retry: false,
    downloadRetries: 0,
    http: { stallTimeoutMs: 50 },
  });
  const reading = Array.fromAsync(impatient.repository("a/b").blobs.fetchPassing(target));
  expect(await failure(reading)).toMatchObject({
    code: "ERR_SIZE_MISMATCH",
    message: expect.stringMatching(/: got 1048576 bytes, expected 9437184: no byte moved in time$/),
    cause: { code: "ERR_NETWORK" },
  });
});

test("a slow reader holds the registry back, and gets everything", async () => {
  const big = sample("x".repeat(8 << 20));
  const { server, repository } = await scripted();
  server.on("GET", `/v2/a/b/blobs/${big.descriptor.digest}`, { body: big.bytes });
  const stream = await repository.fetch(big.descriptor);
  let seen = 0;
  for await (const chunk of stream) {
    seen += chunk.byteLength;
    expect(stream.readableLength).toBeLessThan(2 << 20);
    await new Promise(setImmediate);
  }
  expect(seen).toBe(8 << 20);
});

test("destroying the stream ends the download without an error", async () => {
  const big = sample("x".repeat(8 << 20));
  const { server, repository } = await scripted();
  server.on("GET", `/v2/a/b/blobs/${big.descriptor.digest}`, { body: big.bytes });
  const stream = await repository.fetch(big.descriptor);
  stream.once("data", () => stream.destroy());
  await once(stream, "close");
  expect([stream.destroyed, stream.errored]).toEqual([true, null]);
});
