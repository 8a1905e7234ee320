import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { absentDigest, EMPTY_JSON, imageManifest, indexManifest } from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";
import type { Reply } from "../testing/reply.test-kit.ts";

async function putTagged(server: RegistryServer, reference: string, tags: readonly string[]): Promise<Reply> {
  const index = indexManifest([]);
  const query = tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join("&");
  return await server.call("PUT", `/v2/a/manifests/${reference}?${query}`, {
    body: index.bytes,
    headers: { "content-type": index.mediaType },
  });
}

async function tagsOf(server: RegistryServer): Promise<unknown> {
  return ((await server.call("GET", "/v2/a/tags/list")).json as { tags?: unknown }).tags;
}

test("[server/O12] a PUT by digest sets the tags of its parameters, all at once", async () => {
  const server = await useRegistry();
  const tags = Array.from({ length: 12 }, (_, n) => `t${n}`);
  const reply = await putTagged(server, indexManifest([]).digest, tags);
  expect([reply.status, reply.headers["oci-tag"]]).toEqual([201, tags.join(", ")]);
  expect(await tagsOf(server)).toEqual([...tags].sort());
  for (const tag of tags)
    expect((await server.call("HEAD", `/v2/a/manifests/${tag}`)).headers["docker-content-digest"]).toBe(indexManifest([]).digest);
});

test("[server/O12] the same tag twice counts once; with a tag in the path parameters are ignored", async () => {
  const server = await useRegistry();
  expect((await putTagged(server, indexManifest([]).digest, ["x", "x"])).headers["oci-tag"]).toBe("x");
  const reply = await putTagged(server, "y", ["ignored", "bad tag!"]);
  expect([reply.status, reply.headers["oci-tag"]]).toEqual([201, undefined]);
  expect(await tagsOf(server)).toEqual(["x", "y"]);
});

test("[server/O12] over the limit of tags it is 414, with an invalid one 400, and nothing is stored", async () => {
  const server = await useRegistry();
  const many = await putTagged(
    server,
    indexManifest([]).digest,
    Array.from({ length: 101 }, (_, n) => `t${n}`),
  );
  expect([many.status, many.code]).toEqual([414, "SIZE_INVALID"]);
  for (const bad of ["bad tag", "-x", "x".repeat(129), ""]) {
    const reply = await putTagged(server, indexManifest([]).digest, ["good", bad]);
    expect([reply.status, reply.code], bad).toEqual([400, "TAG_INVALID"]);
  }
  expect((await server.call("GET", "/v2/a/tags/list")).code).toBe("NAME_UNKNOWN");
});

test("[server/O5] a manifest with a subject answers with it, whether it exists or not", async () => {
  const server = await useRegistry();
  await server.pushBlob("a", EMPTY_JSON);
  const subject = imageManifest({ annotations: { the: "subject" } });
  const referrer = imageManifest({ subject: subject.descriptor });
  const index = indexManifest([], { subject: subject.descriptor, artifactType: "application/x" });
  const once = async (): Promise<void> => {
    for (const { bytes, digest, mediaType } of [referrer, index]) {
      for (const reference of [digest, "tag"]) {
        const reply = await server.call("PUT", `/v2/a/manifests/${reference}`, { body: bytes, headers: { "content-type": mediaType } });
        expect([reply.status, reply.headers["oci-subject"]]).toEqual([201, subject.digest]);
      }
    }
  };
  await once();
  await server.pushManifest("a", "subject", subject);
  await once();
});

test("[server/A9,O23] DELETE by digest takes the tags along, by tag only the tag", async () => {
  const server = await useRegistry();
  const image = imageManifest();
  await server.pushImage("a", image, "1", "2", "3");
  const byTag = await server.call("DELETE", "/v2/a/manifests/1");
  expect([byTag.status, byTag.headers["content-length"]]).toEqual([202, "0"]);
  expect((await server.call("GET", "/v2/a/manifests/1")).code).toBe("MANIFEST_UNKNOWN");
  const again = await server.call("DELETE", "/v2/a/manifests/1");
  expect([again.status, again.code, again.detail]).toEqual([404, "MANIFEST_UNKNOWN", "unknown tag=1"]);
  expect(await tagsOf(server)).toEqual(["2", "3"]);
  expect((await server.call("DELETE", `/v2/a/manifests/${image.digest}`)).status).toBe(202);
  for (const reference of ["2", "3", image.digest])
    expect((await server.call("GET", `/v2/a/manifests/${reference}`)).status, reference).toBe(404);
  const gone = await server.call("DELETE", `/v2/a/manifests/${image.digest}`);
  expect([gone.status, gone.code, gone.detail]).toEqual([404, "MANIFEST_UNKNOWN", `unknown manifest name=a revision=${image.digest}`]);
  expect(await tagsOf(server)).toEqual([]);
});

test("[server/A9,O23,D7] deletes that are switched off are 405", async () => {
  const server = await useRegistry({ deletes: false });
  const image = imageManifest();
  await server.pushImage("a", image, "1");
  for (const reference of ["1", image.digest, absentDigest()]) {
    const reply = await server.call("DELETE", `/v2/a/manifests/${reference}`);
    expect([reply.status, reply.code], reference).toEqual([405, "UNSUPPORTED"]);
  }
  expect(await tagsOf(server)).toEqual(["1"]);
});

test("[server/A10] deleting an index keeps its children", async () => {
  const server = await useRegistry();
  const child = imageManifest();
  await server.pushImage("a", child);
  const index = indexManifest([child.descriptor]);
  await server.pushManifest("a", "list", index);
  expect((await server.call("DELETE", `/v2/a/manifests/${index.digest}`)).status).toBe(202);
  expect((await server.call("GET", `/v2/a/manifests/${child.digest}`)).status).toBe(200);
});

test("[server/O23] no reader ever finds a tag in the list whose manifest is gone", async () => {
  const server = await useRegistry();
  const image = imageManifest();
  await server.pushImage("a", image);
  for (let round = 0; round < 10; round++) {
    await server.pushManifest("a", "flip", image);
    const deleting = server.call("DELETE", "/v2/a/manifests/flip");
    const checks = Array.from({ length: 5 }, async () => {
      const before = await tagsOf(server);
      const { status } = await server.call("HEAD", "/v2/a/manifests/flip");
      const after = await tagsOf(server);
      // gone from one answer on means gone from all later ones
      if (status === 404) expect(after).toEqual([]);
      if (Array.isArray(before) && before.length === 0) expect(status).toBe(404);
    });
    await Promise.all([deleting, ...checks]);
  }
});

test("[server/O22,M2] bytes come back exactly as they were pushed, whatever is in them", async () => {
  const server = await useRegistry();
  await server.pushBlob("a", EMPTY_JSON);
  const empty = { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(EMPTY_JSON), size: 2, data: "e30=" };
  const child = imageManifest({ config: empty, layers: [empty], artifactType: "application/x" });
  const nested = indexManifest([child.descriptor]);
  const fixtures = [
    child,
    imageManifest({ layers: [] }),
    imageManifest({ extra: { customFields: { deep: [1, { x: null }] }, "weird \u2028 key": "ü" } }),
    indexManifest([]),
    nested,
    indexManifest([nested.descriptor, child.descriptor], { artifactType: "application/y", annotations: { a: "b" } }),
    { ...imageManifest(), bytes: Buffer.from(`\n \t${imageManifest().bytes.toString()}\r\n\n`) },
  ];
  for (const { bytes, mediaType } of fixtures) {
    const digest = digestOf(bytes);
    await server.pushManifest("a", digest, { bytes, mediaType });
    const reply = await server.call("GET", `/v2/a/manifests/${digest}`);
    expect([reply.body.equals(bytes), reply.headers["content-type"]]).toEqual([true, mediaType]);
  }
});
