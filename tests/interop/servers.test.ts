import { text } from "node:stream/consumers";
import { inspect } from "node:util";
import { BerthError, bytesSource, type Descriptor, MEDIA_TYPES, type Repository } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { createBlobUploader, isUnauthorized, type PushMode, pushBlob, type RemoteRegistry } from "@berth/client";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { blobFixture, EMPTY_JSON, imageManifest, type ManifestFixture } from "@berth/testkit/images";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOf } from "./support/client.ts";
import { digestOfStream, largeContent } from "./support/content.ts";
import { type RunningServer, type Server, SERVERS, USER } from "./support/servers.ts";

const MIB = 2 ** 20;
const MODES: readonly PushMode[] = ["auto", "monolithic", "chunked", "single-post"];
const CONFIG = blobFixture(MEDIA_TYPES.ociEmpty, EMPTY_JSON);

for (const server of SERVERS) describeWithParts(server.name, server.needs, () => walk(server));

function walk(server: Server): void {
  let running: RunningServer;
  let registry: RemoteRegistry;

  beforeAll(async () => {
    running = await server.start();
    registry = clientOf(running);
  });
  afterAll(async () => {
    await registry?.close();
    await running?.stop();
  });

  async function pushImage(
    repository: Repository,
    tag: string,
    fields: Parameters<typeof imageManifest>[0] = {},
  ): Promise<ManifestFixture> {
    const manifest = imageManifest(fields);
    await repository.blobs.push(CONFIG.descriptor, bytesSource(CONFIG.bytes));
    await repository.manifests.pushReference(manifest.descriptor, bytesSource(manifest.bytes), tag);
    return manifest;
  }

  test("ping", async () => {
    await registry.ping();
  });

  test.each([
    ["small", Buffer.from("hello")],
    ["empty", Buffer.alloc(0)],
  ])("a %s blob goes in and comes out", async (name, bytes) => {
    const { blobs } = registry.repository(`blobs/${name}`);
    const descriptor = descriptorOf(MEDIA_TYPES.octetStream, bytes);
    expect(await blobs.exists(descriptor)).toBe(false);
    await blobs.push(descriptor, bytesSource(bytes));
    await blobs.push(descriptor, bytesSource(bytes)); // already present is success
    expect(await blobs.exists(descriptor)).toBe(true);
    expect(await blobs.stat(descriptor.digest)).toEqual(descriptor);
    expect(await text(await blobs.fetch(descriptor))).toBe(bytes.toString());
  });

  test.each(MODES)("small, empty and large blobs go in as %s uploads", async (mode) => {
    const name = `blobs/${mode}`;
    const { blobs } = registry.repository(name);
    const large = await largeContent(32 * MIB, 1);
    await pushBlob(registry.connection, name, large.descriptor, large.source, { mode, chunkSize: 5 * MIB });
    expect(await digestOfStream(await blobs.fetch(large.descriptor))).toEqual(sizeAndDigest(large.descriptor));
    for (const content of ["hello", ""]) {
      const descriptor = descriptorOf(MEDIA_TYPES.octetStream, Buffer.from(content));
      await pushBlob(registry.connection, name, descriptor, content, { mode });
      expect(await text(await blobs.fetch(descriptor))).toBe(content);
    }
  });

  test("a part of a blob is fetched by itself", async () => {
    const { blobs } = registry.repository("blobs/range");
    const { descriptor, source } = await largeContent(5 * MIB, 2);
    await blobs.push(descriptor, source);
    const range = { offset: 3 * MIB - 5, length: 10 };
    const expected = await digestOfStream(firstBytes(source.open(range.offset), range.length));
    expect(await digestOfStream(await blobs.fetch(descriptor, range))).toEqual(expected);
  });

  test("an upload is taken up again where it stopped", async () => {
    const { descriptor, source } = await largeContent(32 * MIB, 3);
    const name = "blobs/resumed";
    const first = await createBlobUploader(registry.connection, name).create();
    await first.writeFrom(firstBytes(source, 12 * MIB));
    expect(first.size).toBe(12 * MIB);
    await first.close();
    const second = await createBlobUploader(registry.connection, name).resume(first.id);
    expect(second.size).toBe(12 * MIB);
    await second.writeFrom(source.open(12 * MIB));
    expect(await second.commit(descriptor)).toMatchObject(sizeAndDigest(descriptor));
    expect(await digestOfStream(await registry.repository(name).blobs.fetch(descriptor))).toEqual(sizeAndDigest(descriptor));
  });

  test("an upload that is cancelled leaves nothing", async () => {
    const { blobs } = registry.repository("blobs/cancelled");
    const upload = await createBlobUploader(registry.connection, "blobs/cancelled").create();
    await upload.write(Buffer.from("never mind"));
    await upload.cancel();
    await upload.cancel();
    expect(await blobs.exists(descriptorOf(MEDIA_TYPES.octetStream, Buffer.from("never mind")))).toBe(false);
  });

  test("bytes that are not what they should be are refused before they are a blob", async () => {
    const { blobs } = registry.repository("blobs/wrong");
    const promised = descriptorOf(MEDIA_TYPES.octetStream, Buffer.from("right"));
    await expect(blobs.push(promised, oneShot("wrong"))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    await expect(blobs.push(promised, oneShot("too long"))).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
    await expect(blobs.push(promised, oneShot("few"))).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
    expect(await blobs.exists(promised)).toBe(false);
  });

  test.skipIf(server.lacks.sha512 !== undefined)("a blob by sha512 goes in and comes out", async () => {
    const { blobs } = registry.repository("blobs/sha512");
    const descriptor = descriptorOf(MEDIA_TYPES.octetStream, Buffer.from("hello"), "sha512");
    await blobs.push(descriptor, bytesSource("hello"));
    expect(await text(await blobs.fetch(descriptor))).toBe("hello");
  });

  test("manifests are pushed, tagged, resolved and fetched", async () => {
    const repository = registry.repository("manifests/one");
    const { descriptor, bytes } = await pushImage(repository, "1");
    await repository.tag(descriptor, "2");
    for (const reference of ["1", "2", descriptor.digest]) {
      expect(await repository.resolve(reference)).toMatchObject(plain(descriptor));
      const fetched = await repository.manifests.fetchReference(reference);
      expect(fetched.descriptor).toMatchObject(plain(descriptor));
      expect(await text(fetched.content)).toBe(bytes.toString());
    }
    expect(await text(await repository.fetch(descriptor))).toBe(bytes.toString());
    expect(await repository.exists(descriptor)).toBe(true);
    await expect(repository.resolve("none")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    await expect(repository.manifests.fetchReference("none")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("tags and repositories are listed over pages", async () => {
    const repository = registry.repository("lists/many");
    const { descriptor } = await pushImage(repository, "a");
    for (const tag of ["b", "c", "d", "e"]) await repository.tag(descriptor, tag);
    await pushImage(registry.repository("lists/other"), "1");
    const pages = await collect(repository.tags({ pageSize: 2 }).pages());
    if (server.lacks["tag pages"] === undefined) {
      expect(pages).toEqual([["a", "b"], ["c", "d"], ["e"]]);
      expect(await collect(repository.tags({ pageSize: 2, last: "c" }))).toEqual(["d", "e"]);
    } else {
      expect(pages.flat().toSorted()).toEqual(["a", "b", "c", "d", "e"]);
    }
    const names = await collect(registry.repositories({ pageSize: 2 }));
    expect(names).toEqual(expect.arrayContaining(["lists/many", "lists/other"]));
    expect(new Set(names).size).toBe(names.length);
    await expect(collect(registry.repository("lists/none").tags())).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("a blob is mounted from another repository, and not from where it is not", async () => {
    const bytes = Buffer.from("to be mounted");
    const descriptor = descriptorOf(MEDIA_TYPES.octetStream, bytes);
    await registry.repository("mount/from").blobs.push(descriptor, bytesSource(bytes));
    const { blobs } = registry.repository("mount/to");
    expect(await blobs.mount(descriptor, "mount/from")).toBe(true);
    expect(await text(await blobs.fetch(descriptor))).toBe(bytes.toString());
    const absent = descriptorOf(MEDIA_TYPES.octetStream, Buffer.from("nowhere"));
    expect(await blobs.mount(absent, "mount/from")).toBe(false);
  });

  test("a tag is taken away, and a manifest deleted", async () => {
    const repository = registry.repository("deletes/one");
    const { descriptor } = await pushImage(repository, "1");
    await repository.tag(descriptor, "2");
    const untagged = repository.untag("2");
    if (server.lacks.untag === undefined) {
      await untagged;
      expect(await collect(repository.tags())).toEqual(["1"]);
    } else {
      await expect(untagged).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    }
    await repository.delete(descriptor);
    await expect(repository.resolve("1")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    await expect(repository.delete(descriptor)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    await repository.blobs.delete(CONFIG.descriptor);
    expect(await repository.blobs.exists(CONFIG.descriptor)).toBe(false);
  });

  test(`referrers are found ${server.lacks.referrers === undefined ? "by the API" : "without the API"}`, async () => {
    const repository = registry.repository("referrers/one");
    const { descriptor: subject } = await pushImage(repository, "1");
    expect(await collect(repository.referrers(subject))).toEqual([]);
    const made = [];
    for (const artifactType of ["application/a", "application/b"]) {
      const manifest = imageManifest({ artifactType, subject, annotations: { made: "here" } });
      await repository.manifests.push(manifest.descriptor, bytesSource(manifest.bytes));
      made.push({ ...plain(manifest.descriptor), artifactType, annotations: { made: "here" } });
    }
    const byDigest = (one: Descriptor, two: Descriptor): number => (one.digest < two.digest ? -1 : 1);
    const listed = await collect(repository.referrers(subject));
    expect(listed.toSorted(byDigest)).toEqual(made.toSorted(byDigest));
    expect(await collect(repository.referrers(subject, { artifactType: "application/b" }))).toEqual(made.slice(1));
    expect((await repository.predecessors(subject)).toSorted(byDigest)).toMatchObject(made.toSorted(byDigest));
    if (made[0] !== undefined) await repository.delete(made[0]);
    expect(await collect(repository.referrers(subject))).toEqual(made.slice(1));
  });

  test("nothing secret is in clients and errors", async () => {
    const wrong = { ...USER, password: "wrong:p4ssword" };
    const stranger = clientOf(running, { user: wrong });
    const failed = await stranger
      .repository("secret/one")
      .resolve("none")
      .catch((error: unknown) => error);
    await stranger.close();
    expect(BerthError.is(failed)).toBe(true);
    const seen = [registry, stranger, registry.repository("secret/one"), failed]
      .map((one) => inspect(one, { depth: 20, showHidden: true }))
      .join("\n");
    for (const secret of [
      USER.password,
      wrong.password,
      btoa(`${USER.username}:${USER.password}`),
      btoa(`${wrong.username}:${wrong.password}`),
    ]) {
      expect(seen).not.toContain(secret);
    }
    expect(seen).not.toMatch(/Bearer ey/);
  });

  test.runIf(server.lacks.strangers !== undefined)("wrong credentials and none are told apart from what is missing", async () => {
    for (const user of [{ ...USER, password: "wrong" }, undefined]) {
      const stranger = clientOf(running, { user });
      const calls = [
        () => stranger.repository("secret/one").resolve("none"),
        () => pushImage(stranger.repository("secret/two"), "1"),
        // token servers give nobody a token too, and with it a ping succeeds
        ...(user === undefined && running.tokens !== undefined ? [] : [() => stranger.ping()]),
      ];
      for (const call of calls) {
        const failed: unknown = await call().catch((error: unknown) => error);
        expect(isUnauthorized(failed), inspect(failed)).toBe(true);
        expect(String(failed)).toContain(running.host);
      }
      await stranger.close();
    }
  });

  test.runIf(server.name.endsWith("TLS"))("who does not know the authority is told so", async () => {
    const stranger = clientOf(running, { tls: undefined });
    const failed: unknown = await stranger.ping().catch((error: unknown) => error);
    await stranger.close();
    expect(failed).toMatchObject({ code: "ERR_NETWORK" });
    expect(String(failed)).toContain(running.host);
  });
}

/** The members that every server gives. */
function plain({ mediaType, digest, size }: Descriptor): Pick<Descriptor, "mediaType" | "digest" | "size"> {
  return { mediaType, digest, size };
}

function sizeAndDigest({ digest, size }: Descriptor): Pick<Descriptor, "digest" | "size"> {
  return { digest, size };
}

async function collect<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

async function* oneShot(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

async function* firstBytes(source: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
