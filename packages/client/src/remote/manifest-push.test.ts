import { bytesSource } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import type { ScriptedReplySource, ScriptedRequest } from "@berth/testkit/scripted";
import { expect, test } from "vitest";
import { isNotFound, ResponseError } from "../errors.ts";
import { failure, sample, scripted } from "./testing/scripted.test-kit.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const manifest = sample(`{"schemaVersion":2,"config":{"mediaType":"x/y","digest":"${digestOf("{}")}","size":2},"layers":[]}`, TYPE);
const { digest, size } = manifest.descriptor;
const AT = "/v2/a/b/manifests/";
const stored: ScriptedReplySource = { status: 201, headers: { "docker-content-digest": digest } };

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 5);
  yield bytes.subarray(5);
}

test("[client/B-27] a manifest is put under its digest or a tag, the bytes as they are", async () => {
  const { server, repository } = await scripted();
  server.on("PUT", /manifests/, stored);
  await repository.push(manifest.descriptor, once(manifest.bytes));
  await repository.pushReference(manifest.descriptor, manifest.bytes, "v1");
  await repository.pushReference(manifest.descriptor, manifest.bytes, `v1@${digest}`);
  await repository.manifests.push(manifest.descriptor, manifest.bytes.toString());
  expect(server.journal()).toEqual([digest, "v1", digest, digest].map((reference) => `PUT ${AT}${reference}`));
  for (const { body, headers } of server.requests) {
    expect([body.equals(manifest.bytes), headers["content-type"], headers["content-length"]]).toEqual([true, TYPE, String(size)]);
  }
});

test("[client/B-27] content is checked before anything is sent", async () => {
  const { server, repository } = await scripted({ maxMetadataBytes: 1000 });
  const push = (bytes: Uint8Array, descriptor = manifest.descriptor): Promise<unknown> => failure(repository.push(descriptor, once(bytes)));
  expect(await push(manifest.bytes.toReversed())).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  expect(await push(manifest.bytes.subarray(1))).toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  expect(await push(Buffer.concat([manifest.bytes, manifest.bytes]))).toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  for (const mediaType of [TYPE, "application/vnd.docker.distribution.manifest.v2+json"]) {
    expect(await push(manifest.bytes, { mediaType, digest, size: 1001 })).toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 1000 });
  }
  const reason = new Error("enough");
  const aborted = repository.push(manifest.descriptor, once(manifest.bytes), { signal: AbortSignal.abort(reason) });
  expect(await failure(aborted)).toBe(reason);
  expect(server.requests).toEqual([]);
});

test("[client/B-27] a challenge is answered with the same bytes, though the source can be read only once", async () => {
  const { server, repository } = await scripted({ credentials: async () => ({ username: "u", password: "p" }) });
  server.on("PUT", `${AT}v1`, { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } }, stored);
  await repository.pushReference(manifest.descriptor, once(manifest.bytes), "v1");
  expect(server.requests.map(({ body }) => body.equals(manifest.bytes))).toEqual([true, true]);
});

test("[client/B-27] 201, 200 and 202 are success, everything else and a lie about the digest are errors", async () => {
  const { server, repository } = await scripted();
  const lie = { status: 201, headers: { "docker-content-digest": digestOf("other") } };
  server.on("PUT", `${AT}${digest}`, { status: 201 }, { status: 200 }, { status: 202 }, { status: 204 }, { status: 400 }, lie);
  const push = async (): Promise<void> => await repository.push(manifest.descriptor, manifest.bytes);
  for (let i = 0; i < 3; i++) await push();
  expect(await failure(push())).toBeInstanceOf(ResponseError);
  expect(await failure(push())).toBeInstanceOf(ResponseError);
  expect(await failure(push())).toMatchObject({ code: "ERR_DIGEST_MISMATCH", expected: digest });
});

test("[client/B-28] tag() puts the same bytes under the tag, with one token for reading and writing", async () => {
  const { server, repository } = await scripted({ auth: {}, http: {} });
  const scopes: string[] = [];
  const challenge = { status: 401, headers: { "www-authenticate": `Bearer realm="${server.url}/token"` } };
  server
    .on("GET", "/token", ({ query }) => {
      scopes.push(...query.getAll("scope"));
      return { body: '{"token":"t","expires_in":300}' };
    })
    .on("GET", `${AT}${digest}`, challenge, { headers: { "content-type": TYPE }, body: manifest.bytes })
    .on("PUT", `${AT}v2`, stored);
  await repository.tag(manifest.descriptor, "v2");
  expect(scopes).toEqual(["repository:a/b:pull,push"]);
  const put = server.requests.at(-1);
  expect([put?.method, put?.body.equals(manifest.bytes), put?.headers["authorization"]]).toEqual(["PUT", true, "Bearer t"]);
});

test("[client/B-28] a digest in place of a tag must be the manifest's own", async () => {
  const { server, repository } = await scripted();
  server.on("GET", `${AT}${digest}`, { headers: { "content-type": TYPE }, body: manifest.bytes }).on("PUT", `${AT}${digest}`, stored);
  await repository.tag(manifest.descriptor, digest);
  const other = digestOf("other");
  expect(await failure(repository.tag(manifest.descriptor, other))).toMatchObject({ code: "ERR_INVALID_REFERENCE", input: other });
  expect(await failure(repository.pushReference(manifest.descriptor, manifest.bytes, other))).toMatchObject({
    code: "ERR_INVALID_REFERENCE",
  });
  expect(isNotFound(await failure(repository.tag({ ...manifest.descriptor, digest: other }, "x")))).toBe(true);
});

/** A registry that takes tags from the query, as far as `accept` lets it. */
function taking(
  accept: (tag: string) => boolean,
  separate = false,
): (request: ScriptedRequest) => ReturnType<Extract<ScriptedReplySource, (request: ScriptedRequest) => unknown>> {
  return ({ query }) => {
    const tags = query.getAll("tag").filter(accept);
    return { status: 201, headers: { ...(tags.length > 0 && { "oci-tag": separate ? tags : tags.join(", ") }) } };
  };
}

test.each([false, true])(
  "[client/X-11] several tags go in one request where the registry takes them (fields of their own: %s)",
  async (separate) => {
    const { server, repository } = await scripted();
    server.on(
      "PUT",
      /manifests/,
      taking(() => true, separate),
    );
    await repository.manifests.pushTags(manifest.descriptor, manifest.bytes, ["a", "b", "a"]);
    expect(server.journal()).toEqual([`PUT ${AT}${digest}?tag=a&tag=b`]);
  },
);

test("[client/X-11] tags that the registry passed over are put one by one", async () => {
  const { server, repository } = await scripted();
  server.on(
    "PUT",
    /manifests/,
    taking((tag) => tag === "b"),
  );
  await repository.manifests.pushTags(manifest.descriptor, manifest.bytes, ["a", "b", "c"]);
  expect(server.journal()).toEqual([`PUT ${AT}${digest}?tag=a&tag=b&tag=c`, `PUT ${AT}a`, `PUT ${AT}c`]);
});

test("[client/X-11] a registry that knows nothing of it gets each tag by itself, and is not asked again", async () => {
  const { server, repository } = await scripted();
  server.on("PUT", /manifests/, stored).on("GET", `${AT}${digest}`, { headers: { "content-type": TYPE }, body: manifest.bytes });
  const tags = Array.from({ length: 150 }, (_, i) => `t${i}`);
  await repository.manifests.tagAll(manifest.descriptor, tags);
  expect(server.journal("PUT")).toEqual([
    expect.stringContaining(`${AT}${digest}?tag=t0&tag=t1&`),
    ...tags.map((tag) => `PUT ${AT}${tag}`),
  ]);
  server.requests.length = 0;
  await repository.manifests.pushTags(manifest.descriptor, manifest.bytes, ["a", "b"]);
  const sha512 = digestOf(manifest.bytes, "sha512");
  await repository.manifests.pushTags({ ...manifest.descriptor, digest: sha512 }, manifest.bytes, ["a"]);
  expect(server.journal("PUT")).toEqual([`PUT ${AT}a`, `PUT ${AT}b`, `PUT ${AT}${sha512}?tag=a`, `PUT ${AT}a`]);
});

test("[client/X-6] a registry that finds the digest of a sha512 manifest wrong is said not to know it, perhaps", async () => {
  const { server, repository } = await scripted();
  server.on("PUT", /manifests/, { status: 400, body: JSON.stringify({ errors: [{ code: "DIGEST_INVALID", message: "no" }] }) });
  const sha512 = digestOf(manifest.bytes, "sha512");
  await expect(repository.push({ ...manifest.descriptor, digest: sha512 }, bytesSource(manifest.bytes))).rejects.toThrow(
    /digest of "sha512": .*; it may not know that algorithm$/,
  );
  await expect(repository.push(manifest.descriptor, bytesSource(manifest.bytes))).rejects.toMatchObject({ code: "ERR_RESPONSE" });
});

test.each([414, 431])("[client/X-11] addresses that are too long (%i) are halved", async (status) => {
  const { server, repository } = await scripted();
  const accept = taking(() => true);
  server.on("PUT", /manifests/, (request) => (request.query.getAll("tag").length > 2 ? { status } : accept(request)));
  await repository.manifests.pushTags(manifest.descriptor, manifest.bytes, ["a", "b", "c", "d", "e"]);
  expect(server.requests.map(({ query }) => query.getAll("tag").join(""))).toEqual(["abcde", "ab", "cde", "c", "de"]);
});

test("[client/X-6,X-11] a tag for a sha512 manifest keeps that digest where the registry can", async () => {
  const { server, repository } = await scripted();
  const sha512 = digestOf(manifest.bytes, "sha512");
  server.on(
    "PUT",
    /manifests/,
    taking(() => true),
    { status: 201, headers: { "docker-content-digest": digest } },
  );
  const push = async (): Promise<void> => await repository.pushReference({ ...manifest.descriptor, digest: sha512 }, manifest.bytes, "v1");
  await push();
  await push();
  expect(server.journal()).toEqual([`PUT ${AT}${sha512}?tag=v1`, `PUT ${AT}${sha512}?tag=v1`, `PUT ${AT}v1`]);
});

test("[client/B-30] manifests and blobs are deleted by digest", async () => {
  const { server, repository } = await scripted();
  const blob = sample("blob").descriptor;
  const targets = [
    [manifest.descriptor, `${AT}${digest}`],
    [blob, `/v2/a/b/blobs/${blob.digest}`],
  ] as const;
  for (const [target, path] of targets) {
    const lie = { status: 202, headers: { "docker-content-digest": digestOf("other") } };
    server
      .on("DELETE", path, { status: 202 }, { status: 200 }, { status: 204 }, { status: 404 }, { status: 405 }, lie, { status: 500 })
      .on("GET", path, { headers: { "content-type": TYPE }, body: manifest.bytes });
    for (let i = 0; i < 3; i++) await repository.delete(target);
    expect(await failure(repository.delete(target))).toMatchObject({ code: "ERR_NOT_FOUND", cause: { status: 404 } });
    expect(await failure(repository.delete(target))).toMatchObject({ code: "ERR_UNSUPPORTED", cause: { status: 405 } });
    expect(await failure(repository.delete(target))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  }
});

test("[client/B-68] a tag is taken away by DELETE, and registries that cannot say so", async () => {
  const { server, repository } = await scripted();
  server.on("DELETE", `${AT}v1`, { status: 202 }, { status: 404 }, { status: 405 }, { status: 400 }, { status: 403 });
  await repository.untag("v1");
  expect(await failure(repository.untag("v1"))).toMatchObject({ code: "ERR_NOT_FOUND", what: "tag" });
  expect(await failure(repository.untag("v1"))).toMatchObject({ code: "ERR_UNSUPPORTED" });
  expect(await failure(repository.untag("v1"))).toMatchObject({
    code: "ERR_UNSUPPORTED",
    message: `Cannot delete tag: "${server.host}" answered 400 Bad Request; it deletes manifests by their digest only, with all of their tags`,
  });
  expect(await failure(repository.untag("v1"))).toMatchObject({ code: "ERR_RESPONSE", status: 403 });
  expect(await failure(repository.untag(digest))).toMatchObject({ code: "ERR_INVALID_REFERENCE" });
});
