import { createMemoryStore } from "../memory/memory-store.ts";
import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { blobFixture, imageManifest, type ImageGraph, layerOf, manifestOf, Random, randomImage } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, onTestFinished, test, vi } from "vitest";
import { type FakeRegistry, imageOf, startFake } from "../copy/copy.test-kit.ts";
import { openLayout } from "../layout/open-layout.ts";
import { artifactOf, engineError, engineWith, platformIndex } from "./engine.test-kit.ts";
import type { PullOptions } from "./options.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

async function holding(graph: ImageGraph, tag = "v1"): Promise<FakeRegistry> {
  const registry = await startFake();
  registry.put("a", graph, tag);
  return registry;
}

test("[engine/T13] a manifest with both layers and manifests is refused", async () => {
  const { manifest, blobs } = imageOf(1);
  const body = JSON.parse(manifest.bytes.toString()) as object;
  const both = manifestOf({ ...body, manifests: [] }, MEDIA_TYPES.ociManifest);
  const registry = await holding({ manifest: both, blobs, children: [] });
  const store = createMemoryStore();
  const engine = engineWith({ contentStore: store });
  expect(await engineError(engine.pull(`${registry.host}/a:v1`))).toMatchObject({ class: "InvalidManifest" });
  expect(store.bytes).toBe(0);
  const index = manifestOf({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [], config: {} }, MEDIA_TYPES.ociIndex);
  const other = await holding({ manifest: index, blobs: [], children: [] });
  expect(await engineError(engine.pull(`${other.host}/a:v1`))).toMatchObject({ class: "InvalidManifest" });
});

test("[engine/T14] what is here from elsewhere is not there: one HEAD, and NotFound", async () => {
  const image = imageOf(2);
  const registry = await holding(image);
  const engine = engineWith();
  const digest = image.manifest.digest;
  await engine.pull(`${registry.host}/a@${digest}`);
  registry.journal.length = 0;
  expect(await engineError(engine.pull(`${registry.host}/b@${digest}`))).toMatchObject({ class: "NotFound" });
  expect(registry.journal).toEqual([`HEAD b/manifests/${digest.slice(7, 11)}`]);
});

test("[engine/T14] what was seen in that repository needs no request", async () => {
  const image = imageOf(2);
  const registry = await holding(image);
  const engine = engineWith({ connection: { credentials: async () => ({ username: "u", password: "p" }) } });
  const reference = `${registry.host}/a@${image.manifest.digest}`;
  await engine.pull(reference);
  registry.journal.length = 0;
  expect(await engine.pull(reference)).toMatchObject([{ outcome: "current", endpoint: undefined, tag: undefined }]);
  expect(registry.journal).toEqual([]);
  const folder = await temporaryFolder("pull");
  expect(await engine.pull(reference, { into: `oci:${folder}:v9` })).toMatchObject([{ endpoint: undefined, outcome: "updated" }]);
  expect(await (await openLayout(folder)).resolve("v9")).toMatchObject({ digest: image.manifest.digest });
});

test("[engine/T14] what was seen with other credentials is asked for again, once they are known to be others, and recheck asks at once", async () => {
  const image = imageOf(2);
  const registry = await holding(image);
  let password = "1";
  const engine = engineWith({ connection: { credentials: async () => ({ username: "u", password }) } });
  const { digest } = image.manifest;
  const pull = async (options: PullOptions = {}): Promise<readonly string[]> => {
    registry.journal.length = 0;
    await engine.pull(`${registry.host}/a@${digest}`, options);
    return [...registry.journal];
  };
  await pull();
  const asked = `HEAD a/manifests/${digest.slice(7, 11)}`;
  expect(await pull({ recheck: true })).toContain(asked);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await pull()).toEqual([]); // they are the same still
  password = "2";
  vi.setSystemTime(Date.now() + 60_000);
  expect(await pull()).toEqual([asked]);
  expect(await pull()).toEqual([]);
});

test("[engine/T15] a digest header that the manifest then does not have is a mismatch", async () => {
  const { manifest } = imageOf(1);
  const wrong = digestOf("other");
  const registry = await startFake({
    answer(request, response) {
      if (!request.url?.includes("/manifests/")) return false;
      response.writeHead(200, {
        "content-type": manifest.mediaType,
        "docker-content-digest": wrong,
        "content-length": manifest.bytes.byteLength,
      });
      response.end(request.method === "HEAD" ? undefined : manifest.bytes);
      return true;
    },
  });
  const store = createMemoryStore();
  const error = await engineError(engineWith({ contentStore: store }).pull(`${registry.host}/a:v1`));
  expect(error).toMatchObject({ class: "DigestMismatch" });
  expect(store.bytes).toBe(0);
});

test("[engine/T16] an artifact is one manifest and its blobs, whatever the platform", async () => {
  const artifact = artifactOf("one", "two");
  const registry = await holding(artifact);
  const store = createMemoryStore();
  const [pulled] = await engineWith({ contentStore: store }).pull(`${registry.host}/a:v1`, { verify: true });
  expect(pulled).toMatchObject({ digest: artifact.manifest.digest, stats: { copied: 4 } });
  for (const { descriptor } of [...artifact.blobs, artifact.manifest]) expect(await store.exists(descriptor)).toBe(true);
});

test("[engine/T17] schema 1 is refused for what it is, never as malformed", async () => {
  const layer = digestOf("layer");
  const body = {
    schemaVersion: 1,
    name: "a",
    tag: "v1",
    architecture: "amd64",
    fsLayers: [{ blobSum: layer }],
    history: [{ v1Compatibility: "{}" }],
  };
  for (const type of [MEDIA_TYPES.dockerSchema1, MEDIA_TYPES.dockerSchema1Signed]) {
    const registry = await startFake();
    registry.putManifest("a", manifestOf(body, type), "v1");
    for (const run of [
      () => engineWith().pull(`${registry.host}/a:v1`),
      () => engineWith().copy(`${registry.host}/a:v1`, `${registry.host}/b:v1`),
      () => engineWith().copy(`${registry.host}/a:v1`, `${registry.host}/b:v1`, { platform: amd64 }),
    ]) {
      const error = await engineError(run());
      expect(error).toMatchObject({ class: "UnsupportedManifest", code: "ERR_SCHEMA_V1_UNSUPPORTED" });
      expect(error.message).toContain("schema 1");
    }
  }
});

test("[engine/T18] a child of an unknown type is passed over by a pull for a platform, and copied as it is with all", async () => {
  const strange = blobFixture("application/vnd.strange+json", Buffer.from("{}"));
  const index = platformIndex([{ architecture: "amd64", graph: imageOf(1) }], [{ ...strange.descriptor, platform: amd64 }]);
  const registry = await holding({ ...index, blobs: [strange] });
  const [one] = await engineWith().pull(`${registry.host}/a:v1`, { platform: amd64 });
  expect(one).toMatchObject({ digest: index.children[0]?.manifest.digest, index: { digest: index.manifest.digest } });
  await engineWith().copy(`${registry.host}/a:v1`, `${registry.host}/b:v1`);
  expect(registry.tags.get("b v1")).toBe(index.manifest.digest);
  expect(registry.blobs.has(`b ${strange.descriptor.digest}`)).toBe(true);
});

test("[engine/T19] a pull takes the image for the platform; without one, the error names what there is", async () => {
  const attestation = { ...imageOf(1, { seed: 9 }).manifest.descriptor, platform: { os: "unknown", architecture: "unknown" } };
  const index = platformIndex(
    [
      { architecture: "arm64", graph: imageOf(1, { seed: 2 }) },
      { architecture: "amd64", graph: imageOf(1) },
    ],
    [attestation],
  );
  const registry = await holding(index);
  const pulled = async (platform: typeof amd64): Promise<string | undefined> =>
    (await engineWith({ platform }).pull(`${registry.host}/a:v1`))[0]?.digest;
  expect(await pulled(amd64)).toBe(index.children[1]?.manifest.digest);
  expect(await pulled(arm64)).toBe(index.children[0]?.manifest.digest);
  const error = await engineError(engineWith().pull(`${registry.host}/a:v1`, { platform: { os: "linux", architecture: "s390x" } }));
  expect(error).toMatchObject({ class: "NoMatchingPlatform", hint: { kind: "list-platforms" } });
  expect(error.message).toMatch(/there are images for linux\/arm64, linux\/amd64(?!, )/);
  expect(await engineWith().resolve(`${registry.host}/a:v1`, { platform: arm64 })).toMatchObject({
    digest: index.children[0]?.manifest.digest,
  });
});

test("[engine/T19] a single image must be for a platform that was asked for, and need not be for one that was not", async () => {
  const graph = randomImage(new Random(1), { platform: arm64 });
  const registry = await holding(graph);
  expect(await engineWith({ platform: amd64 }).pull(`${registry.host}/a:v1`)).toHaveLength(1);
  expect(await engineWith().pull(`${registry.host}/a:v1`, { platform: arm64 })).toHaveLength(1);
  expect(await engineError(engineWith().pull(`${registry.host}/a:v1`, { platform: amd64 }))).toMatchObject({ class: "NoMatchingPlatform" });
  const artifact = await holding(artifactOf("x"));
  expect(await engineError(engineWith().resolve(`${artifact.host}/a:v1`, { platform: amd64 }))).toMatchObject({
    class: "NoMatchingPlatform",
  });
});

test("indexes within indexes are searched; attestations are no images", async () => {
  const image = imageOf(1);
  const inner = platformIndex([{ architecture: "amd64", graph: image }]);
  const attestation = imageOf(1, { seed: 9 });
  const annotations = { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.manifest.digest };
  const entries = [{ ...attestation.manifest.descriptor, annotations, platform: amd64 }, inner.manifest.descriptor];
  const top = manifestOf({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: entries }, MEDIA_TYPES.ociIndex);
  const registry = await holding({ manifest: top, blobs: [], children: [inner, attestation] });
  expect(await engineWith().pull(`${registry.host}/a:v1`, { platform: amd64 })).toMatchObject([{ digest: image.manifest.digest }]);
});

test("all tags of a repository are pulled, and what they share once", async () => {
  const registry = await startFake();
  const image = imageOf(2);
  for (const tag of ["v1", "v2", "v3"]) registry.put("a", image, tag);
  const results = await engineWith().pull(`${registry.host}/a`, { allTags: true });
  expect(results.map(({ tag }) => tag)).toEqual(["v1", "v2", "v3"]);
  expect(registry.count("GET a/blobs")).toBe(3);
});

test("[engine/T14] a tag that did not move needs one request", async () => {
  const registry = await holding(imageOf(2));
  const engine = engineWith();
  await engine.pull(`${registry.host}/a:v1`);
  registry.journal.length = 0;
  expect(await engine.pull(`${registry.host}/a:v1`)).toMatchObject([{ outcome: "current" }]);
  expect(registry.journal).toEqual(["HEAD a/manifests/v1"]);
});

test("a pull goes into a layout, an archive or a target, under the tag alone", async () => {
  const image = imageOf(1);
  const registry = await holding(image);
  const folder = await temporaryFolder("pull");
  const store = createMemoryStore();
  const engine = engineWith();
  await engine.pull(`${registry.host}/a:v1`, { into: store });
  expect(await store.resolve("v1")).toMatchObject({ digest: image.manifest.digest });
  await engine.pull(`${registry.host}/a:v1`, { into: `oci:${folder}/layout` });
  await engine.pull(`${registry.host}/a:v1`, { into: `oci-archive:${folder}/a.tar:other` });
  expect(await engine.tags(`oci:${folder}/layout`)).toEqual(["v1"]);
  expect(await engine.tags(`oci-archive:${folder}/a.tar`)).toEqual(["other"]);
  expect(await engine.resolve(`oci-archive:${folder}/a.tar`)).toMatchObject({ digest: image.manifest.digest });
  const gone = await startFake();
  expect(await engineError(engine.pull(`${gone.host}/a:v1`, { into: `oci-archive:${folder}/none.tar` }))).toMatchObject({
    class: "NotFound",
  });
  expect(await engineError(engine.tags(`oci-archive:${folder}/none.tar`))).toMatchObject({ class: "NotFound" });
});

test("[engine/T20] with verify, layers that are not those of the config are refused", async () => {
  const [one, two] = [layerOf([{ path: "a", content: Buffer.from("1") }]), layerOf([{ path: "b", content: Buffer.from("2") }])];
  const config = blobFixture(
    MEDIA_TYPES.ociConfig,
    Buffer.from(JSON.stringify({ ...amd64, rootfs: { type: "layers", diff_ids: [one.diffId, two.diffId] } })),
  );
  const graphOf = (layers: readonly Descriptor[]): ImageGraph => ({
    manifest: imageManifest({ config: config.descriptor, layers }),
    blobs: [config, one, two],
    children: [],
  });
  const registry = await startFake();
  registry.put("a", graphOf([one.descriptor, two.descriptor]), "right");
  registry.put("a", platformIndex([{ architecture: "amd64", graph: graphOf([two.descriptor, one.descriptor]) }]), "swapped");
  const engine = engineWith();
  const into = createMemoryStore();
  for (const platform of [amd64, "all"] as const) {
    expect(await engineError(engine.pull(`${registry.host}/a:swapped`, { verify: true, platform, into }))).toMatchObject({
      class: "RootfsMismatch",
    });
  }
  expect(await Array.fromAsync(into.tags())).toEqual([]); // nothing names what was refused
  expect(await engine.pull(`${registry.host}/a:right`, { verify: true, into })).toHaveLength(1);
  expect(await Array.fromAsync(into.tags())).toEqual(["right"]);
});
