import { MEDIA_TYPES } from "@berth/oci";
import { expect, test } from "vitest";
import { absentDigest, EMPTY_JSON, imageManifest, indexManifest } from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";

async function withImage(options: Parameters<typeof useRegistry>[0] = {}): Promise<RegistryServer> {
  const server = await useRegistry(options);
  await server.pushImage("a", imageManifest(), "1");
  return server;
}

test("[server/A5,O20] GET and HEAD carry type, length, digest and tag", async () => {
  const server = await withImage();
  const { bytes, digest, mediaType } = imageManifest();
  for (const reference of ["1", digest]) {
    const expected = {
      "content-type": mediaType,
      "content-length": String(bytes.byteLength),
      "docker-content-digest": digest,
      etag: `"${digest}"`,
    };
    const get = await server.call("GET", `/v2/a/manifests/${reference}`);
    expect([get.status, get.body.equals(bytes)]).toEqual([200, true]);
    expect(get.headers).toMatchObject(expected);
    const head = await server.call("HEAD", `/v2/a/manifests/${reference}`);
    expect([head.status, head.body.byteLength]).toEqual([200, 0]);
    expect(head.headers).toMatchObject(expected);
  }
});

test("[server/A5] a client that has the content gets 304", async () => {
  const server = await withImage();
  const { digest } = imageManifest();
  for (const value of [`"${digest}"`, digest, "*"]) {
    for (const method of ["GET", "HEAD"]) {
      const reply = await server.call(method, "/v2/a/manifests/1", { headers: { "if-none-match": value } });
      expect([reply.status, reply.body.byteLength, reply.headers["docker-content-digest"]]).toEqual([304, 0, digest]);
    }
  }
  expect((await server.call("GET", "/v2/a/manifests/1", { headers: { "if-none-match": `"${absentDigest()}"` } })).status).toBe(200);
});

test("[server/A6] Accept never hides what is stored", async () => {
  const server = await withImage();
  for (const accept of [undefined, "*/*", "application/*", "application/json", "text/html;q=0.9", MEDIA_TYPES.dockerManifest, "nonsense"]) {
    const reply = await server.call("GET", "/v2/a/manifests/1", { headers: accept === undefined ? {} : { accept } });
    expect([reply.status, reply.headers["content-type"]], accept).toEqual([200, MEDIA_TYPES.ociManifest]);
  }
});

test("[server/A6] strict Accept gives 404 for types that are not accepted", async () => {
  const server = await withImage({ http: { strictAccept: true } });
  const status = async (accept?: string): Promise<number> =>
    (await server.call("GET", "/v2/a/manifests/1", { headers: accept === undefined ? {} : { accept } })).status;
  expect([await status(), await status("*/*"), await status("application/*"), await status(MEDIA_TYPES.ociManifest)]).toEqual([
    200, 200, 200, 200,
  ]);
  expect([await status(MEDIA_TYPES.dockerManifest), await status(`${MEDIA_TYPES.ociManifest};q=0`)]).toEqual([404, 404]);
  const refused = await server.call("GET", "/v2/a/manifests/1", { headers: { accept: "text/html" } });
  expect(refused.code).toBe("MANIFEST_UNKNOWN");
});

test("[server/A7] a client that knows no lists gets the linux/amd64 child of a Docker list by tag", async () => {
  const server = await useRegistry();
  await server.pushBlob("a", EMPTY_JSON);
  const [amd64, arm64] = [
    imageManifest({ mediaType: MEDIA_TYPES.dockerManifest, annotations: { x: "1" } }),
    imageManifest({ mediaType: MEDIA_TYPES.dockerManifest }),
  ];
  await server.pushManifest("a", amd64.digest, amd64);
  await server.pushManifest("a", arm64.digest, arm64);
  const entries = [
    { ...arm64.descriptor, platform: { os: "linux", architecture: "arm64" } },
    { ...amd64.descriptor, platform: { os: "linux", architecture: "amd64" } },
  ];
  const list = indexManifest(entries, { mediaType: MEDIA_TYPES.dockerManifestList });
  await server.pushManifest("a", "list", list);
  await server.pushManifest("a", "oci", indexManifest(entries));
  const ask = async (reference: string, accept?: string): Promise<unknown> => {
    const replies = await Promise.all(
      ["GET", "HEAD"].map((method) =>
        server.call(method, `/v2/a/manifests/${reference}`, { headers: accept === undefined ? {} : { accept } }),
      ),
    );
    const [get, head] = replies.map(({ headers }) => headers["docker-content-digest"]);
    expect(head).toBe(get);
    return get;
  };
  expect(await ask("list", MEDIA_TYPES.dockerManifest)).toBe(amd64.digest);
  for (const accept of [undefined, "*/*", `${MEDIA_TYPES.dockerManifest}, ${MEDIA_TYPES.dockerManifestList}`, MEDIA_TYPES.ociIndex])
    expect(await ask("list", accept), accept).toBe(list.digest);
  expect(await ask(list.digest, MEDIA_TYPES.dockerManifest)).toBe(list.digest);
  expect(await ask("oci", MEDIA_TYPES.dockerManifest)).toBe(indexManifest(entries).digest);

  const without = await useRegistry({ http: { legacyPlatform: false }, policy: { requiredChildren: "none" } });
  await without.pushManifest("a", "list", list);
  expect(
    (await without.call("GET", "/v2/a/manifests/list", { headers: { accept: MEDIA_TYPES.dockerManifest } })).headers[
      "docker-content-digest"
    ],
  ).toBe(list.digest);
});

test("[server/A8,P3] an unknown tag or digest is 404 with its detail; HEAD is the same without a body", async () => {
  const server = await withImage();
  for (const [reference, detail] of [
    ["nope", "unknown tag=nope"],
    [absentDigest(), `unknown manifest name=a revision=${absentDigest()}`],
  ] as const) {
    const reply = await server.call("GET", `/v2/a/manifests/${reference}`);
    expect([reply.status, reply.code, reply.detail]).toEqual([404, "MANIFEST_UNKNOWN", detail]);
    const head = await server.call("HEAD", `/v2/a/manifests/${reference}`);
    expect([head.status, head.body.byteLength, head.headers["content-length"]]).toEqual([404, 0, String(reply.body.byteLength)]);
  }
  expect((await server.call("GET", "/v2/unknown/repository/manifests/1")).code).toBe("MANIFEST_UNKNOWN");
});

test("[server/M7] entries of a Docker list need a platform, those of an index do not", async () => {
  const server = await withImage();
  const entry = imageManifest().descriptor;
  const put = async (mediaType: string): Promise<number> => {
    const { bytes } = indexManifest([entry], { mediaType });
    return (await server.call("PUT", "/v2/a/manifests/x", { body: bytes, headers: { "content-type": mediaType } })).status;
  };
  expect([await put(MEDIA_TYPES.dockerManifestList), await put(MEDIA_TYPES.ociIndex)]).toEqual([400, 201]);
});
