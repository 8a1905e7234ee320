import { createHash } from "node:crypto";
import { finished } from "node:stream/promises";
import {
  createRemoteRegistry,
  createRemoteRepository,
  isNotFound,
  type RemoteRegistry,
  type RegistryOptions,
  type StackConnectionOptions,
} from "@berth/client";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { blobFixture, EMPTY_JSON, imageManifest, indexManifest, Random } from "@berth/testkit/images";
import { expect, onTestFinished, test } from "vitest";
import { startHangingUpProxy } from "./support/hanging-up-proxy.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

// What only a real server shows, and is the same for all of them: see servers.test.ts for the others.

const MIB = 2 ** 20;
const CONFIG = blobFixture(MEDIA_TYPES.ociEmpty, EMPTY_JSON);

interface Setting {
  readonly server: OwnRegistry;
  readonly registry: RemoteRegistry;
  /** `METHOD target` of each request that the client sent. */
  readonly sent: string[];
}

async function start(options: RegistryOptions & StackConnectionOptions = {}): Promise<Setting> {
  const server = await startOwnRegistry();
  onTestFinished(() => server.close());
  const sent: string[] = [];
  const hooks = {
    onRequest: ({ method, url }: { readonly method: string; readonly url: string }) =>
      void sent.push(`${method} ${url.replace(/^[a-z]+:\/\/[^/]+/, "")}`),
  };
  return { server, registry: createRemoteRegistry(server.host, { plainHttp: true, hooks, ...options }), sent };
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(source)).toString();
}

test("[client/C-24] our server on this machine is found to speak plain HTTP", async () => {
  const { server } = await start();
  await createRemoteRegistry(server.host).ping();
});

test("[client/X-6] blobs and manifests go by sha384 and sha512 all the way", async () => {
  const { registry } = await start();
  const repository = registry.repository("a/b");
  for (const algorithm of ["sha384", "sha512"] as const) {
    const blob = descriptorOf(undefined, Buffer.from("hello"), algorithm);
    await repository.push(blob, "hello");
    expect(await repository.blobs.stat(blob.digest)).toEqual(blob);
    expect(await textOf(await repository.fetch(blob))).toBe("hello");
    const image = imageManifest({ config: { mediaType: MEDIA_TYPES.ociConfig, digest: blob.digest, size: blob.size } });
    const manifest = descriptorOf(image.descriptor.mediaType, image.bytes, algorithm);
    await repository.pushReference(manifest, image.bytes, `v-${algorithm}`);
    for (const reference of [manifest.digest, `v-${algorithm}`]) expect(await repository.resolve(reference)).toEqual(manifest);
    expect(await textOf(await repository.fetch(manifest))).toBe(Buffer.from(image.bytes).toString());
    await repository.delete(manifest);
    expect(isNotFound(await repository.resolve(manifest.digest).catch((error: unknown) => error))).toBe(true);
  }
});

test("[client/X-11] many tags of one manifest cost few requests", async () => {
  const { registry, sent } = await start();
  const repository = registry.repository("a/b");
  const image = imageManifest();
  await repository.push(CONFIG.descriptor, bytesSource(CONFIG.bytes));
  const tags = Array.from({ length: 150 }, (_, i) => `t${String(i).padStart(3, "0")}`);
  await repository.manifests.pushTags(image.descriptor, image.bytes, tags);
  expect(sent.filter((line) => line.startsWith("PUT") && line.includes("/manifests/"))).toHaveLength(2);
  expect(await Array.fromAsync(repository.tags({ pageSize: 40 }))).toEqual(tags);
  await repository.manifests.tagAll(image.descriptor, ["x", "y"]);
  expect(await repository.resolve("y")).toEqual(image.descriptor);
});

test("[client/B-17] a blob of a real server is read from anywhere", async () => {
  const { registry } = await start();
  const repository = registry.repository("a/b");
  const bytes = Buffer.from(new Random(1).bytes(3 * MIB));
  const blob = descriptorOf(undefined, bytes);
  await repository.push(blob, bytes);
  await using handle = await repository.blobs.open(blob);
  expect(handle.seekable).toBe(true);
  for (const offset of [2 * MIB + 5, 7, 3 * MIB - 3, 3 * MIB, 0]) {
    await handle.seek(offset);
    expect(Buffer.from(await handle.read(1000)).equals(bytes.subarray(offset, offset + 1000))).toBe(true);
  }
  const part = Buffer.concat(await Array.fromAsync(await handle.range(MIB, MIB + 10)));
  expect(part.equals(bytes.subarray(MIB, MIB + 10))).toBe(true);
});

test("[client/X-5] a download through a line that is cut again and again arrives whole", async () => {
  const { server, registry } = await start();
  const bytes = Buffer.from(new Random(2).bytes(8 * MIB));
  const blob = descriptorOf(undefined, bytes);
  await registry.repository("a/b").push(blob, bytes);
  const proxy = await startHangingUpProxy(server.host, [MIB, 2 * MIB, 100_000, MIB]);
  onTestFinished(() => proxy.close());
  const repository = createRemoteRepository(`${proxy.host}/a/b`, { plainHttp: true, http: {} });
  const hash = createHash("sha256");
  for await (const chunk of await repository.fetch(blob)) hash.update(chunk);
  expect(`sha256:${hash.digest("hex")}`).toBe(blob.digest);
  expect(proxy.connections).toBe(5);
});

test("[client/X-5] a slow reader of a large blob does not make the client hold it", async () => {
  const { registry } = await start();
  const repository = registry.repository("a/b");
  const bytes = Buffer.alloc(64 * MIB, 7);
  const blob = descriptorOf(undefined, bytes);
  await repository.push(blob, bytes);
  const stream = await repository.fetch(blob);
  let most = 0;
  stream.on("data", () => {
    most = Math.max(most, stream.readableLength);
    stream.pause();
    setImmediate(() => stream.resume());
  });
  await finished(stream);
  expect(most).toBeLessThan(2 * MIB);
});

test("[client/B-20] what a server says and what the bytes say is the same", async () => {
  const { registry } = await start();
  const repository = registry.repository("a/b");
  const image = imageManifest({ annotations: { k: "v" } });
  await repository.push(CONFIG.descriptor, bytesSource(CONFIG.bytes));
  await repository.pushReference(image.descriptor, image.bytes, "v1");
  for (const reference of ["v1", image.descriptor.digest]) {
    expect(await repository.manifests.stat(reference)).toMatchObject({ descriptor: image.descriptor, source: "header" });
    expect((await repository.fetchReference(reference)).descriptor).toEqual(image.descriptor);
  }
});

test("[client/B-74] an image for a platform is found in an index, with its config", async () => {
  const { registry, sent } = await start();
  const repository = registry.repository("a/b");
  const entries: Descriptor[] = [];
  for (const architecture of ["amd64", "arm64"]) {
    const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from(JSON.stringify({ os: "linux", architecture })));
    const image = imageManifest({ config: config.descriptor });
    await repository.push(config.descriptor, config.bytes);
    await repository.push(image.descriptor, image.bytes);
    entries.push({ ...image.descriptor, platform: { os: "linux", architecture } });
  }
  const index = indexManifest(entries);
  await repository.pushReference(index.descriptor, index.bytes, "v1");
  sent.length = 0;
  const { config } = await repository.fetchConfig("v1", { platform: { os: "linux", architecture: "arm64" } });
  expect(config).toEqual({ os: "linux", architecture: "arm64" });
  expect(sent).toHaveLength(3);
});

test("[client/B-28,B-30,B-68] tags are moved and taken away, manifests and blobs deleted", async () => {
  const { registry } = await start();
  const repository = registry.repository("a/b");
  const image = imageManifest();
  await repository.push(CONFIG.descriptor, bytesSource(CONFIG.bytes));
  await repository.push(image.descriptor, image.bytes);
  await repository.tag(image.descriptor, "v1");
  await repository.tag(image.descriptor, `${registry.host}/a/b:v2`);
  await repository.untag("v1");
  expect(await Array.fromAsync(repository.tags())).toEqual(["v2"]);
  await repository.delete(image.descriptor);
  await repository.delete(CONFIG.descriptor);
  expect([await repository.exists(image.descriptor), await repository.exists(CONFIG.descriptor)]).toEqual([false, false]);
  const gone = await repository.delete(CONFIG.descriptor).catch((error: unknown) => error);
  expect(isNotFound(gone)).toBe(true);
});

test("[client/B-5,B-23] lists go on page by page, and a repository that is not there is not found", async () => {
  const { registry, sent } = await start({ repositoryListPageSize: 2 });
  for (const name of ["a", "b", "c", "d", "e"]) {
    const repository = registry.repository(name);
    await repository.push(CONFIG.descriptor, bytesSource(CONFIG.bytes));
    const image = imageManifest();
    await repository.pushReference(image.descriptor, image.bytes, "v1");
  }
  sent.length = 0;
  expect(await Array.fromAsync(registry.repositories())).toEqual(["a", "b", "c", "d", "e"]);
  expect(sent).toEqual(["GET /v2/_catalog?n=2", "GET /v2/_catalog?last=b&n=2", "GET /v2/_catalog?last=d&n=2"]);
  const error = await Array.fromAsync(registry.repository("none").tags()).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "ERR_NOT_FOUND", what: "repository" });
});
