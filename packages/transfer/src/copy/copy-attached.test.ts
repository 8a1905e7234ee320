import type { Descriptor } from "@berth/oci";
import { imageManifest, type ImageGraph, indexManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyGraph } from "./copy-graph.ts";
import { fill, imageOf, startFake, textBlob } from "./copy.test-kit.ts";

function referrer(subject: Descriptor, artifactType: string, annotations: Record<string, string> = {}): ImageGraph {
  const blob = textBlob(`${artifactType} of ${subject.digest}`);
  const config = textBlob("{}", "application/vnd.oci.empty.v1+json");
  const manifest = imageManifest({ subject, artifactType, annotations, layers: [blob.descriptor] });
  return { manifest, blobs: [config, blob], children: [] };
}

async function storeOf(...graphs: readonly ImageGraph[]): Promise<MemoryTarget> {
  const store = createMemoryStore();
  for (const graph of graphs) await fill(store, graph);
  return store;
}

const image = imageOf(1);
const index: ImageGraph = { manifest: indexManifest([image.manifest.descriptor]), blobs: [], children: [image] };
const root = index.manifest.descriptor;
const sbom = referrer(root, "x/sbom", { by: "me" });
const signature = referrer(root, "x/signature");
const ofImage = referrer(image.manifest.descriptor, "x/sbom");
const ofSbom = referrer(sbom.manifest.descriptor, "x/signature");
const all = { sbom, signature, ofImage, ofSbom };

test.each<[string, boolean | object | undefined, readonly (keyof typeof all)[]]>([
  ["none", undefined, []],
  ["none when said so", false, []],
  ["all, those of children and of referrers too", true, ["sbom", "signature", "ofImage", "ofSbom"]],
  ["those of a type", { artifactTypes: ["x/sbom"] }, ["sbom", "ofImage"]],
  ["those of some types", { artifactTypes: ["x/sbom", "x/signature"] }, ["sbom", "signature", "ofImage", "ofSbom"]],
  ["those with an annotation", { annotations: { by: "me" } }, ["sbom"]],
  ["those near by", { depth: 1 }, ["sbom", "signature", "ofImage"]],
])("referrers are copied: %s", async (_, referrers, expected) => {
  const source = await storeOf(index, ...Object.values(all));
  const to = createMemoryStore();
  await copyGraph(source, root, to, referrers === undefined ? {} : { referrers });
  const there = await Promise.all(
    Object.entries(all).map(async ([name, graph]) => ((await to.exists(graph.manifest.descriptor)) ? [name] : [])),
  );
  expect(there.flat()).toEqual(expected);
});

test("new referrers of what is there are copied; the tag moves when they are there", async () => {
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", index, "v1");
  from.put("a", sbom);
  from.referrers.set(`a ${root.digest}`, [{ ...sbom.manifest.descriptor, artifactType: "x/sbom" }]);
  await copy(from.repository("a"), "v1", to.repository("b"));
  expect(to.manifests.has(`b ${sbom.manifest.digest}`)).toBe(false);
  const { stats, tags } = await copy(from.repository("a"), "v1", to.repository("b"), ["v1", "v2"], { referrers: true });
  expect([stats.copied, stats.existing, tags.map(({ outcome }) => outcome)]).toEqual([3, 2, ["unchanged", "tagged"]]); // two blobs and the sbom
  expect(to.journal.at(-1)).toBe("PUT b/manifests/v2");
  expect(to.journal.indexOf(`PUT b/manifests/${sbom.manifest.digest.slice(7, 11)}`)).toBeGreaterThan(0);
});

test("what is put once before its referrers, and once more under its tags, counts once", async () => {
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", image, "v1");
  from.put("a", ofImage);
  from.referrers.set(`a ${image.manifest.digest}`, [{ ...ofImage.manifest.descriptor, artifactType: "x/sbom" }]);
  const done: string[] = [];
  const { stats } = await copy(from.repository("a"), "v1", to.repository("b"), ["v1", "v2"], {
    referrers: true,
    onEvent: ({ id, action }) => void (action === "done" && done.push(id)),
  });
  const content = [image.manifest, ...image.blobs, ofImage.manifest, ...ofImage.blobs];
  expect([stats.copied, stats.existing]).toEqual([content.length, 0]);
  expect(stats.bytes).toBe(content.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  expect(done.filter((id) => image.manifest.digest.includes(id))).toHaveLength(1);
});

test("a source that knows no referrers cannot copy them, and says so", async () => {
  const store = await storeOf(index);
  const source = { fetch: store.fetch.bind(store) };
  await expect(copyGraph(source, root, createMemoryStore(), { referrers: true })).rejects.toMatchObject({
    step: "list",
    origin: "source",
    cause: { code: "ERR_UNSUPPORTED" },
  });
});

test("what is tagged with the digest of a manifest is copied under those tags", async () => {
  const cosign = imageOf(1, { of: "signature" });
  const list: ImageGraph = { manifest: indexManifest([sbom.manifest.descriptor]), blobs: [], children: [sbom] };
  const source = await storeOf(index, cosign, list);
  const tagOf = ({ digest }: Descriptor): string => digest.replace(":", "-");
  await source.tag(root, "v1");
  await source.tag(cosign.manifest.descriptor, `${tagOf(image.manifest.descriptor)}.sig`);
  await source.tag(cosign.manifest.descriptor, `${tagOf(sbom.manifest.descriptor)}.sig`);
  await source.tag(list.manifest.descriptor, tagOf(root));
  const wanted = ["v1", tagOf(root), `${tagOf(image.manifest.descriptor)}.sig`, `${tagOf(sbom.manifest.descriptor)}.sig`];
  const to = createMemoryStore();
  await copy(source, "v1", to, undefined, { digestTags: true });
  expect((await Array.fromAsync(to.tags())).toSorted()).toEqual(wanted.toSorted());
  const also = createMemoryStore();
  await copy(source, "v1", also, undefined, { digestTags: true, referrers: true });
  expect(await Array.fromAsync(also.tags())).not.toContain(tagOf(root)); // who keeps referrers keeps the list of them
});

test("tags of digests that lead in circles are copied, and end", async () => {
  const other = imageOf(1, { of: "other" });
  const around: ImageGraph = {
    manifest: indexManifest([image.manifest.descriptor, other.manifest.descriptor]),
    blobs: [],
    children: [image, other],
  };
  const source = await storeOf(around);
  const tagOf = ({ digest }: Descriptor): string => digest.replace(":", "-");
  await source.tag(image.manifest.descriptor, "v1");
  await source.tag(around.manifest.descriptor, tagOf(image.manifest.descriptor));
  await source.tag(image.manifest.descriptor, `${tagOf(other.manifest.descriptor)}.sig`);
  const to = createMemoryStore();
  await copy(source, "v1", to, undefined, { digestTags: true });
  expect(await Array.fromAsync(to.tags())).toHaveLength(3);
});
