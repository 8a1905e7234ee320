import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { blobFixture, imageManifest, indexManifest, type ManifestFixture } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { CONTAINERD_NAME, REF_NAME } from "./names.ts";
import type { OciLayout } from "./oci-layout.ts";
import { openLayout } from "./open-layout.ts";
import { temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from("{}"));
const imageOf = (name: string): ManifestFixture => imageManifest({ config: config.descriptor, annotations: { name } });
const [one, two, three] = [imageOf("one"), imageOf("two"), imageOf("three")];

interface Entry extends Record<string, unknown> {
  readonly digest: string;
}

async function entriesOf({ folder }: { readonly folder: string }): Promise<readonly Entry[]> {
  const { manifests }: { manifests: readonly Entry[] } = JSON.parse(await readFile(join(folder, "index.json"), "utf8"));
  return manifests;
}

const named = (image: ManifestFixture, annotations: Readonly<Record<string, string>>): object => ({ ...image.descriptor, annotations });

/** A layout as another tool wrote it. */
async function foreignLayout(manifests: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): Promise<OciLayout> {
  const layout = await temporaryLayout();
  for (const { descriptor, bytes } of [one, two, three]) {
    await writeFile(join(layout.folder, "blobs", ...descriptor.digest.split(":")), bytes);
  }
  await writeFile(join(layout.folder, "index.json"), JSON.stringify({ schemaVersion: 2, ...more, manifests }, null, 3));
  return layout;
}

const push = async (layout: OciLayout, { descriptor, bytes }: ManifestFixture): Promise<void> => {
  await layout.push(descriptor, bytesSource(bytes));
};

test("what others wrote into index.json stays", async () => {
  const strange = { mediaType: "x/y", digest: `blake3:${"a".repeat(64)}`, size: 1, unknown: [1] };
  const own = { ...named(one, { [REF_NAME]: "one", "org.example": "x" }), platform: { os: "linux", architecture: "amd64" }, own: { a: 1 } };
  const layout = await foreignLayout([own, strange, "nonsense", null], { annotations: { by: "others" }, unknown: true });
  await layout.tag(two.descriptor, "two");
  await layout.tag(one.descriptor, "first");
  expect(JSON.parse(await readFile(join(layout.folder, "index.json"), "utf8"))).toEqual({
    schemaVersion: 2,
    annotations: { by: "others" },
    unknown: true,
    manifests: [own, strange, "nonsense", null, named(two, { [REF_NAME]: "two" }), named(one, { [REF_NAME]: "first" })],
  });
  expect(await layout.resolve("one")).toEqual({ ...one.descriptor, platform: own.platform, annotations: { "org.example": "x" } });
  await layout.untag("one");
  const unnamed = { ...own, annotations: { "org.example": "x" } };
  expect((await entriesOf(layout)).slice(0, 4)).toEqual([unnamed, strange, "nonsense", null]);
  await layout.untag("first");
  expect((await entriesOf(layout)).slice(4)).toEqual([named(two, { [REF_NAME]: "two" })]);
});

test("names are found as skopeo, oras, BuildKit and containerd write them", async () => {
  const layout = await foreignLayout([
    named(one, { [REF_NAME]: "latest", [CONTAINERD_NAME]: "docker.io/library/alpine:latest" }),
    named(two, { [REF_NAME]: "registry.example.com/app:v2" }),
    named(three, { [CONTAINERD_NAME]: "ghcr.io/org/tool:3.1" }),
  ]);
  expect(await Array.fromAsync(layout.tags())).toEqual(["ghcr.io/org/tool:3.1", "latest", "registry.example.com/app:v2"]);
  for (const [name, { digest }] of [
    ["latest", one],
    ["docker.io/library/alpine:latest", one],
    ["alpine:latest", one],
    ["registry.example.com/app:v2", two],
    ["v2", two],
    ["ghcr.io/org/tool:3.1", three],
    ["3.1", three],
  ] as const) {
    expect((await layout.resolve(name)).digest, name).toBe(digest);
  }
  for (const missing of ["alpine", "v3", "org/tool:3.1", "docker.io/library/alpine:edge"]) {
    await expect(layout.resolve(missing), missing).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  }
});

test("a tag that several images have does not say which; whole references do, and a tag given here does", async () => {
  const layout = await foreignLayout([
    named(one, { [REF_NAME]: "latest", [CONTAINERD_NAME]: "docker.io/library/alpine:latest" }),
    named(two, { [REF_NAME]: "latest", [CONTAINERD_NAME]: "docker.io/library/busybox:latest" }),
  ]);
  const both = ["docker.io/library/alpine:latest", "docker.io/library/busybox:latest"];
  await expect(layout.resolve("latest")).rejects.toMatchObject({ code: "ERR_AMBIGUOUS_NAME", reference: "latest", choices: both });
  await expect(layout.untag("latest")).rejects.toMatchObject({ code: "ERR_AMBIGUOUS_NAME" });
  expect(await Array.fromAsync(layout.tags())).toEqual(both);
  for (const [at, { digest }] of [one, two].entries()) expect((await layout.resolve(both[at] ?? "")).digest).toBe(digest);
  await layout.tag(three.descriptor, "latest");
  expect((await layout.resolve("latest")).digest).toBe(three.digest);
  expect(await Array.fromAsync(layout.tags())).toEqual([...both, "latest"]);
  await layout.untag(both[0] ?? "");
  expect(await Array.fromAsync(layout.tags())).toEqual([both[1], "latest"]);
});

test("of entries with the same name the last counts, as tools that only append mean it", async () => {
  const layout = await foreignLayout([named(one, { [REF_NAME]: "v1" }), named(two, { [REF_NAME]: "v1" })]);
  expect((await layout.resolve("v1")).digest).toBe(two.digest);
  await layout.tag(three.descriptor, "v1");
  expect((await layout.resolve("v1")).digest).toBe(three.digest);
  expect(await Array.fromAsync(layout.tags())).toEqual(["v1"]);
});

test("no name means the only image, or the only one with a name", async () => {
  const layout = await temporaryLayout();
  await expect(layout.resolve("")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  await push(layout, one);
  expect((await layout.resolve("")).digest).toBe(one.digest);
  await push(layout, two);
  await expect(layout.resolve("")).rejects.toMatchObject({ code: "ERR_AMBIGUOUS_NAME", choices: [one.digest, two.digest] });
  await layout.tag(two.descriptor, "v1");
  await layout.tag(two.descriptor, "v2");
  expect(await layout.resolve("")).toEqual(two.descriptor);
  await layout.tag(one.descriptor, "v3");
  await expect(layout.resolve("")).rejects.toMatchObject({ code: "ERR_AMBIGUOUS_NAME", choices: ["v1", "v2", "v3"] });
});

test("a manifest has one entry until it has several names, and an index makes its children's needless", async () => {
  const layout = await temporaryLayout();
  const index = indexManifest([one.descriptor, two.descriptor]);
  for (const manifest of [one, two, three, index]) await push(layout, manifest);
  expect((await entriesOf(layout)).map(({ digest }) => digest)).toEqual([three.digest, index.digest]);
  await layout.tag(index.descriptor, "all");
  await layout.tag(three.descriptor, "three");
  await layout.tag(one.descriptor, "one");
  const entries = [named(three, { [REF_NAME]: "three" }), named(index, { [REF_NAME]: "all" }), named(one, { [REF_NAME]: "one" })];
  expect(await entriesOf(layout)).toEqual(entries);
  for (const { digest, mediaType, descriptor } of [one, two]) {
    expect(await layout.resolve(digest)).toMatchObject({ mediaType, digest });
    expect(await layout.exists(descriptor)).toBe(true);
  }
});

test("what nothing leads to any more does not exist, and comes back when it is pushed", async () => {
  const layout = await temporaryLayout();
  const index = indexManifest([one.descriptor, two.descriptor]);
  for (const manifest of [one, two, index]) await push(layout, manifest);
  await layout.delete(index.descriptor);
  expect([await layout.exists(one.descriptor), await layout.exists(two.descriptor)]).toEqual([false, false]);
  await push(layout, one);
  const again = await openLayout(layout.folder);
  expect([await again.exists(one.descriptor), await again.exists(two.descriptor)]).toEqual([true, false]);
});

test("changes of another process are seen at once", async () => {
  const layout = await temporaryLayout();
  const other = await openLayout(layout.folder);
  for (const tag of ["a", "b"]) {
    await push(layout, one);
    await layout.tag(one.descriptor, tag);
    expect((await other.resolve(tag)).digest).toBe(one.digest);
    await other.untag(tag);
    await expect(layout.resolve(tag)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  }
});

test("changes made at the same time are written together, and each fails by itself", async () => {
  const layout = await temporaryLayout();
  await push(layout, one);
  const results = await Promise.allSettled([
    ...Array.from({ length: 50 }, async (_, at) => await layout.tag(one.descriptor, `v${at}`)),
    layout.untag("never"),
  ]);
  expect(results.map(({ status }) => status)).toEqual([...Array.from({ length: 50 }, () => "fulfilled"), "rejected"]);
  expect(await Array.fromAsync(layout.tags())).toHaveLength(50);
});

test("a change that changes nothing writes nothing", async () => {
  const layout = await temporaryLayout();
  await push(layout, one);
  await layout.tag(one.descriptor, "v1");
  const before = await readFile(join(layout.folder, "index.json"));
  await layout.tag(one.descriptor, "v1");
  await push(layout, one);
  expect(await readFile(join(layout.folder, "index.json"))).toEqual(before);
  await expect(readFile(join(layout.folder, "ingest"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("openLayout() tells what is no layout, and makes one only when asked", async () => {
  const folder = await temporaryFolder();
  const missing = join(folder, "a", "b");
  await expect(openLayout(missing)).rejects.toMatchObject({ code: "ERR_LAYOUT_NOT_FOUND", folder: missing });
  await expect(openLayout(missing, { create: true, readOnly: true })).rejects.toMatchObject({ code: "ERR_LAYOUT_NOT_FOUND" });
  const layout = await openLayout(missing, { create: true });
  expect(layout.folder).toBe(missing);
  expect(JSON.parse(await readFile(join(missing, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
  await push(layout, one);
  await layout.tag(one.descriptor, "v1");
  expect((await (await openLayout(missing, { create: true })).resolve("v1")).digest).toBe(one.digest);
  await writeFile(join(folder, "file"), "");
  await expect(openLayout(join(folder, "file", "x"))).rejects.toMatchObject({ code: "ERR_LAYOUT_NOT_FOUND" });
});

test("many who make the same layout at the same time lose nothing", async () => {
  const folder = join(await temporaryFolder(), "new");
  const images = Array.from({ length: 8 }, (_, at) => imageOf(`image ${at}`));
  await Promise.all(
    images.map(async (image, at) => {
      const layout = await openLayout(folder, { create: true });
      await push(layout, image);
      await layout.tag(image.descriptor, `v${at}`);
    }),
  );
  expect(await Array.fromAsync((await openLayout(folder)).tags())).toEqual(images.map((_, at) => `v${at}`));
});

test.each([
  ["oci-layout", "{", "ERR_INVALID_LAYOUT"],
  ["oci-layout", '{"imageLayoutVersion":"2.0.0"}', "ERR_INVALID_LAYOUT"],
  ["oci-layout", "[]", "ERR_INVALID_LAYOUT"],
  ["index.json", "", "ERR_INVALID_LAYOUT"],
  ["index.json", "[]", "ERR_INVALID_LAYOUT"],
  ["index.json", '{"schemaVersion":1,"manifests":[]}', "ERR_INVALID_LAYOUT"],
  ["index.json", '{"schemaVersion":2,"manifests":{}}', "ERR_INVALID_LAYOUT"],
  ["index.json", `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.ociManifest}","manifests":[]}`, "ERR_INVALID_LAYOUT"],
  ["index.json", `{"schemaVersion":2,"manifests":[],"deep":${"[".repeat(100)}${"]".repeat(100)}}`, "ERR_INVALID_LAYOUT"],
  ["index.json", '{"schemaVersion":2,"manifests":[1,2,3,4,5,6]}', "ERR_LIMIT_EXCEEDED"],
  ["index.json", JSON.stringify({ schemaVersion: 2, manifests: [], padding: "x".repeat(2000) }), "ERR_LIMIT_EXCEEDED"],
  ["index.json", undefined, "ERR_INVALID_LAYOUT"],
])("%s that is %j is refused with a typed error", async (name, content, code) => {
  const { folder } = await temporaryLayout();
  if (content === undefined) await rm(join(folder, name));
  else await writeFile(join(folder, name), content);
  await expect(openLayout(folder, { maxEntries: 5, maxIndexBytes: 2000 })).rejects.toMatchObject({ code });
});

test("what Go programs write for an empty list is an empty list", async () => {
  const { folder } = await temporaryLayout();
  await writeFile(join(folder, "index.json"), '{"schemaVersion":2,"manifests":null}');
  const layout = await openLayout(folder);
  expect(await Array.fromAsync(layout.tags())).toEqual([]);
  await push(layout, one);
  expect(await entriesOf(layout)).toHaveLength(1);
});

test("limits hold for what is written too", async () => {
  const layout = await temporaryLayout({ maxEntries: 2, maxManifestBytes: 1000 });
  for (const image of [one, two]) await push(layout, image);
  await expect(push(layout, three)).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  await expect(push(layout, imageOf("x".repeat(1000)))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  expect(await entriesOf(layout)).toHaveLength(2);
});

test("a layout that is open for reading only refuses every change, and touches nothing", async () => {
  const { folder } = await foreignLayout([named(one, { [REF_NAME]: "v1" })]);
  await mkdir(join(folder, "ingest"), { recursive: true });
  const layout = await openLayout(folder, { readOnly: true });
  expect((await layout.resolve("v1")).digest).toBe(one.digest);
  expect(await layout.exists(one.descriptor)).toBe(true);
  const calls = [
    push(layout, two),
    layout.push(config.descriptor, bytesSource(config.bytes)),
    layout.tag(one.descriptor, "v2"),
    layout.untag("v1"),
    layout.delete(one.descriptor),
    layout.gc(),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "ERR_ACCESS_DENIED" });
  expect((await layout.gc({ dryRun: true })).removed).toEqual([]);
});

test("a manifest that breaks its rules is refused, and nothing stays", async () => {
  const layout = await temporaryLayout();
  const bad = imageManifest({ extra: { manifests: [] } });
  await expect(push(layout, bad)).rejects.toMatchObject({ code: "ERR_INVALID_MANIFEST" });
  await expect(layout.stat(bad.digest)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});

test("[engine/T32] every reference that a registry takes is a name, and leads back to its image", async () => {
  const layout = await temporaryLayout();
  await push(layout, one);
  const names = [
    "localhost:5000/a__b/c---d:v1",
    "[::1]:5000/team/app:V_1",
    "[2001:db8::1]/app:1",
    "a__b",
    "docker.io/library/a_b:x",
    "v1+build.2",
  ];
  for (const name of names) await layout.tag(one.descriptor, name);
  for (const name of names) expect((await layout.resolve(name)).digest, name).toBe(one.digest);
  for (const name of ["", " ", "a b", "[::1", "a//b", "../a", "a:b:c d", "\n"]) {
    await expect(layout.tag(one.descriptor, name), name).rejects.toMatchObject({ code: "ERR_INVALID_REFERENCE" });
  }
});
