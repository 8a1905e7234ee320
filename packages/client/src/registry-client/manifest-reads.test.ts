import { isDigest, type Manifest, MEDIA_TYPES, UnsupportedError } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { EMPTY_JSON, imageManifest, indexManifest, manifestOf } from "@berth/testkit/images";
import { type ScriptedRegistry, type ScriptedReply, scriptManifests } from "@berth/testkit/scripted";
import { beforeEach, expect, test } from "vitest";
import { ProtocolError } from "../errors.ts";
import type { RegistryClientOptions } from "./options.ts";
import { clientOf, DIGEST, OTHER, startRegistry } from "./registry-client.test-kit.ts";
import type { RegistryClient } from "./registry-client.ts";

let registry: ScriptedRegistry;

beforeEach(async () => {
  registry = await startRegistry();
});

function open(options: RegistryClientOptions = {}, path = ""): RegistryClient {
  return clientOf(registry, options, path);
}

const image = imageManifest({ mediaType: MEDIA_TYPES.dockerManifest });
const schema1 = manifestOf(
  {
    schemaVersion: 1,
    name: "a",
    tag: "v1",
    architecture: "amd64",
    fsLayers: [{ blobSum: DIGEST }],
    history: [{ v1Compatibility: "{}" }],
  },
  MEDIA_TYPES.dockerSchema1,
);
const path = "/v2/a/manifests/v1";
const serve = ({ bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType: string }): ScriptedReply => ({
  headers: { "content-type": mediaType },
  body: bytes,
});

function listOf(...platforms: readonly (readonly [os: string, architecture: string])[]): ReturnType<typeof indexManifest> {
  const entries = platforms.map(([os, architecture]) => ({ ...imageOf(os, architecture).descriptor, platform: { os, architecture } }));
  return indexManifest(entries, { mediaType: MEDIA_TYPES.dockerManifestList });
}

function imageOf(os: string, architecture: string): ReturnType<typeof imageManifest> {
  return imageManifest({
    mediaType: MEDIA_TYPES.dockerManifest,
    layers: [descriptorOf(MEDIA_TYPES.dockerLayerGzip, Buffer.from(os + architecture))],
  });
}

test("[client/A-22] manifest() asks for Docker's types in order and keeps the bytes", async () => {
  registry.on("GET", path, serve(image), serve(schema1));
  const client = open();
  const manifest = await client.manifest("a", "v1");
  expect([manifest.kind, digestOf(manifest.raw)]).toEqual(["image", image.digest]);
  expect((await client.manifest("a", "v1")).kind).toBe("schema1");
  const accepted = registry.requests[0]?.headers["accept"]?.split(", ").slice(0, 3);
  expect(accepted).toEqual([MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerSchema1Signed, MEDIA_TYPES.dockerSchema1]);
});

test("[client/A-23] the type must be one asked for, or a list; parameters do not count, the body must agree", async () => {
  const list = listOf(["linux", "amd64"]);
  const oci = imageManifest();
  registry.on(
    "GET",
    path,
    serve({ ...image, mediaType: `${image.mediaType}; charset=utf-8` }),
    serve(list),
    serve(oci),
    serve({ ...image, mediaType: "text/plain" }),
    serve({ ...image, mediaType: MEDIA_TYPES.dockerManifestList }),
  );
  const client = open();
  const read = async (): Promise<string> => (await client.manifest("a", "v1")).mediaType;
  expect([await read(), await read(), await read()]).toEqual([image.mediaType, list.mediaType, oci.mediaType]);
  await expect(read()).rejects.toThrow(/"text\/plain", expected "application\/vnd\.docker/);
  await expect(read()).rejects.toMatchObject({ code: "ERR_INVALID_MANIFEST" });
});

test("[client/A-24] manifestV1(), manifestV2() and manifestList() ask for one family and refuse the others", async () => {
  const list = listOf(["linux", "amd64"]);
  const client = open();
  registry.on("GET", path, serve(schema1), serve(image));
  expect((await client.manifestV1("a", "v1")).kind).toBe("schema1");
  await expect(client.manifestV1("a", "v1")).rejects.toThrow(ProtocolError);
  registry.on("GET", path, serve(list), serve(image));
  expect((await client.manifestList("a", "v1")).raw).toEqual(list.bytes);
  await expect(client.manifestList("a", "v1")).rejects.toThrow(ProtocolError);
  registry.on("GET", path, serve(image), serve(schema1));
  expect((await client.manifestV2("a", "v1")).raw).toEqual(image.bytes);
  await expect(client.manifestV2("a", "v1")).rejects.toThrow(ProtocolError);
  await expect((registry.on("GET", path, serve(list)), client.manifestV1("a", "v1"))).rejects.toThrow(UnsupportedError);
  const asked = registry.requests.map((request) => request.headers["accept"]);
  expect(new Set(asked)).toEqual(
    new Set([
      `${MEDIA_TYPES.dockerSchema1Signed}, ${MEDIA_TYPES.dockerSchema1}`,
      MEDIA_TYPES.dockerManifestList,
      MEDIA_TYPES.dockerManifest,
    ]),
  );
});

test("[client/A-24] manifestV2() takes linux/amd64 of a list whatever its case, another platform on demand, else the first", async () => {
  const manifests = scriptManifests(registry, "a");
  const put = (list: ReturnType<typeof indexManifest>): string => manifests.put("v1", list.bytes, list.mediaType);
  for (const [os, architecture] of [
    ["windows", "amd64"],
    ["Linux", "AMD64"],
    ["linux", "arm64"],
  ] as const) {
    const one = imageOf(os, architecture);
    manifests.put(one.digest, one.bytes, one.mediaType);
  }
  const client = open();
  const digest = put(listOf(["windows", "amd64"], ["Linux", "AMD64"], ["linux", "arm64"]));
  const read = async (options?: Parameters<RegistryClient["manifestV2"]>[2]): Promise<string> =>
    digestOf((await client.manifestV2("a", digest, options)).raw);
  expect(await read()).toBe(imageOf("Linux", "AMD64").digest);
  expect(await read({ platform: { os: "linux", architecture: "arm64" } })).toBe(imageOf("linux", "arm64").digest);
  expect(await read({ platform: { os: "plan9", architecture: "mips" } })).toBe(imageOf("windows", "amd64").digest);
});

test("[client/A-24] manifestV2() fails on an empty list, and on lists without end", async () => {
  const client = open();
  registry.on("GET", path, serve(listOf()));
  await expect(client.manifestV2("a", "v1")).rejects.toThrow("the list is empty");
  let inner = listOf(["linux", "amd64"]);
  const manifests = scriptManifests(registry, "a");
  for (let depth = 0; depth < 6; depth++) {
    manifests.put(inner.digest, inner.bytes, inner.mediaType);
    inner = indexManifest([{ ...inner.descriptor, platform: { os: "linux", architecture: "amd64" } }], {
      mediaType: MEDIA_TYPES.dockerManifestList,
    });
  }
  manifests.put("v1", inner.bytes, inner.mediaType);
  await expect(client.manifestV2("a", "v1")).rejects.toThrow("lists are nested deeper than 4 levels");
});

test("[client/A-25] manifestDescriptor() is one HEAD, and a GET where that says too little", async () => {
  const full = {
    "content-type": image.mediaType,
    "content-length": String(image.bytes.byteLength),
    "docker-content-digest": image.digest,
  };
  registry.on("HEAD", path, { headers: full }, { headers: { "content-type": image.mediaType } }).on("GET", path, serve(image));
  const client = open();
  expect(await client.manifestDescriptor("a", "v1")).toEqual(image.descriptor);
  expect(registry.journal()).toEqual([`HEAD ${path}`]);
  expect(await client.manifestDescriptor("a", "v1")).toEqual(image.descriptor);
  const accepted = registry.requests[0]?.headers["accept"]?.split(", ").slice(0, 4);
  expect(accepted).toEqual([
    MEDIA_TYPES.dockerManifestList,
    MEDIA_TYPES.dockerManifest,
    MEDIA_TYPES.dockerSchema1Signed,
    MEDIA_TYPES.dockerSchema1,
  ]);
});

test("[client/A-26] manifestDigest() names no type, manifestV2Digest() one; the header must be there and be a digest", async () => {
  const named = (value: string): ScriptedReply => ({ headers: { "docker-content-digest": value } });
  registry.on("HEAD", path, named(OTHER), named(DIGEST), {}, named("sha256:1"), { status: 404 });
  const client = open();
  expect([await client.manifestDigest("a", "v1"), await client.manifestV2Digest("a", "v1")]).toEqual([OTHER, DIGEST]);
  expect(registry.requests.map((request) => request.headers["accept"])).toEqual([undefined, MEDIA_TYPES.dockerManifest]);
  await expect(client.manifestDigest("a", "v1")).rejects.toThrow(ProtocolError);
  await expect(client.manifestDigest("a", "v1")).rejects.toThrow(ProtocolError);
  await expect(client.manifestDigest("a", "v1")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});

test("[client/A-27] deleteManifest() tells a missing manifest from deletes that are switched off", async () => {
  const manifests = scriptManifests(registry, "a");
  manifests.put("v1", image.bytes, image.mediaType);
  const client = open();
  await client.deleteManifest("a", image.digest);
  expect(manifests.byDigest.size).toBe(0);
  await expect(client.deleteManifest("a", image.digest)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  manifests.put("v1", image.bytes, image.mediaType);
  registry.on("DELETE", `/v2/a/manifests/${image.digest}`, { status: 200 }, { status: 405 });
  await client.deleteManifest("a", image.digest);
  await expect(client.deleteManifest("a", image.digest)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
});

test("[client/A-28] putManifest() sends the bytes that it was given", async () => {
  const manifests = scriptManifests(registry, "a");
  const odd = Buffer.from(image.bytes.toString().replaceAll("\n", "\n\n"));
  const manifest: Manifest = { kind: "other", mediaType: image.mediaType, raw: odd, references: [] };
  await open().putManifest("a", "v1", manifest);
  expect(registry.requests.find((request) => request.method === "PUT")?.body).toEqual(odd);
  expect(manifests.tags.get("v1")).toBe(digestOf(odd));
});

test("[client/A-29] putManifestV2() writes the manifest, fills in its type and gives its digest", async () => {
  const manifests = scriptManifests(registry, "a");
  const config = descriptorOf(MEDIA_TYPES.dockerConfig, EMPTY_JSON);
  const digest = await open().putManifestV2("a", "v1", { mediaType: "", config, layers: [] });
  expect(isDigest(digest)).toBe(true);
  expect(manifests.tags.get("v1")).toBe(digest);
  expect(manifests.json("v1")).toEqual({ schemaVersion: 2, mediaType: MEDIA_TYPES.dockerManifest, config, layers: [] });
  await expect(open().putManifestV2("a", "v1", { mediaType: MEDIA_TYPES.ociManifest, config, layers: [] })).rejects.toMatchObject({
    code: "ERR_INVALID_MANIFEST",
  });
});
