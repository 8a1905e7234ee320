import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import {
  absentDigest,
  EMPTY_JSON,
  imageManifest,
  indexManifest,
  MALFORMED_DIGESTS,
  type ManifestFixture,
  manifestOf,
} from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";
import type { Reply } from "../testing/reply.test-kit.ts";

async function put(
  server: RegistryServer,
  reference: string,
  { bytes, mediaType }: Pick<ManifestFixture, "bytes" | "mediaType">,
  contentType = mediaType,
): Promise<Reply> {
  return await server.call("PUT", `/v2/a/manifests/${reference}`, {
    body: bytes,
    headers: contentType === "" ? {} : { "content-type": contentType },
  });
}

async function withConfig(options: Parameters<typeof useRegistry>[0] = {}): Promise<RegistryServer> {
  const server = await useRegistry(options);
  await server.pushBlob("a", EMPTY_JSON);
  return server;
}

test("[server/A1,O20] PUT by tag and by digest", async () => {
  const server = await withConfig();
  const image = imageManifest();
  for (const reference of ["1.0", image.digest]) {
    const reply = await put(server, reference, image, `${image.mediaType}; charset=utf-8`);
    expect(
      [reply.status, reply.header("location"), reply.header("docker-content-digest"), reply.headers["content-length"]],
      reference,
    ).toEqual([201, `http://${server.host}/v2/a/manifests/${image.digest}`, image.digest, "0"]);
    expect(reply.headers["oci-subject"]).toBeUndefined();
  }
  expect((await server.call("GET", "/v2/a/manifests/1.0")).headers["content-type"]).toBe(image.mediaType);
});

test("[server/A1,M8,P14] without a content type the content tells it, and an unknown one is refused", async () => {
  const server = await withConfig();
  const { config, layers } = JSON.parse(imageManifest().bytes.toString()) as { config: unknown; layers: unknown };
  expect((await put(server, "declared", imageManifest(), "")).status).toBe(201);
  expect((await put(server, "shape", manifestOf({ schemaVersion: 2, config, layers }, ""))).status).toBe(201);
  expect((await server.call("HEAD", "/v2/a/manifests/shape")).headers["content-type"]).toBe(MEDIA_TYPES.ociManifest);
  for (const type of ["application/json", "text/plain", "nonsense", "application/vnd.oci.image.manifest.v2+json"]) {
    const reply = await put(server, "x", manifestOf({ schemaVersion: 2, config, layers }, type));
    expect([reply.status, reply.code], type).toEqual([400, "MANIFEST_INVALID"]);
  }
  expect((await put(server, "x", manifestOf({ hello: 1 }, ""))).code).toBe("MANIFEST_INVALID");
});

test("[server/M10] other types are taken when they are allowed", async () => {
  const type = "application/vnd.example.thing.v1+json";
  const server = await useRegistry({ policy: { acceptedMediaTypes: new Set([type]) } });
  const thing = { bytes: Buffer.from("any bytes at all"), mediaType: type };
  expect((await put(server, "x", thing)).status).toBe(201);
  const got = await server.call("GET", "/v2/a/manifests/x");
  expect([got.headers["content-type"], got.text]).toEqual([type, "any bytes at all"]);
  expect((await put(server, "y", indexManifest([]))).code).toBe("MANIFEST_INVALID");
});

test("[server/A2] content that is not that of the digest in the path is 400, and nothing is stored", async () => {
  const server = await withConfig();
  const reply = await put(server, absentDigest(), imageManifest());
  expect([reply.status, reply.code]).toEqual([400, "DIGEST_INVALID"]);
  expect((await server.call("GET", `/v2/a/manifests/${imageManifest().digest}`)).status).toBe(404);
});

test("[server/A2,O3,M2] sha512 and sha384 references are verified, kept and served under that digest", async () => {
  const server = await withConfig();
  const image = imageManifest();
  for (const algorithm of ["sha512", "sha384"] as const) {
    const digest = digestOf(image.bytes, algorithm);
    const reply = await put(server, `${digest}?tag=by-${algorithm}`, image);
    expect([reply.status, reply.headers["docker-content-digest"], reply.location]).toEqual([201, digest, `/v2/a/manifests/${digest}`]);
    for (const reference of [digest, `by-${algorithm}`]) {
      for (const method of ["GET", "HEAD"]) {
        const got = await server.call(method, `/v2/a/manifests/${reference}`);
        expect([got.status, got.headers["docker-content-digest"], got.headers["etag"]]).toEqual([200, digest, `"${digest}"`]);
      }
    }
    expect((await put(server, absentDigest(0, algorithm), image)).code).toBe("DIGEST_INVALID");
    expect((await server.call("DELETE", `/v2/a/manifests/${digest}`)).status).toBe(202);
    expect((await server.call("GET", `/v2/a/manifests/by-${algorithm}`)).status).toBe(404);
  }
});

test("[server/O4,L12] a digest that is malformed or of an unknown algorithm is 400 for every method", async () => {
  const server = await withConfig();
  for (const digest of MALFORMED_DIGESTS) {
    for (const method of ["GET", "DELETE"]) {
      const reply = await server.call(method, `/v2/a/manifests/${digest}`);
      expect([reply.status, reply.code], `${method} ${digest}`).toEqual([400, "DIGEST_INVALID"]);
    }
    expect((await server.call("HEAD", `/v2/a/manifests/${digest}`)).status).toBe(400);
    expect((await put(server, digest, imageManifest())).code).toBe("DIGEST_INVALID");
  }
});

test("[server/A3] what is no manifest is 400", async () => {
  const server = await withConfig();
  const bodies = [
    "",
    "{",
    "[]",
    "null",
    '"x"',
    "{}",
    '{"schemaVersion":1}',
    '{"schemaVersion":2}',
    "\u0000",
    '{"schemaVersion":2,"config":5,"layers":[]}',
  ];
  for (const body of bodies) {
    const reply = await put(server, "x", { bytes: Buffer.from(body), mediaType: MEDIA_TYPES.ociManifest });
    expect([reply.status, reply.code], body).toEqual([400, "MANIFEST_INVALID"]);
  }
  const invalidUtf8 = await put(server, "x", { bytes: Buffer.from([0x7b, 0xff, 0x7d]), mediaType: MEDIA_TYPES.ociManifest });
  expect(invalidUtf8.code).toBe("MANIFEST_INVALID");
});

test("[server/A3,O13] 4 MiB are taken, one byte more is 413 however it is sent", async () => {
  const server = await withConfig();
  const bare = imageManifest({ annotations: { filler: "" } }).bytes.byteLength;
  const exact = imageManifest({ annotations: { filler: "x".repeat((4 << 20) - bare) } });
  expect(exact.bytes.byteLength).toBe(4 << 20);
  expect((await put(server, "large", exact)).status).toBe(201);
  expect((await server.call("GET", "/v2/a/manifests/large")).body.equals(exact.bytes)).toBe(true);
  const over = imageManifest({ annotations: { filler: "x".repeat((4 << 20) - bare + 1) } });
  const headers = { "content-type": over.mediaType };
  for (const sent of [{ body: over.bytes }, { chunks: [over.bytes.subarray(0, 1 << 20), over.bytes.subarray(1 << 20)] }]) {
    const reply = await server.call("PUT", "/v2/a/manifests/over", { ...sent, headers });
    expect([reply.status, reply.code]).toEqual([413, "SIZE_INVALID"]);
  }
  expect((await server.call("HEAD", "/v2/a/manifests/over")).status).toBe(404);
});

test("[server/A4,O24,D8,M5] everything that is missing is listed, config first, but the subject may be absent", async () => {
  const server = await useRegistry();
  const layer = (seed: number) => ({ mediaType: MEDIA_TYPES.ociLayer, digest: absentDigest(seed), size: 1 });
  const image = imageManifest({ layers: [layer(1), layer(2)], subject: { ...layer(3), mediaType: MEDIA_TYPES.ociManifest } });
  const reply = await put(server, "x", image);
  expect(reply.status).toBe(400);
  expect(reply.errors.map(({ code, detail }) => [code, detail])).toEqual([
    ["MANIFEST_BLOB_UNKNOWN", digestOf(EMPTY_JSON)],
    ["MANIFEST_BLOB_UNKNOWN", absentDigest(1)],
    ["MANIFEST_BLOB_UNKNOWN", absentDigest(2)],
  ]);
  expect((await server.call("HEAD", "/v2/a/manifests/x")).status).toBe(404);
});

test("[server/A4,O24] missing content is taken when the policy says so", async () => {
  const server = await useRegistry({ policy: { allowMissing: true, requiredChildren: "none" } });
  const missing = { mediaType: MEDIA_TYPES.ociLayer, digest: absentDigest(), size: 1 };
  expect((await put(server, "image", imageManifest({ layers: [missing] }))).status).toBe(201);
  expect((await put(server, "index", indexManifest([{ ...missing, mediaType: MEDIA_TYPES.ociManifest }]))).status).toBe(201);
});

test("[server/A4,D1] children of an index must exist, as far as the policy asks", async () => {
  const child = (platform?: { os: string; architecture: string }) => ({
    mediaType: MEDIA_TYPES.ociManifest,
    digest: absentDigest(9),
    size: 1,
    ...(platform ? { platform } : {}),
  });
  const amd64 = indexManifest([child({ os: "linux", architecture: "amd64" })]);
  const arm64 = indexManifest([child({ os: "linux", architecture: "arm64" })]);
  const bare = indexManifest([child()]);
  const statuses = async (
    requiredChildren: "all" | "none" | readonly { os: string; architecture: string }[],
  ): Promise<readonly number[]> => {
    const server = await useRegistry({ policy: { requiredChildren } });
    return [(await put(server, "x", amd64)).status, (await put(server, "x", arm64)).status, (await put(server, "x", bare)).status];
  };
  expect(await statuses("all")).toEqual([400, 400, 400]);
  expect(await statuses("none")).toEqual([201, 201, 201]);
  expect(await statuses([])).toEqual([400, 400, 400]);
  expect(await statuses([{ os: "linux", architecture: "amd64" }])).toEqual([400, 201, 201]);
});

test("[server/A4] an index may list blobs, as caches of BuildKit do; they must exist", async () => {
  const server = await useRegistry();
  const entries = [
    { mediaType: MEDIA_TYPES.ociLayerGzip, digest: await server.pushBlob("a", "layer"), size: 5 },
    { mediaType: "application/vnd.buildkit.cacheconfig.v0", digest: await server.pushBlob("a", "{}"), size: 2 },
  ];
  expect((await put(server, "cache", indexManifest(entries))).status).toBe(201);
  const missing = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: absentDigest(), size: 1 };
  const reply = await put(server, "cache", indexManifest([...entries, missing]));
  expect([reply.status, reply.code]).toEqual([400, "MANIFEST_BLOB_UNKNOWN"]);
});

test("[server/A10,D9] a PUT of the same bytes again moves the tag and keeps the old manifest", async () => {
  const server = await withConfig();
  const [one, two] = [imageManifest({ annotations: { n: "1" } }), imageManifest({ annotations: { n: "2" } })];
  for (const image of [one, two, one, one]) {
    expect((await put(server, "latest", image)).status).toBe(201);
    expect((await server.call("HEAD", "/v2/a/manifests/latest")).headers["docker-content-digest"]).toBe(image.digest);
  }
  expect((await server.call("GET", `/v2/a/manifests/${two.digest}`)).status).toBe(200);
});

test("[server/B5,O11] external layers need not exist; their addresses are checked", async () => {
  const urls = async (
    policy: { allow?: RegExp; deny?: RegExp },
    list: readonly string[],
    type: string = MEDIA_TYPES.ociForeignLayer,
  ): Promise<readonly (number | string | undefined)[]> => {
    const server = await withConfig({ policy: { urls: policy } });
    const layer = { mediaType: type, digest: absentDigest(), size: 1, urls: list };
    const reply = await put(server, "x", imageManifest({ layers: [layer] }));
    if (reply.status === 201) expect((await server.call("GET", "/v2/a/tags/list")).json).toEqual({ name: "a", tags: ["x"] });
    return [reply.status, reply.code];
  };
  const fine = ["https://example.com/layer"];
  expect(await urls({}, fine)).toEqual([201, undefined]);
  expect(await urls({}, fine, MEDIA_TYPES.dockerForeignLayerGzip)).toEqual([201, undefined]);
  expect(await urls({}, fine, MEDIA_TYPES.ociLayer)).toEqual([400, "MANIFEST_BLOB_UNKNOWN"]);
  expect(await urls({}, [])).toEqual([400, "MANIFEST_BLOB_UNKNOWN"]);
  for (const url of ["ftp://example.com/x", "https://example.com/x#part", "file:///etc/passwd", "nonsense", "javascript:alert(1)"]) {
    expect(await urls({}, [url]), url).toEqual([400, "MANIFEST_INVALID"]);
  }
  expect(await urls({ allow: /^https:\/\/example\.com\// }, fine)).toEqual([201, undefined]);
  expect(await urls({ allow: /^https:\/\/other\.com\// }, fine)).toEqual([400, "MANIFEST_INVALID"]);
  expect(await urls({ deny: /example/ }, fine)).toEqual([400, "MANIFEST_INVALID"]);
});

test("[server/M3,M4] bodies that contradict their type are refused", async () => {
  const server = await withConfig();
  const image = JSON.parse(imageManifest().bytes.toString()) as Record<string, unknown>;
  const refused: readonly [string, ManifestFixture][] = [
    ["another mediaType in the body", manifestOf({ ...image, mediaType: MEDIA_TYPES.ociIndex }, MEDIA_TYPES.ociManifest)],
    ["an image with manifests", manifestOf({ ...image, manifests: [] }, MEDIA_TYPES.ociManifest)],
    ["an image with MANIFESTS", manifestOf({ ...image, MANIFESTS: [] }, MEDIA_TYPES.ociManifest)],
    ["an index with layers", indexManifest([], { extra: { layers: [] } })],
    ["an index with config", indexManifest([], { extra: { config: image["config"] } })],
    ["a Docker list with layers", indexManifest([], { mediaType: MEDIA_TYPES.dockerManifestList, extra: { layers: [] } })],
    ["a Docker manifest without mediaType", manifestOf({ ...image, mediaType: undefined }, MEDIA_TYPES.dockerManifest)],
    ["an index without manifests", manifestOf({ schemaVersion: 2 }, MEDIA_TYPES.ociIndex)],
  ];
  for (const [what, fixture] of refused) {
    const reply = await put(server, "x", fixture);
    expect([reply.status, reply.code], what).toEqual([400, "MANIFEST_INVALID"]);
  }
  expect((await put(server, "x", manifestOf({ ...image, mediaType: undefined }, MEDIA_TYPES.ociManifest))).status).toBe(201);
});

test("[server/M9] schema 1 is refused unless it is switched on", async () => {
  const schema1 = {
    bytes: Buffer.from('{"schemaVersion":1,"name":"a","tag":"x","architecture":"amd64","fsLayers":[],"history":[]}'),
    mediaType: MEDIA_TYPES.dockerSchema1,
  };
  const reply = await put(await useRegistry(), "x", schema1);
  expect([reply.status, reply.code]).toEqual([400, "MANIFEST_INVALID"]);
  expect(reply.detail).toMatch(/version 1/);
});
