import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { MEDIA_TYPES } from "@berth/oci";
import { imageManifest, type ImageGraph } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { imageOf, startFake, textBlob } from "../copy/copy.test-kit.ts";
import { openLayout } from "../layout/open-layout.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { engineError, engineWith, platformIndex } from "./engine.test-kit.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

test("[engine/T14] what was seen, but without its external layers, is asked for when these are wanted", async () => {
  const foreign = textBlob("elsewhere", MEDIA_TYPES.dockerForeignLayerGzip);
  const { blobs } = imageOf(0);
  const [config] = blobs;
  if (config === undefined) throw new Error("Cannot find the config of the image");
  const layers = [{ ...foreign.descriptor, urls: ["https://layers.invalid/a"] }];
  const manifest = imageManifest({ config: config.descriptor, layers });
  const registry = await startFake();
  registry.put("a", { manifest, blobs: [config, foreign], children: [] });
  const store = createMemoryStore();
  const engine = engineWith({ contentStore: store });
  const reference = `${registry.host}/a@${manifest.digest}`;
  await engine.pull(reference);
  expect(await store.exists(foreign.descriptor)).toBe(false);
  registry.journal.length = 0;
  await engine.pull(reference);
  expect(registry.journal).toEqual([]);
  await engine.pull(reference, { external: true });
  expect(await store.exists(foreign.descriptor)).toBe(true);
});

test("[engine/T14] what was seen, and lost or cut short since, comes again", async () => {
  const image = imageOf(2);
  const registry = await startFake();
  registry.put("a", image);
  const folder = await temporaryFolder("seen");
  const engine = engineWith({ contentStore: await openLayout(folder, { create: true }) });
  const reference = `${registry.host}/a@${image.manifest.digest}`;
  await engine.pull(reference);
  const file = (at: number): string => join(folder, "blobs", ...(image.blobs[at]?.descriptor.digest ?? "").split(":"));
  for (const lose of [() => rm(file(0)), () => rm(file(1)), () => truncate(file(2), 3)]) {
    await lose();
    expect(await engine.pull(reference)).toMatchObject([{ endpoint: registry.host, stats: { copied: 1 } }]);
    expect((await (await openLayout(folder)).check()).problems).toEqual([]);
    expect(await engine.pull(reference)).toMatchObject([{ endpoint: undefined, outcome: "current" }]);
  }
});

test("[engine/T14] of an index that was seen, another platform's image is asked for", async () => {
  const graphs: readonly ImageGraph[] = [imageOf(1), imageOf(1, { seed: 2 })];
  const [one, other] = graphs as [ImageGraph, ImageGraph];
  const index = platformIndex([
    { architecture: "amd64", graph: one },
    { architecture: "arm64", graph: other },
  ]);
  const registry = await startFake();
  registry.put("a", index, "v1");
  const folder = await temporaryFolder("seen");
  const layout = await openLayout(folder, { create: true });
  const engine = engineWith({ contentStore: layout });
  const reference = `${registry.host}/a@${index.manifest.digest}`;
  await engine.copy(`${registry.host}/a:v1`, `oci:${folder}`, { platforms: [amd64] });
  await engine.pull(reference, { platform: amd64 });
  expect(await engine.pull(reference, { platform: amd64 })).toMatchObject([{ endpoint: undefined }]);
  expect(await engine.pull(reference, { platform: arm64 })).toMatchObject([{ endpoint: registry.host, digest: other.manifest.digest }]);
  registry.journal.length = 0;
  await engine.pull(reference, { platform: "all" });
  expect(registry.journal).toEqual([]);
  const error = await engineError(engine.pull(reference, { platform: { os: "linux", architecture: "s390x" } }));
  expect(error).toMatchObject({ class: "NoMatchingPlatform" });
});
