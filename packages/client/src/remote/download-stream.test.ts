import { once } from "node:events";
import { expect, test } from "vitest";
import type { ScriptedReply, ScriptedRequest } from "@berth/testkit/scripted";
import { failure, sample, scripted, type ScriptedRepository, textOf } from "./testing/scripted.test-kit.ts";

const TEXT = "0123456789".repeat(1000);
const blob = sample(TEXT);
const { digest, size } = blob.descriptor;
const AT = `/v2/a/b/blobs/${digest}`;

type Reply = (request: ScriptedRequest) => ScriptedReply;

function firstByte({ headers }: ScriptedRequest): number | undefined {
  const range = headers["range"];
  return range === undefined ? undefined : Number(/\d+/.exec(range)?.[0]);
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

const ranges = ({ server }: ScriptedRepository): readonly (string | undefined)[] => server.requests.map(({ headers }) => headers["range"]);

test("[client/X-5] a download that breaks is gone on with from where it broke, and checked as one", async () => {
  const started = await serving(upTo(4000), whole);
  expect(await textOf(await started.repository.fetch(blob.descriptor))).toBe(TEXT);
  expect(ranges(started)).toEqual([undefined, `bytes=4000-${size - 1}`]);
  expect(started.server.requests[1]?.headers["if-range"]).toBe('"e"');
});

test("[client/X-5] bytes that differ after the break are noticed", async () => {
  const other = (request: ScriptedRequest): ScriptedReply => ({ ...whole(request), body: "x".repeat(6000) });
  const { repository } = await serving(upTo(4000), other);
  expect(await failure(textOf(await repository.fetch(blob.descriptor)))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
});

test("[client/X-5] every byte that comes makes the patience new", async () => {
  const started = await serving(upTo(1000), upTo(1000), upTo(1000), upTo(1000), upTo(1000), whole);
  expect(await textOf(await started.repository.fetch(blob.descriptor))).toBe(TEXT);
  expect(ranges(started).slice(1)).toEqual([1000, 2000, 3000, 4000, 5000].map((at) => `bytes=${at}-${size - 1}`));
});

test("[client/X-5,N-5] when nothing comes any more, the error says how much there was", async () => {
  const started = await serving(upTo(3), upTo(0));
  const error = await failure(textOf(await started.repository.fetch(blob.descriptor)));
  expect(error).toMatchObject({ code: "ERR_SIZE_MISMATCH", expected: size, actual: 3, retryable: true, cause: { code: "ERR_NETWORK" } });
});

test("[client/X-5] a part that starts elsewhere has the whole read again, what was there already dropped", async () => {
  const elsewhere = { status: 206, headers: { "content-range": `bytes 0-${size - 1}/${size}` }, body: blob.bytes };
  const started = await serving(upTo(4000), elsewhere, { body: blob.bytes });
  expect(await textOf(await started.repository.fetch(blob.descriptor))).toBe(TEXT);
  expect(ranges(started)).toEqual([undefined, `bytes=4000-${size - 1}`, undefined]);
});

test("[client/X-5] a registry without ranges is read again from the start once, not for ever", async () => {
  const plain = { body: blob.bytes };
  const once = await serving({ ...plain, cutAfter: 4000 }, plain);
  expect(await textOf(await once.repository.fetch(blob.descriptor))).toBe(TEXT);
  expect(once.server.requests).toHaveLength(2);

  const twice = await serving({ ...plain, cutAfter: 4000 }, { ...plain, cutAfter: 5000 }, plain);
  const error = await failure(textOf(await twice.repository.fetch(blob.descriptor)));
  expect(error).toMatchObject({ code: "ERR_SIZE_MISMATCH", expected: size, actual: 5000, retryable: true });
  expect(twice.server.requests).toHaveLength(3);
});

test("[client/X-5] a refusal ends the download with the registry's own words", async () => {
  const { repository } = await serving(upTo(4000), { status: 403 });
  expect(await failure(textOf(await repository.fetch(blob.descriptor)))).toMatchObject({ code: "ERR_RESPONSE", status: 403 });
});

test("[client/X-5] parts are gone on with as well, up to their own end", async () => {
  const answer = (request: ScriptedRequest): ScriptedReply => {
    const first = firstByte(request) ?? 0;
    const headers = { "content-range": `bytes ${first}-7999/${size}` };
    return { status: 206, headers, body: blob.bytes.subarray(first, 8000), ...(first === 2000 && { cutAfter: 3000 }) };
  };
  const started = await serving(answer);
  expect(await textOf(await started.repository.fetch(blob.descriptor, { offset: 2000, length: 6000 }))).toBe(TEXT.slice(2000, 8000));
  expect(ranges(started)).toEqual(["bytes=2000-7999", "bytes=5000-7999"]);
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
