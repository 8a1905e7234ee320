import { join } from "node:path";
import { MEDIA_TYPES } from "@berth/oci";
import { manifestOf } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { engineError, engineWith } from "../engine/engine.test-kit.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyTags } from "./copy-tags.ts";
import { type FakeRegistry, imageOf, short, startFake } from "./copy.test-kit.ts";

const STRANGE = "application/vnd.strange+json";
const strange = manifestOf({ mediaType: STRANGE, note: "of nobody here" }, STRANGE);

async function holding(manifest = strange, mediaType: string = manifest.mediaType): Promise<FakeRegistry> {
  const registry = await startFake();
  registry.putManifest("a", { ...manifest, mediaType }, "v1");
  return registry;
}

test.each([[{}], [{ atomic: true }], [{ recheck: true }]])(
  "[engine/T18] what a tag names is copied as a manifest, also of an unknown type: between registries, %j",
  async (options) => {
    const [from, to] = [await holding(), await startFake()];
    to.options = { answer: ({ url = "" }, response) => url.includes("/blobs/") && !!response.writeHead(500).end() };
    const { digest } = strange;
    await copy(from.repository("a"), "v1", to.repository("b"), undefined, options);
    expect([to.tags.get("b v1"), to.manifests.get(`b ${digest}`)]).toEqual([digest, { bytes: strange.bytes, mediaType: STRANGE }]);
    const again = await copyTags(from.repository("a"), undefined, to.repository("b"), options);
    expect(again.tags).toMatchObject([{ outcome: "unchanged", digest: digest }]);
    await copy(from.repository("a"), digest, to.repository("b"), ["v2", "v3"], options);
    expect(["b v2", "b v3"].map((tag) => to.tags.get(tag))).toEqual([digest, digest]);
    const bare = await startFake();
    await copy(from.repository("a"), digest, bare.repository("c"), undefined, options);
    expect([...bare.manifests.keys()]).toEqual([`c ${digest}`]);
    expect(from.journal.filter((line) => line.includes("/blobs/"))).toEqual([]);
  },
);

test.each(["memory", "oci", "oci-archive"])(
  "a manifest of an unknown type goes with its tag into another place, and out of it: %s",
  async (into) => {
    const registry = await holding();
    const store = createMemoryStore();
    const place = `${into}:${join(await temporaryFolder("strange"), "place")}`;
    const engine = engineWith();
    if (into === "memory") {
      await engine.pull(`${registry.host}/a:v1`, { into: store });
      await engine.push(`${registry.host}/b:v1`, { from: store });
    } else {
      await engine.pull(`${registry.host}/a:v1`, { into: `${place}:v1` });
      expect(await engine.resolve(`${place}:v1`)).toMatchObject(strange.descriptor);
      await engine.copy(`${place}:v1`, `${registry.host}/b:v1`);
    }
    expect([registry.tags.get("b v1"), registry.manifests.get(`b ${strange.digest}`)?.mediaType]).toEqual([strange.digest, STRANGE]);
  },
);

test.each(["oci", "oci-archive"])("a manifest of an unknown type that comes by digest alone is no garbage: %s", async (into) => {
  const registry = await holding();
  const place = `${into}:${join(await temporaryFolder("strange"), "place")}`;
  await engineWith().pull(`${registry.host}/a@${strange.digest}`, { into: place });
  expect(await engineWith().resolve(place)).toMatchObject(strange.descriptor);
});

test("a docker archive, and who wants a platform, refuse what is no image for what it is", async () => {
  const registry = await holding();
  const engine = engineWith();
  const archive = `docker-archive:${join(await temporaryFolder("strange"), "a.tar")}`;
  expect(await engineError(engine.copy(`${registry.host}/a:v1`, archive))).toMatchObject({ class: "UnsupportedManifest" });
  const platform = { os: "linux", architecture: "amd64" };
  expect(await engineError(engine.pull(`${registry.host}/a:v1`, { platform }))).toMatchObject({ class: "NoMatchingPlatform" });
});

const schema1 = manifestOf({ schemaVersion: 1, fsLayers: [] }, MEDIA_TYPES.dockerSchema1); // not enough of it for anybody to be sure
const unsaid = ({ bytes }: { readonly bytes: Buffer }): object => ({ ...(JSON.parse(bytes.toString()) as object), mediaType: undefined });

test.each<[string, ReturnType<typeof manifestOf>, string]>([
  ["schema 1", schema1, "UnsupportedManifest"],
  ["an image", imageOf(1).manifest, "InvalidManifest"],
  ["an image that does not say so", manifestOf(unsaid(imageOf(1).manifest), MEDIA_TYPES.ociManifest), "InvalidManifest"],
])("what is called text but is a manifest is not copied without what is below it: %s", async (_, manifest, expected) => {
  const registry = await holding(manifest, "application/json");
  const store = createMemoryStore();
  const engine = engineWith();
  expect(await engineError(engine.pull(`${registry.host}/a:v1`, { into: store }))).toMatchObject({ class: expected });
  expect(await engineError(engine.copy(`${registry.host}/a:v1`, `${registry.host}/b:v1`))).toMatchObject({ class: expected });
  expect([store.bytes, registry.tags.has("b v1")]).toEqual([0, false]);
});

test("what hangs on an image by a tag of its digest is a manifest, also of an unknown type", async () => {
  const image = imageOf(1);
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", image, "v1");
  const tag = `${image.manifest.digest.replace(":", "-")}.note`;
  from.putManifest("a", strange, tag);
  await copy(from.repository("a"), "v1", to.repository("b"), undefined, { digestTags: true });
  expect(to.tags.get(`b ${tag}`)).toBe(strange.digest);
  expect(from.journal).not.toContain(`GET a/blobs/${short(strange)}`);
});

test("a digest without a name is a blob, where one place holds all", async () => {
  const store = createMemoryStore();
  const [blob] = imageOf(1).blobs;
  if (blob === undefined) throw new Error("Cannot find a blob of the image");
  const registry = await startFake();
  const { blobs, manifest } = imageOf(1);
  for (const { descriptor, bytes } of blobs)
    await store.push(
      descriptor,
      (async function* () {
        yield bytes;
      })(),
    );
  await copy(store, blob.descriptor.digest, registry.repository("b"));
  expect([registry.blobs.has(`b ${blob.descriptor.digest}`), registry.manifests.has(`b ${manifest.digest}`)]).toEqual([true, false]);
});
