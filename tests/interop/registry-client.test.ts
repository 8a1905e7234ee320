import {
  connectInsecureRegistry,
  connectRegistry,
  createRegistryClient,
  isUnauthorized,
  quiet,
  type RegistryClient,
  type RegistryClientOptions,
} from "@berth/client";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { blobFixture, imageManifest, indexManifest } from "@berth/testkit/images";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type RunningServer, type Server, SERVERS } from "./support/servers.ts";

const CONFIG = blobFixture(
  MEDIA_TYPES.dockerConfig,
  Buffer.from(`{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}`),
);
const IMAGE = imageManifest({ mediaType: MEDIA_TYPES.dockerManifest, config: CONFIG.descriptor });
const LIST = indexManifest([{ ...IMAGE.descriptor, platform: { os: "linux", architecture: "amd64" } }], {
  mediaType: MEDIA_TYPES.dockerManifestList,
});

for (const server of SERVERS.filter(({ name }) => !name.endsWith(", mutual TLS"))) {
  describeWithParts(`registry client, ${server.name}`, server.needs, () => describeClient(server));
}

function describeClient(server: Server): void {
  let running: RunningServer;
  let client: RegistryClient;
  const identity = (): RegistryClientOptions => running.user ?? {};

  beforeAll(async () => {
    running = await server.start();
    client = createRegistryClient(running.url, { ...identity(), insecure: running.tls !== undefined, log: quiet });
  });
  afterAll(async () => {
    await client?.close();
    await running?.stop();
  });

  test("[client/A-2,A-3,A-7] connecting pings: with the right password, and with any certificate only when told so", async () => {
    silenceStderr();
    const { username = "", password = "" } = identity();
    const connect = running.tls === undefined ? connectRegistry : connectInsecureRegistry;
    const connected = await connect(running.url, username, password);
    await connected.close();
    if (running.tls !== undefined)
      await expect(connectRegistry(running.url, username, password)).rejects.toMatchObject({ code: "ERR_NETWORK" });
    if (running.user === undefined) return;
    const wrong: unknown = await connect(running.url, username, "wrong").catch((error: unknown) => error);
    expect(isUnauthorized(wrong)).toBe(true);
  });

  test("[client/A-18,A-19,A-20,A-21] blobs go up and come down", async () => {
    const bytes = Buffer.alloc(300_000, "berth");
    const digest = digestOf(bytes);
    expect(await client.hasBlob("blobs", digest)).toBe(false);
    const getBody = (): AsyncIterable<Uint8Array> => bytesSource(bytes).open();
    await client.uploadBlob("blobs", digest, getBody(), { getBody }); // of unknown size
    expect(await client.hasBlob("blobs", digest)).toBe(true);
    expect(await client.blobMetadata("blobs", digest)).toEqual(descriptorOf(MEDIA_TYPES.octetStream, bytes));
    for (const raw of [false, true]) {
      expect(digestOf(Buffer.concat(await (await client.downloadBlob("blobs", digest, { raw })).toArray()))).toBe(digest);
    }
    await client.uploadBlob("blobs", digestOf(""), "");
    await expect(client.uploadBlob("blobs", digestOf("other"), "this")).rejects.toMatchObject({ status: 400 });
    await expect(client.downloadBlob("blobs", digestOf("other"))).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("[client/A-22,A-24,A-25,A-26,A-28,A-29] manifests go up and come down in their own bytes", async () => {
    await client.uploadBlob("images", CONFIG.descriptor.digest, CONFIG.bytes);
    const digest = await client.putManifestV2("images", "v1", { config: CONFIG.descriptor, layers: [] });
    const image = await client.manifestV2("images", "v1");
    expect(digestOf(image.raw)).toBe(digest);
    expect((await client.manifest("images", "v1")).raw).toEqual(image.raw);
    expect(await client.manifestDescriptor("images", "v1")).toEqual(descriptorOf(MEDIA_TYPES.dockerManifest, image.raw));
    expect(await client.manifestV2Digest("images", "v1")).toBe(digest);
    await client.putManifest("images", "v2", image);
    expect(await client.manifestDigest("images", digest)).toBe(digest);
    const oci = imageManifest({ config: CONFIG.descriptor });
    await client.putManifest("images", "oci", { kind: "other", mediaType: oci.mediaType, raw: oci.bytes, references: [] });
    expect((await client.manifest("images", "oci")).raw).toEqual(oci.bytes);
  });

  test("[client/A-24] a list is read, and the image in it found", async () => {
    await client.uploadBlob("lists", CONFIG.descriptor.digest, CONFIG.bytes);
    await client.putManifest("lists", IMAGE.digest, { kind: "other", mediaType: IMAGE.mediaType, raw: IMAGE.bytes, references: [] });
    await client.putManifest("lists", "v1", { kind: "other", mediaType: LIST.mediaType, raw: LIST.bytes, references: [] });
    expect((await client.manifestList("lists", "v1")).raw).toEqual(LIST.bytes);
    expect((await client.manifestV2("lists", LIST.digest)).raw).toEqual(IMAGE.bytes);
    await expect(client.manifestV1("lists", IMAGE.digest)).rejects.toThrow();
  });

  test("[client/A-16,A-27] repositories and tags are listed, manifests deleted", async () => {
    await client.uploadBlob("deletes", CONFIG.descriptor.digest, CONFIG.bytes);
    const digest = await client.putManifestV2("deletes", "v1", { config: CONFIG.descriptor, layers: [] });
    expect(await client.tags("deletes")).toEqual(["v1"]);
    expect(await client.repositories()).toContain("deletes");
    await client.deleteManifest("deletes", digest);
    await expect(client.manifest("deletes", digest)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    await expect(client.deleteManifest("deletes", digest)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });
}

/** Connecting logs, as docker-registry-client does. */
function silenceStderr(): void {
  const { write } = process.stderr;
  process.stderr.write = () => true;
  onTestFinished(() => {
    process.stderr.write = write;
  });
}
