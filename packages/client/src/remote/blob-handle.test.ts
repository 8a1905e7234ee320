import { expect, test } from "vitest";
import type { ScriptedReply, ScriptedRequest } from "@berth/testkit/scripted";
import type { BlobHandle } from "./blob-handle.ts";
import { stallingAfter } from "../transport/testing/stalling.test-kit.ts";
import { failure, sample, scripted, type ScriptedRepository, textOf } from "./testing/scripted.test-kit.ts";

const TEXT = "0123456789".repeat(10);
const blob = sample(TEXT);
const { digest, size } = blob.descriptor;
const AT = `/v2/a/b/blobs/${digest}`;

function ranged({ headers }: ScriptedRequest): ScriptedReply {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers["range"] ?? "") ?? [];
  const common = { "accept-ranges": "bytes", etag: '"e"' };
  if (first === undefined) return { headers: common, body: blob.bytes };
  const body = blob.bytes.subarray(Number(first), Number(last) + 1);
  return { status: 206, headers: { ...common, "content-range": `bytes ${first}-${last}/${size}` }, body };
}

async function opened(
  reply: ScriptedReply | ((request: ScriptedRequest) => ScriptedReply) = ranged,
): Promise<ScriptedRepository & { readonly handle: BlobHandle }> {
  const started = await scripted();
  started.server.on("GET", AT, reply);
  return { ...started, handle: await started.repository.blobs.open(blob.descriptor) };
}

async function readText(handle: BlobHandle, length: number): Promise<string> {
  return Buffer.from(await handle.read(length)).toString();
}

test("[client/B-17] a blob is read piece by piece; seek() to where it stands or to the end sends nothing", async () => {
  const { server, handle } = await opened();
  expect(handle.seekable).toBe(true);
  expect([await readText(handle, 4), handle.position]).toEqual(["0123", 4]);
  await handle.seek(4);
  expect(await readText(handle, 2)).toBe("45");
  await handle.seek(size);
  expect([await readText(handle, 5), handle.position]).toEqual(["", size]);
  await handle.seek(size + 10);
  expect(await readText(handle, 5)).toBe("");
  expect(server.requests).toHaveLength(1);
});

test("[client/B-17] seek() sends one Range request, up to the end of the blob", async () => {
  const { server, handle } = await opened();
  await handle.seek(93);
  expect([await readText(handle, 4), await readText(handle, 100), await readText(handle, 1)]).toEqual(["3456", "789", ""]);
  await handle.seek(2);
  expect(await readText(handle, 3)).toBe("234");
  expect(server.requests.map(({ headers }) => headers["range"])).toEqual([undefined, `bytes=93-${size - 1}`, `bytes=2-${size - 1}`]);
  expect(server.requests.map(({ headers }) => headers["if-range"])).toEqual([undefined, '"e"', '"e"']);
});

test("[client/B-17] seek() reads on from the right byte where the registry sends the whole blob all the same", async () => {
  const { handle } = await opened({ headers: { "accept-ranges": "bytes" }, body: blob.bytes });
  await handle.seek(93);
  expect([await readText(handle, 4), handle.position]).toEqual(["3456", 97]);
});

test("[client/B-17] seek() goes through challenge and redirect as the first request did", async () => {
  const { server, repository } = await scripted({ credentials: async () => ({ username: "u", password: "p" }) });
  const challenge = { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } };
  server
    .on("GET", AT, ({ headers }) => (headers["authorization"] === undefined ? challenge : { status: 307, headers: { location: "/data" } }))
    .on("GET", "/data", ranged);
  const handle = await repository.blobs.open(blob.descriptor);
  await handle.seek(93);
  expect(await readText(handle, 7)).toBe("3456789");
  expect(server.journal()).toEqual([`GET ${AT}`, `GET ${AT}`, "GET /data", `GET ${AT}`, "GET /data"]);
});

test("[client/B-17,B-18] neither a seek nor closing leaves an answer behind that nobody reads", async () => {
  const stalling = stallingAfter(blob.bytes.subarray(0, 1));
  const { server, handle } = await opened(({ headers }) => {
    const part = { status: 206, headers: { "accept-ranges": "bytes", "content-range": `bytes 50-${size - 1}/${size}` }, body: stalling() };
    return headers["range"] === undefined ? { headers: { "accept-ranges": "bytes", "content-length": `${size}` }, body: stalling() } : part;
  });
  await handle.seek(50);
  await handle.seek(size);
  await server.answered();
  await handle.seek(50);
  await handle.close();
  await server.answered(); // or else it would wait for ever
  expect(server.requests).toHaveLength(3);
});

test("[client/B-17] seek() before the start is refused, and nothing works once closed", async () => {
  const { handle } = await opened();
  for (const wrong of [-1, 0.5, Number.NaN]) expect(await failure(handle.seek(wrong))).toBeInstanceOf(RangeError);
  await handle.close();
  await handle.close();
  for (const call of [handle.read(1), handle.seek(0), handle.range(0)]) expect(await failure(call)).toBeInstanceOf(TypeError);
});

test("[client/B-17] a registry without Accept-Ranges cannot seek, but can be read", async () => {
  const { handle } = await opened({ body: blob.bytes });
  expect(handle.seekable).toBe(false);
  expect(await failure(handle.seek(5))).toMatchObject({ code: "ERR_UNSUPPORTED" });
  expect(await failure(handle.range(5, 7))).toMatchObject({ code: "ERR_UNSUPPORTED" });
  expect(await textOf(handle)).toBe(TEXT);
});

test("[client/B-17] a seek that is answered with another part fails, and the position stays", async () => {
  const { handle } = await opened((request) => {
    const headers = { "accept-ranges": "bytes", "content-range": `bytes 0-${size - 1}/${size}` };
    return request.headers["range"] === undefined ? ranged(request) : { status: 206, headers, body: blob.bytes };
  });
  expect(await readText(handle, 3)).toBe("012");
  expect(await failure(handle.seek(50))).toMatchObject({ code: "ERR_PROTOCOL" });
  expect([handle.position, await readText(handle, 3)]).toEqual([3, "345"]);
});

test("[client/B-17] range() opens any part beside the position", async () => {
  const { handle } = await opened();
  await handle.read(3);
  expect([
    await textOf(await handle.range(10, 15)),
    await textOf(await handle.range(95)),
    await textOf(await handle.range(20, 20)),
  ]).toEqual(["01234", "56789", ""]);
  expect([handle.position, await readText(handle, 2)]).toEqual([3, "34"]);
});

test("[client/B-17] read to the end, a blob is checked", async () => {
  const { handle } = await opened({ body: blob.bytes.toReversed() });
  expect(await failure(textOf(handle))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
});

test("a handle closes itself at the end of its scope", async () => {
  const { repository } = await opened();
  let kept: BlobHandle | undefined;
  {
    await using handle = await repository.blobs.open(blob.descriptor);
    kept = handle;
    await handle.read(1);
  }
  expect(await failure(kept.read(1))).toBeInstanceOf(TypeError);
});
