import { join } from "node:path";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { createMemoryStore } from "../memory/memory-store.ts";
import { expect, test } from "vitest";
import { fill, imageOf, short, startFake } from "../copy/copy.test-kit.ts";
import type { UploadJournal } from "../copy/upload-journal.ts";
import { openSourceStore } from "../sources/file-sources.ts";
import { createSourceStore } from "../sources/memory-sources.ts";
import type { TransferEvent } from "../events.ts";
import type { Engine } from "./engine.ts";
import { engineError, engineWith, platformIndex } from "./engine.test-kit.ts";

const amd64 = { os: "linux", architecture: "amd64" };

test("[engine/T25] of three tags that share all layers, each blob is asked for or sent once, and each tag is one PUT", async () => {
  const registry = await startFake();
  const store = createMemoryStore();
  const shared = imageOf(3);
  await fill(store, shared);
  for (const tag of ["v1", "v2", "v3"]) await store.tag(shared.manifest.descriptor, `${registry.host}/a:${tag}`);
  const results = await engineWith({ contentStore: store }).push(`${registry.host}/a`);
  const size = shared.manifest.bytes.byteLength;
  expect(results.map(({ tag, digest, size: bytes }) => [tag, digest, bytes])).toEqual(
    ["v1", "v2", "v3"].map((tag) => [tag, shared.manifest.digest, size]),
  );
  expect(registry.journal.filter((line) => line.startsWith("PUT a/manifests/v"))).toHaveLength(3);
  for (const { descriptor } of shared.blobs) {
    const asked = registry.journal.filter((line) => line.includes(short(descriptor)) && /^(HEAD|POST) a\/blobs/.test(line));
    expect(asked).toHaveLength(1);
  }
});

test("[engine/T25] with atomic, all manifests of a push are there before the first tag moves", async () => {
  const registry = await startFake();
  const store = createMemoryStore();
  const images = [imageOf(1), imageOf(1, { seed: 2 })];
  for (const [at, image] of images.entries()) {
    await fill(store, image);
    await store.tag(image.manifest.descriptor, `v${at}`);
  }
  await engineWith().push(`${registry.host}/a`, { from: store, atomic: true });
  const puts = registry.journal.filter((line) => line.startsWith("PUT a/manifests/"));
  expect(new Set(puts.slice(0, 2))).toEqual(new Set(images.map(({ manifest }) => `PUT a/manifests/${short(manifest)}`)));
  expect(puts.slice(2)).toEqual(["PUT a/manifests/v0", "PUT a/manifests/v1"]);
});

test("[engine/T23] what a push and a pull saw is in the file when they end", async () => {
  const folder = await temporaryFolder("push");
  const [registry, store, image] = [await startFake(), createMemoryStore(), imageOf(1)];
  registry.put("team/a", image, "v1");
  await fill(store, image);
  await store.tag(image.manifest.descriptor, "v1");
  const layer = image.blobs[1]?.descriptor.digest ?? image.manifest.digest;
  for (const [repository, run] of [
    ["team/b", async (engine: Engine) => void (await engine.push(`${registry.host}/team/b:v1`, { from: store }))],
    ["team/a", async (engine: Engine) => void (await engine.pull(`${registry.host}/team/a:v1`))],
  ] as const) {
    const file = join(folder, repository.slice(-1));
    await run(engineWith({ sources: openSourceStore(file) }));
    expect(await openSourceStore(file).find(layer)).toEqual([{ registry: registry.host, repository }]);
  }
});

test("[engine/T45] uploads of a push are noted in the journal, and forgotten when they are over", async () => {
  const [registry, store, image] = [await startFake(), createMemoryStore(), imageOf(1, { size: 4_194_304 })];
  await fill(store, image);
  await store.tag(image.manifest.descriptor, "v1");
  const told: string[] = [];
  const journal: UploadJournal = {
    find: async () => undefined,
    note: ({ repository, digest }) => void told.push(`note ${repository} ${short({ digest })}`),
    forget: async ({ repository, digest }) => void told.push(`forget ${repository} ${short({ digest })}`),
  };
  await engineWith({ journal }).push(`${registry.host}/a:v1`, { from: store });
  const layer = short(image.blobs[1]?.descriptor ?? image.manifest);
  expect(told).toEqual([`note a ${layer}`, `forget a ${layer}`]);
});

test("[engine/T29] of each tag is told what it names now, in docker's words and as fields", async () => {
  const registry = await startFake();
  const store = createMemoryStore();
  const image = imageOf(1);
  await fill(store, image);
  for (const tag of ["v1", "v2"]) await store.tag(image.manifest.descriptor, `${registry.host}/a:${tag}`);
  const events: TransferEvent[] = [];
  const engine = engineWith({ contentStore: store });
  const results = await engine.push(`${registry.host}/a`, { onEvent: (event) => void (event.action === "tagged" && events.push(event)) });
  const { digest, size } = image.manifest.descriptor;
  expect(events.map(({ id, message }) => `${id}: ${message}`)).toEqual(
    ["v1", "v2"].map((tag) => `${tag}: digest: ${digest} size: ${size}`),
  );
  expect(events.map(({ aux, last }) => [aux, last])).toMatchObject(results.map(({ tag }) => [{ tag, digest, size }, true]));
});

test("a digest cannot be pushed, nor a name without local tags", async () => {
  const registry = await startFake();
  const engine = engineWith();
  for (const name of [`${registry.host}/a`, `${registry.host}/a:v1`])
    expect(await engineError(engine.push(`${name}@sha256:${"a".repeat(64)}`))).toMatchObject({
      class: "InvalidInput",
      code: "ERR_INVALID_REFERENCE",
      message: expect.stringContaining("a digest cannot be pushed to, expected a name or a tag; copy() brings an image to a digest"),
    });
  expect(await engineError(engine.push(`${registry.host}/a`))).toMatchObject({ class: "NotFound" });
  expect(await engineError(engine.push(`${registry.host}/a:v1`))).toMatchObject({ class: "NotFound" });
  expect(registry.journal.filter((line) => !line.startsWith("HEAD"))).toEqual([]);
});

test("[engine/T23] what was pushed to one repository is mounted into the next: no bytes, one POST each", async () => {
  const registry = await startFake();
  const store = createMemoryStore();
  const image = imageOf(3, { size: 200 });
  await fill(store, image);
  for (const name of ["team/a", "team/b"]) await store.tag(image.manifest.descriptor, `${registry.host}/${name}:v1`);
  const engine = engineWith({ contentStore: store });
  await engine.push(`${registry.host}/team/a:v1`);
  registry.journal.length = 0;
  await engine.push(`${registry.host}/team/b:v1`);
  const posts = registry.journal.filter((line) => line.startsWith("POST"));
  expect(new Set(posts)).toEqual(
    new Set(image.blobs.map(({ descriptor }) => `POST team/b/blobs/uploads mount=${short(descriptor)} from=team/a`)),
  );
  expect(posts).toHaveLength(image.blobs.length);
  expect(registry.count("PUT team/b/blobs")).toBe(0);
});

test("[engine/T24] a mount that became an upload is used for the bytes, and its source is forgotten", async () => {
  const registry = await startFake({ refuseMounts: true });
  const store = createMemoryStore();
  const image = imageOf(1);
  await fill(store, image);
  await store.tag(image.manifest.descriptor, `${registry.host}/team/b:v1`);
  const sources = createSourceStore();
  const place = { registry: registry.host, repository: "team/a" };
  for (const { descriptor } of image.blobs) sources.note(descriptor.digest, place);
  await engineWith({ contentStore: store, sources }).push(`${registry.host}/team/b:v1`);
  expect(registry.count("POST team/b/blobs")).toBe(image.blobs.length);
  expect(registry.count("PUT team/b/blobs")).toBe(image.blobs.length);
  for (const { descriptor } of image.blobs) {
    expect(await sources.find(descriptor.digest)).toEqual([{ registry: registry.host, repository: "team/b" }]);
  }
});

test("[engine/T23] what a pull saw can be mounted by a push to the same registry", async () => {
  const registry = await startFake();
  const image = imageOf(2);
  registry.put("team/a", image, "v1");
  const store = createMemoryStore();
  const engine = engineWith({ contentStore: store });
  await engine.pull(`${registry.host}/team/a:v1`);
  await store.tag(image.manifest.descriptor, `${registry.host}/b:v1`);
  await engine.push(`${registry.host}/b:v1`);
  expect(registry.count("PUT b/blobs")).toBe(0);
});

test("of an index whose other images are not here, the one that is goes alone, and that is said", async () => {
  const registry = await startFake();
  const store = createMemoryStore();
  const [here, elsewhere] = [imageOf(1), imageOf(1, { seed: 2 })];
  const index = platformIndex([
    { architecture: "arm64", graph: elsewhere },
    { architecture: "amd64", graph: here },
  ]);
  await fill(store, here);
  await fill(store, { ...index, children: [] });
  await store.tag(index.manifest.descriptor, `${registry.host}/a:v1`);
  const events: TransferEvent[] = [];
  const engine = engineWith({ contentStore: store, platform: amd64 });
  expect(await engine.push(`${registry.host}/a:v1`, { onEvent: (event) => events.push(event) })).toMatchObject([
    { digest: here.manifest.digest },
  ]);
  expect(events.find(({ action }) => action === "skipped")?.message).toContain(here.manifest.digest);
});

test("a push takes from a layout, an archive or a target what is asked for there by tag", async () => {
  const registry = await startFake();
  const store = createMemoryStore();
  const image = imageOf(1);
  await fill(store, image);
  await store.tag(image.manifest.descriptor, "v1");
  await store.tag(image.manifest.descriptor, "v2");
  const engine = engineWith();
  expect(await engine.push(`${registry.host}/a:v1`, { from: store })).toHaveLength(1);
  expect(await engine.push(`${registry.host}/b:v1`, { from: store, allTags: true })).toHaveLength(2);
  expect(await engine.push(`${registry.host}/a:v1`, { from: `${registry.host}/b` })).toMatchObject([{ outcome: "unchanged" }]);
  expect([...registry.tags.keys()].toSorted()).toEqual(["a v1", "b v1", "b v2"]);
});

test("tags that exist are moved, kept or refused, as one likes", async () => {
  const registry = await startFake();
  const [old, fresh] = [imageOf(1), imageOf(1, { seed: 2 })];
  registry.put("a", old, "v1");
  const store = createMemoryStore();
  await fill(store, fresh);
  await store.tag(fresh.manifest.descriptor, "v1");
  const engine = engineWith();
  const reference = `${registry.host}/a:v1`;
  expect(await engine.push(reference, { from: store, existingTags: "keep" })).toMatchObject([
    { outcome: "kept", digest: old.manifest.digest },
  ]);
  expect(await engineError(engine.push(reference, { from: store, existingTags: "refuse" }))).toMatchObject({ class: "Conflict" });
  expect(await engine.push(reference, { from: store, atomic: true })).toMatchObject([{ outcome: "tagged", digest: fresh.manifest.digest }]);
});
