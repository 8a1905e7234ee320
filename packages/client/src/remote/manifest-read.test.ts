import { signSchema1 } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import type { ScriptedReply } from "@berth/testkit/scripted";
import { expect, test } from "vitest";
import { isNotFound } from "../errors.ts";
import { stallingAfter } from "../transport/testing/stalling.test-kit.ts";
import { failure, sample, scripted, textOf } from "./testing/scripted.test-kit.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const manifest = sample('{"schemaVersion":2}', TYPE);
const { digest, size } = manifest.descriptor;
const sha512 = digestOf(manifest.bytes, "sha512");
const other = digestOf("other");
const AT = "/v2/a/b/manifests/";

/** An answer with the manifest; a header that is undefined is left out. */
function answer(headers: Readonly<Record<string, string | undefined>> = {}): ScriptedReply {
  const all = { "content-type": TYPE, "docker-content-digest": digest, ...headers };
  return {
    headers: Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    body: manifest.bytes,
  };
}

test("[client/B-15] resolve() describes a manifest by one HEAD, whatever form the reference has", async () => {
  const { server, repository } = await scripted();
  server.on("HEAD", /^\/v2\/a\/b\/manifests\//, answer({ "content-type": `${TYPE}; charset=utf-8` }));
  for (const reference of ["latest", digest, `latest@${digest}`, `${server.host}/a/b:v1`]) {
    expect(await repository.resolve(reference)).toEqual(manifest.descriptor);
  }
  expect(server.journal()).toEqual(["latest", digest, digest, "v1"].map((reference) => `HEAD ${AT}${reference}`));
});

test("[client/B-10] a tag is looked up with all media types, as one field", async () => {
  const { server, repository } = await scripted();
  server.on("HEAD", `${AT}x`, answer());
  await repository.resolve("x");
  expect(server.requests[0]?.headers["accept"]).toBe(
    [
      "application/vnd.docker.distribution.manifest.v2+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.oci.artifact.manifest.v1+json",
    ].join(", "),
  );
});

test("[client/B-15] what is not there is not found, and named", async () => {
  const { repository } = await scripted();
  expect(await failure(repository.resolve("none"))).toMatchObject({ code: "ERR_NOT_FOUND", target: "a/b:none", cause: { status: 404 } });
  expect(await failure(repository.fetchReference(digest))).toMatchObject({ code: "ERR_NOT_FOUND", target: `a/b@${digest}` });
  expect(isNotFound(await failure(repository.fetch(manifest.descriptor)))).toBe(true);
});

test.each(["", "a b", "x@sha256:abc", "other.test/a/b:x", "sha256:abc"])(
  "[client/B-14] resolve() refuses %j without a request",
  async (reference) => {
    const { server, repository } = await scripted();
    expect(await failure(repository.resolve(reference))).toMatchObject({ code: "ERR_INVALID_REFERENCE" });
    expect(server.requests).toEqual([]);
  },
);

test("[client/B-20] HEAD by tag with a digest header is trusted; by digest without one, the reference is", async () => {
  const { server, repository } = await scripted();
  server.on("HEAD", `${AT}x`, answer()).on("HEAD", `${AT}${digest}`, answer({ "docker-content-digest": undefined }));
  for (const reference of ["x", digest]) {
    expect(await repository.manifests.stat(reference)).toMatchObject({ descriptor: manifest.descriptor, source: "header" });
  }
  expect(server.journal("GET")).toEqual([]);
});

test("[client/X-8] what a registry says of its limits stands beside what it says of a manifest", async () => {
  const { server, repository } = await scripted();
  server.on("HEAD", `${AT}x`, answer({ "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" }), answer());
  expect((await repository.manifests.stat("x")).rateLimit).toEqual({ limit: 100, remaining: 76, windowSeconds: 21_600 });
  expect((await repository.manifests.stat("x")).rateLimit).toBeUndefined();
});

test.each([
  ["digest", { "docker-content-digest": undefined }],
  ["type", { "content-type": undefined }],
  ["length", { "transfer-encoding": "chunked" }],
])("[client/B-20,D-6] HEAD without a %s falls back to GET and computes", async (_, missing) => {
  const { server, repository } = await scripted();
  server.on("HEAD", `${AT}x`, answer(missing)).on("GET", `${AT}x`, answer({ "docker-content-digest": undefined }));
  expect(await repository.manifests.stat("x")).toMatchObject({ descriptor: manifest.descriptor, source: "computed" });
});

test("[client/B-16] a registry whose HEAD tells another length than its GET: what came has the digest, and counts", async () => {
  const { server, repository } = await scripted();
  server.on("HEAD", `${AT}x`, answer({ "content-length": "999" })).on("GET", `${AT}x`, answer());
  server.on("GET", `${AT}${digest}`, answer());
  expect((await repository.fetchReference("x")).descriptor).toEqual(manifest.descriptor);
  expect(server.journal()).toEqual([`GET ${AT}x`]);
  const misled = await repository.resolve("x");
  expect(misled.size).toBe(999);
  expect(Buffer.from(await repository.fetchBytes(misled))).toEqual(manifest.bytes);
  expect(await textOf(await repository.fetch({ ...misled, size: 1 }))).toBe(manifest.bytes.toString());
});

test("[client/B-16] a manifest whose length was told wrong is tagged as what it is", async () => {
  const { server, repository } = await scripted();
  server.on("GET", `${AT}${digest}`, answer());
  server.on("PUT", `${AT}new`, { status: 201 });
  await repository.tag({ ...manifest.descriptor, size: 999 }, "new");
  expect(server.requests.at(-1)?.body).toEqual(manifest.bytes);
});

test("[client/B-20] a type that no answer names is told by the content", async () => {
  const { server, repository } = await scripted();
  const image = sample(
    `{"schemaVersion":2,"mediaType":"${TYPE}","config":{"mediaType":"x/y","digest":"${digest}","size":1},"layers":[]}`,
    TYPE,
  );
  const untyped = { headers: { "docker-content-digest": image.descriptor.digest }, body: image.bytes };
  server.on("HEAD", `${AT}x`, untyped).on("GET", `${AT}x`, untyped);
  expect(await repository.resolve("x")).toEqual(image.descriptor);
});

test("[client/B-20] a digest that differs from the one asked for is refused, by HEAD and by GET", async () => {
  const { server, repository } = await scripted();
  const lie = answer({ "docker-content-digest": other });
  server.on("HEAD", `${AT}${digest}`, lie).on("GET", `${AT}${digest}`, lie).on("GET", `${AT}x`, lie);
  const mismatch = { code: "ERR_DIGEST_MISMATCH" };
  expect(await failure(repository.resolve(digest))).toMatchObject({ ...mismatch, expected: digest, actual: other });
  expect(await failure(repository.fetchReference(digest))).toMatchObject(mismatch);
  expect(await failure(repository.fetchReference("x"))).toMatchObject({ ...mismatch, expected: other, actual: digest });
  expect(await failure(repository.fetch(manifest.descriptor))).toMatchObject(mismatch);
});

test("[client/B-20] GET by digest computes and compares, with or without a header", async () => {
  const { server, repository } = await scripted();
  server.on("GET", `${AT}${other}`, answer({ "docker-content-digest": undefined }), answer({ "docker-content-digest": other }));
  for (let i = 0; i < 2; i++) {
    expect(await failure(repository.fetchReference(other))).toMatchObject({ code: "ERR_DIGEST_MISMATCH", expected: other, actual: digest });
  }
});

test.each([
  ["digest", { "docker-content-digest": "sha256:abc" }],
  ["type", { "content-type": "nonsense" }],
  ["type", { "content-type": "text/html" }],
])("[client/B-20] a malformed %s is an error", async (_, headers) => {
  const { server, repository } = await scripted();
  server.on("HEAD", `${AT}x`, answer(headers));
  expect(await failure(repository.resolve("x"))).toMatchObject({ code: "ERR_PROTOCOL" });
});

test("[client/N-10] a descriptor whose size is no size is refused without a request", async () => {
  const { server, repository } = await scripted();
  for (const wrong of [-1, 2 ** 53, 0.5]) {
    expect(await failure(repository.fetch({ ...manifest.descriptor, size: wrong }))).toBeInstanceOf(RangeError);
    expect(await failure(repository.blobs.fetch({ ...manifest.descriptor, size: wrong }))).toBeInstanceOf(RangeError);
  }
  expect(server.requests).toEqual([]);
});

test("[client/N-10] a length that is no safe number is an error", async () => {
  const { server, repository } = await scripted();
  server.on("HEAD", `${AT}x`, answer({ "content-length": "9007199254740993" }));
  expect(await failure(repository.resolve("x"))).toMatchObject({ code: "ERR_PROTOCOL" });
});

test("[client/X-6] sha512 names manifests as well, also where the registry answers with its sha256", async () => {
  const { server, repository } = await scripted();
  const headers = answer({ "docker-content-digest": digest });
  server.on("HEAD", `${AT}${sha512}`, headers).on("GET", `${AT}${sha512}`, headers, answer({ "docker-content-digest": sha512 }));
  const described = { ...manifest.descriptor, digest: sha512 };
  expect(await repository.resolve(sha512)).toEqual(described);
  expect((await repository.fetchReference(sha512)).descriptor).toEqual(described);
  expect(await textOf(await repository.fetch(described))).toBe(manifest.bytes.toString());
});

test("[client/B-16] a manifest is fetched by digest with its own media type, and checked", async () => {
  const { server, repository } = await scripted();
  server.on(
    "GET",
    `${AT}${digest}`,
    answer(),
    { ...answer(), body: manifest.bytes.toString().replace("2", "3") },
    { ...answer(), body: "{}" },
  );
  expect(await textOf(await repository.fetch(manifest.descriptor))).toBe(manifest.bytes.toString());
  expect(server.requests[0]?.headers["accept"]).toBe(TYPE);
  expect(await failure(repository.fetch(manifest.descriptor))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  expect(await failure(repository.fetch(manifest.descriptor))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
});

test("[client/B-16] another type than asked for is an error that names both", async () => {
  const { server, repository } = await scripted();
  server.on("GET", `${AT}${digest}`, answer({ "content-type": "application/json" }));
  const error = await failure(repository.fetch(manifest.descriptor));
  expect(error).toMatchObject({
    code: "ERR_PROTOCOL",
    message: expect.stringMatching(/"application\/json", expected "application\/vnd\.oci/),
  });
});

test("[client/B-18] a manifest that is refused for its head is not left open", async () => {
  const stalling = stallingAfter(Buffer.from("{"));
  const { server, repository } = await scripted();
  const heads = [{ "content-type": "text/plain" }, { "docker-content-digest": other }];
  server.on("GET", `${AT}${digest}`, ...heads.map((head) => () => ({ ...answer(head), body: stalling() })));
  expect(await failure(repository.fetch(manifest.descriptor))).toMatchObject({ code: "ERR_PROTOCOL" });
  expect(await failure(repository.fetch(manifest.descriptor))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  await server.answered(); // or else it would wait for ever
  expect(server.requests).toHaveLength(2);
});

test("[client/B-16] parts of manifests are cut from what was checked", async () => {
  const { server, repository } = await scripted();
  server.on("GET", `${AT}${digest}`, answer());
  expect(await textOf(await repository.fetch(manifest.descriptor, { offset: 2, length: 6 }))).toBe("schema");
  expect(await failure(repository.fetch(manifest.descriptor, { offset: -1 }))).toBeInstanceOf(RangeError);
});

test("[client/B-18] fetchReference() opens a tag in one request, and hands on all of it", async () => {
  const { server, repository } = await scripted();
  server.on("GET", `${AT}x`, answer({ "docker-content-digest": undefined, "transfer-encoding": "chunked" }));
  const { descriptor, content } = await repository.fetchReference("x");
  expect([descriptor, await textOf(content)]).toEqual([manifest.descriptor, manifest.bytes.toString()]);
  expect(server.journal()).toEqual([`GET ${AT}x`]);
});

test("[client/B-8,C-28,D-11] manifests over the limit are refused, promised or not", async () => {
  const { server, repository } = await scripted({ maxMetadataBytes: 10 });
  server.on("GET", `${AT}x`, answer()).on("GET", `${AT}${digest}`, answer());
  const limit = { code: "ERR_LIMIT_EXCEEDED", limit: 10 };
  expect(await failure(repository.fetchReference("x"))).toMatchObject(limit);
  expect(await failure(repository.fetch(manifest.descriptor))).toMatchObject(limit);
  expect(await failure(repository.fetch({ ...manifest.descriptor, size: 1 }))).toMatchObject(limit);
  expect(await failure(repository.fetchBytes({ ...manifest.descriptor, size: 1 }))).toMatchObject(limit);
});

test("[client/C-28] a signed schema 1 manifest is named by the digest of its payload", async () => {
  const type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  const payload = Buffer.from('{\n   "schemaVersion": 1,\n   "name": "a/b"\n}');
  const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const signed = Buffer.from(await signSchema1(payload, { ...key, algorithm: "ES256" }));
  const { server, repository } = await scripted();
  const named = digestOf(payload);
  server.on("GET", `${AT}x`, { headers: { "content-type": type, "docker-content-digest": named }, body: signed });
  const { descriptor, content } = await repository.fetchReference("x");
  expect(descriptor).toEqual({ mediaType: type, digest: named, size: signed.length });
  expect(await textOf(content)).toBe(signed.toString());
  server.on("GET", `${AT}${named}`, { headers: { "content-type": type, "docker-content-digest": named }, body: signed });
  expect(await textOf(await repository.fetch(descriptor))).toBe(signed.toString()); // not asked for among blobs
});

const SCHEMA1 = JSON.stringify(
  {
    schemaVersion: 1,
    name: "a/b",
    tag: "x",
    architecture: "amd64",
    fsLayers: [{ blobSum: other }],
    history: [{ v1Compatibility: '{"id":"1"}' }],
  },
  undefined,
  3,
);

test.each(["application/json", "text/plain; charset=utf-8", "application/octet-stream", undefined])(
  "[client/C-28] schema 1 that comes as %s is known by its content",
  async (type) => {
    const payload = Buffer.from(SCHEMA1);
    const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const signed = Buffer.from(await signSchema1(payload, { ...key, algorithm: "ES256" }));
    const { server, repository } = await scripted();
    const named = digestOf(payload);
    const headers = { ...(type !== undefined && { "content-type": type }), "docker-content-digest": named };
    for (const at of ["x", named]) for (const method of ["HEAD", "GET"]) server.on(method, `${AT}${at}`, { headers, body: signed });
    const descriptor = { mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws", digest: named, size: signed.length };
    expect(await repository.resolve("x")).toEqual(descriptor);
    expect((await repository.fetchReference("x")).descriptor).toEqual(descriptor);
    expect(await textOf(await repository.fetch(descriptor))).toBe(signed.toString());
    server.on("GET", `${AT}y`, { headers: { "content-type": type ?? "application/json" }, body: payload });
    expect((await repository.fetchReference("y")).descriptor).toMatchObject({
      mediaType: "application/vnd.docker.distribution.manifest.v1+json",
      digest: named,
    });
  },
);

test("a manifest that comes as JSON and is not of schema 1 is of no other type for that", async () => {
  const { server, repository } = await scripted();
  server.on("HEAD", `${AT}x`, answer({ "content-type": "application/json" }));
  server.on("GET", `${AT}x`, answer({ "content-type": "application/json" }));
  expect(await repository.resolve("x")).toEqual({ mediaType: "application/json", digest, size });
});

test("[client/C-29] content that a descriptor carries itself is used when it is right, else fetched", async () => {
  const { server, repository } = await scripted();
  server.on("GET", `${AT}${digest}`, answer());
  const data = manifest.bytes.toString("base64");
  expect(await textOf(await repository.fetch({ ...manifest.descriptor, data }))).toBe(manifest.bytes.toString());
  expect(server.requests).toEqual([]);
  for (const wrong of [Buffer.from('{"schemaVersion":3}').toString("base64"), data.slice(4), "%%%"]) {
    expect(await textOf(await repository.fetch({ ...manifest.descriptor, data: wrong }))).toBe(manifest.bytes.toString());
  }
  expect(server.requests).toHaveLength(3);
});
