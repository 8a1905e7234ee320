import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { Random, randomIndex } from "@berth/testkit/images";
import { blobFixture, type ImageGraph, imageManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { copy } from "../copy/copy.ts";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { openLayout } from "./open-layout.ts";
import { temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

const PLATFORMS = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));

async function fill(store: MemoryTarget, graph: ImageGraph): Promise<Descriptor> {
  for (const child of graph.children) await fill(store, child);
  for (const { descriptor, bytes } of [...graph.blobs, graph.manifest]) await store.push(descriptor, bytesSource(bytes));
  return graph.manifest.descriptor;
}

test("[engine/T2,T32] what goes through a layout comes out with the same bytes and digests", async () => {
  for (const family of ["oci", "docker"] as const) {
    const [a, b, layout] = [createMemoryStore(), createMemoryStore(), await temporaryLayout()];
    const graph = randomIndex(new Random(5), PLATFORMS, { family });
    await a.tag(await fill(a, graph), "v1");
    await copy(a, "v1", layout, "v1");
    await copy(await openLayout(layout.folder, { readOnly: true }), "v1", b, "v1");
    expect(await b.resolve("v1")).toEqual(graph.manifest.descriptor);
    for (const { descriptor, bytes } of [graph.manifest, ...graph.children.flatMap((child) => [child.manifest, ...child.blobs])]) {
      expect(Buffer.concat(await Array.fromAsync(await b.fetch(descriptor))).equals(bytes)).toBe(true);
    }
    expect((await layout.check()).problems).toEqual([]);
  }
});

test("[engine/T2] referrers come along, and are found in a layout that is opened anew", async () => {
  const [a, layout] = [createMemoryStore(), await temporaryLayout()];
  const graph = randomIndex(new Random(6), PLATFORMS);
  const root = await fill(a, graph);
  await a.tag(root, "v1");
  const config = blobFixture(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
  const sbom = imageManifest({ config: config.descriptor, subject: root, artifactType: "application/sbom" });
  for (const { descriptor, bytes } of [config, sbom]) await a.push(descriptor, bytesSource(bytes));
  await copy(a, "v1", layout, "v1", { referrers: true });
  const found = await Array.fromAsync((await openLayout(layout.folder)).referrers(root));
  expect(found).toEqual([{ ...sbom.descriptor, artifactType: "application/sbom" }]);
});
