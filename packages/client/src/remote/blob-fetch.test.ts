import { digestOf } from "@berth/oci/node";
import type { ScriptedReply, ScriptedRequest } from "@berth/testkit/scripted";
import { expect, test } from "vitest";
import { stallingAfter } from "../transport/testing/stalling.test-kit.ts";
import { failure, sample, scripted, type ScriptedRepository, textOf } from "./testing/scripted.test-kit.ts";

const TEXT = "0123456789".repeat(10);
const blob = sample(TEXT);
const { digest, size } = blob.descriptor;
const AT = `/v2/a/b/blobs/${digest}`;

/** Answers ranges as a good registry does. */
function ranged({ headers }: ScriptedRequest, more: ScriptedReply = {}): ScriptedReply {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers["range"] ?? "") ?? [];
  const common = { etag: '"e"', "accept-ranges": "bytes", ...more.headers };
  if (first === undefined) return { body: blob.bytes, ...more, headers: common };
  const contentRange = `bytes ${first}-${last}/${size}`;
  return {
    status: 206,
    body: blob.bytes.subarray(Number(first), Number(last) + 1),
    ...more,
    headers: { "content-range": contentRange, ...common },
  };
}

/** A repository that holds the blob; the answers come in turn, the last one for ever. */
async function serving(
  ...replies: readonly (ScriptedReply | ((request: ScriptedRequest) => ScriptedReply))[]
): Promise<ScriptedRepository> {
  const started = await scripted({ downloadRetries: 1 });
  started.server.on("GET", AT, ...replies);
  return started;
}

test("[client/B-16,A-20] a blob is streamed, and fails instead of ending when it is another one", async () => {
  const { repository } = await serving({ body: blob.bytes }, { body: blob.bytes.toReversed() });
  expect(await textOf(await repository.fetch(blob.descriptor))).toBe(TEXT);
  expect(await failure(textOf(await repository.fetch(blob.descriptor)))).toMatchObject({ code: "ERR_DIGEST_MISMATCH", expected: digest });
});

test("[client/A-20] a raw reader may have it all the same, but never too little", async () => {
  const { repository } = await serving({ body: blob.bytes.toReversed() }, { body: chunked("short") });
  expect(await textOf(await repository.blobs.fetch(blob.descriptor, { verify: false }))).toBe(
    Buffer.from(blob.bytes.toReversed()).toString(),
  );
  expect(await failure(textOf(await repository.blobs.fetch(blob.descriptor, { verify: false })))).toMatchObject({
    code: "ERR_SIZE_MISMATCH",
  });
});

async function* chunked(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

test("[client/B-16] a Content-Length that is not the blob's size is an error before any byte", async () => {
  const { repository } = await serving({ body: "short" }, { status: 206, headers: { "content-range": `bytes 5-9/${size}` }, body: "567" });
  expect(await failure(repository.fetch(blob.descriptor))).toMatchObject({ code: "ERR_SIZE_MISMATCH", expected: size, actual: 5 });
  expect(await failure(repository.fetch(blob.descriptor, { offset: 5, length: 5 }))).toMatchObject({
    code: "ERR_SIZE_MISMATCH",
    expected: 5,
    actual: 3,
  });
});

test("[client/B-69] chunked content that is too short or too long is an error, with both sizes", async () => {
  const { repository } = await serving({ body: chunked("short") }, { body: chunked(`${TEXT}x`) });
  expect(await failure(textOf(await repository.fetch(blob.descriptor)))).toMatchObject({
    code: "ERR_SIZE_MISMATCH",
    expected: size,
    actual: 5,
  });
  expect(await failure(textOf(await repository.fetch(blob.descriptor)))).toMatchObject({
    code: "ERR_SIZE_MISMATCH",
    expected: size,
    actual: size + 1,
  });
});

test("[client/A-19] a Docker-Content-Digest of another blob is an error, by HEAD and GET", async () => {
  const lie = { headers: { "docker-content-digest": digestOf("other") }, body: blob.bytes };
  const { server, repository } = await serving(lie);
  server.on("HEAD", AT, lie).on("DELETE", AT, lie);
  for (const call of [repository.fetch(blob.descriptor), repository.blobs.stat(digest), repository.delete(blob.descriptor)]) {
    expect(await failure(call)).toMatchObject({ code: "ERR_DIGEST_MISMATCH", expected: digest });
  }
});

test("[client/A-18,A-19] stat() describes by HEAD, and by one byte where HEAD lacks the length", async () => {
  const { server, repository } = await serving(ranged, { headers: { "content-length": String(size) }, body: blob.bytes });
  server.on("HEAD", AT, { body: blob.bytes }, { headers: { "transfer-encoding": "chunked" } });
  for (let i = 0; i < 3; i++) expect(await repository.blobs.resolve(digest)).toEqual(blob.descriptor);
  expect(server.requests.map(({ method, headers }) => `${method} ${headers["range"] ?? ""}`)).toEqual([
    "HEAD ",
    "HEAD ",
    "GET bytes=0-0",
    "HEAD ",
    "GET bytes=0-0",
  ]);
});

test("[client/A-19] a registry that tells no length at all is an error", async () => {
  const { server, repository } = await serving({ body: chunked(TEXT) });
  server.on("HEAD", AT, { headers: { "transfer-encoding": "chunked" } });
  expect(await failure(repository.blobs.stat(digest))).toMatchObject({ code: "ERR_PROTOCOL" });
});

test("[client/B-18] blobs.fetchReference() opens a blob of unknown size in one request, or asks for the size first", async () => {
  const { server, repository } = await serving({ body: blob.bytes }, () => ({ body: chunked(TEXT) }));
  server.on("HEAD", AT, { body: blob.bytes });
  for (let i = 0; i < 2; i++) {
    const { descriptor, content } = await repository.blobs.fetchReference(digest);
    expect([descriptor, await textOf(content)]).toEqual([blob.descriptor, TEXT]);
  }
  expect(server.journal()).toEqual(["GET", "GET", "HEAD", "GET"].map((method) => `${method} ${AT}`));
});

test("[client/B-18] an answer that is of no use is not left open", async () => {
  const stalling = stallingAfter(Buffer.from("x"));
  const lies = { "docker-content-digest": digestOf("other"), "content-length": "100" };
  const lie = (): ScriptedReply => ({ headers: lies, body: stalling() });
  const part = (): ScriptedReply => ({ status: 206, headers: { "content-range": `bytes 0-9/${size}` }, body: stalling() });
  const { server, repository } = await serving(() => ({ body: stalling() }), { body: blob.bytes }, lie, lie, part);
  server.on("HEAD", AT, { body: blob.bytes });
  expect(await textOf((await repository.blobs.fetchReference(digest)).content)).toBe(TEXT);
  expect(await failure(repository.blobs.fetchReference(digest))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  expect(await failure(repository.fetch(blob.descriptor))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  expect(await failure(repository.fetch(blob.descriptor, { offset: 5 }))).toMatchObject({ code: "ERR_PROTOCOL" });
  await server.answered(); // or else it would wait for ever
  expect(server.requests).toHaveLength(6);
});

test("[client/B-17] parts are asked for by Range, and cut from the whole where the registry knows no ranges", async () => {
  const { server, repository } = await serving(ranged, ranged, ranged, { body: blob.bytes });
  const part = async (offset: number, length?: number): Promise<string> =>
    await textOf(await repository.fetch(blob.descriptor, length === undefined ? { offset } : { offset, length }));
  expect([await part(13, 4), await part(90), await part(0, 3), await part(13, 4)]).toEqual(["3456", "0123456789", "012", "3456"]);
  expect(server.requests.map(({ headers }) => headers["range"])).toEqual(["bytes=13-16", "bytes=90-99", "bytes=0-2", "bytes=13-16"]);
  expect([await part(size), await part(5, 0), await part(size + 7, 3)]).toEqual(["", "", ""]);
  expect(server.requests).toHaveLength(4);
  expect(await failure(part(-1))).toBeInstanceOf(RangeError);
});

test.each([
  ["another start", `bytes 12-15/${size}`],
  ["another total", "bytes 13-16/1000"],
  ["nonsense", "bytes */100"],
])("[client/B-17] a part with %s is an error", async (_, contentRange) => {
  const { repository } = await serving({ status: 206, headers: { "content-range": contentRange }, body: "3456" });
  expect(await failure(repository.fetch(blob.descriptor, { offset: 13, length: 4 }))).toMatchObject({ code: "ERR_PROTOCOL" });
});

test("[client/B-16] an empty blob is asked for, since it may not be there", async () => {
  const empty = sample("");
  const { server, repository } = await scripted();
  expect(await failure(repository.fetch(empty.descriptor))).toMatchObject({ code: "ERR_NOT_FOUND" });
  server.on("GET", `/v2/a/b/blobs/${empty.descriptor.digest}`, { body: "" });
  expect(await textOf(await repository.fetch(empty.descriptor))).toBe("");
});

test("[client/X-6] sha384 and sha512 name blobs as well", async () => {
  const { server, repository } = await scripted();
  for (const algorithm of ["sha384", "sha512"] as const) {
    const named = { ...blob.descriptor, digest: digestOf(blob.bytes, algorithm) };
    server.on(
      "GET",
      `/v2/a/b/blobs/${named.digest}`,
      { headers: { "docker-content-digest": digest }, body: blob.bytes },
      { body: blob.bytes.toReversed() },
    );
    expect(await textOf(await repository.fetch(named))).toBe(TEXT);
    expect(await failure(textOf(await repository.fetch(named)))).toMatchObject({ code: "ERR_DIGEST_MISMATCH", expected: named.digest });
  }
});

test("[client/C-30] where the registry lacks a layer, its urls are tried in turn, and checked", async () => {
  const { server, repository } = await serving({ status: 404 });
  server.on("GET", "/wrong", { status: 500 }).on("GET", "/right", ranged);
  const urls = ["ftp://x.test/", "not a url", "http://u:p@x.test/", `${server.url}/wrong`, `${server.url}/right`];
  expect(await textOf(await repository.fetch({ ...blob.descriptor, urls }))).toBe(TEXT);
  expect(await textOf(await repository.fetch({ ...blob.descriptor, urls }, { offset: 5, length: 2 }))).toBe("56");
  expect(server.journal().slice(0, 3)).toEqual([`GET ${AT}`, "GET /wrong", "GET /right"]);
  expect(await failure(repository.fetch({ ...blob.descriptor, urls: urls.slice(0, 4) }))).toMatchObject({ code: "ERR_NOT_FOUND" });
});

test("[client/C-30] urls into private networks are not followed", async () => {
  const sent: string[] = [];
  const { createRemoteRepository } = await import("./create-repository.ts");
  const { Readable } = await import("node:stream");
  const repository = createRemoteRepository("r.test/a/b", {
    transport: async (request) => {
      sent.push(request.url.href);
      return { status: 404, headers: {}, body: Readable.from([]), request };
    },
  });
  const urls = [
    "http://127.0.0.1/x",
    "http://169.254.169.254/latest",
    "https://10.0.0.1/",
    "http://[::1]/",
    "http://localhost/",
    "https://user:secret@cdn.test/x",
    "ftp://cdn.test/x",
    "https://cdn.test/x",
  ];
  await failure(repository.fetch({ ...blob.descriptor, urls }));
  expect(sent).toEqual([`https://r.test${AT}`, "https://cdn.test/x"]);
});

test("[client/C-29] a blob that its descriptor carries costs no request", async () => {
  const { server, repository } = await scripted();
  const data = blob.bytes.toString("base64");
  expect(await textOf(await repository.fetch({ ...blob.descriptor, data }, { offset: 97 }))).toBe("789");
  expect(server.requests).toEqual([]);
});

test("fetchBytes() reads into memory what fits", async () => {
  const { repository } = await serving({ body: blob.bytes });
  expect((await repository.fetchBytes(blob.descriptor)).toString()).toBe(TEXT);
  expect(await failure(repository.fetchBytes(blob.descriptor, { maxBytes: 99 }))).toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 99 });
});

test("an aborted download fails with the signal's own reason, and its connection is closed", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from("0123");
      await promise;
    } finally {
      resolve();
    }
  }
  const { repository } = await serving({ body: endless() });
  const controller = new AbortController();
  const stream = await repository.fetch(blob.descriptor, { signal: controller.signal });
  const reason = new Error("enough");
  const read = async (): Promise<void> => {
    for await (const _ of stream) controller.abort(reason);
  };
  expect(await failure(read())).toBe(reason);
  resolve();
});
