import { decodeManifest, type Descriptor, MEDIA_TYPES, type Platform } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { imageManifest, indexManifest, type ManifestFixture } from "@berth/testkit/images";
import fc from "fast-check";
import { expect, test } from "vitest";
import { diffConfigs } from "./diff-configs.ts";
import { diffLists } from "./diff-lists.ts";
import { diffManifests } from "./diff-manifests.ts";

const blob = (text: string): Descriptor => descriptorOf(MEDIA_TYPES.ociLayerGzip, Buffer.from(text));
const decode = ({ bytes, mediaType }: ManifestFixture) => decodeManifest(bytes, mediaType);

test("diffLists() shares as much as it can, and gives both lists back", () => {
  const letter = fc.constantFrom("a", "b", "c", "d");
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 12 }), fc.array(letter, { maxLength: 12 }), (before, after) => {
      const items = diffLists(before, after, (item) => item);
      const without = (state: string) => items.filter((one) => one.state !== state).map(({ item }) => item);
      expect(without("added")).toEqual(before);
      expect(without("removed")).toEqual(after);
    }),
  );
  const states = (a: string, b: string) =>
    diffLists(a.split(""), b.split(""), (item) => item).map(({ state, item }) => `${state[0]}${item}`);
  expect(states("abcd", "abxd")).toEqual(["sa", "sb", "rc", "ax", "sd"]);
  expect(states("abc", "xbcy")).toEqual(["ra", "ax", "sb", "sc", "ay"]);
  expect(states("", "")).toEqual([]);
});

test("diffLists() gives up comparing lists that are very long", () => {
  const numbers = Array.from({ length: 3000 }, (_, i) => `${i}`);
  const items = diffLists(numbers, numbers.toReversed(), (item) => item);
  expect(items.filter(({ state }) => state === "shared")).toEqual([]);
  expect(items).toHaveLength(6000);
});

test("diffManifests() tells layers, their bytes, and members that differ", () => {
  const [a, b, c] = [blob("a"), blob("bb"), blob("cccc")];
  const before = decode(imageManifest({ layers: [a, b], annotations: { k: "1", gone: "x" } }));
  const after = decode(imageManifest({ layers: [a, c], annotations: { k: "2" }, artifactType: "a/b", extra: { "x.new": [1] } }));
  expect(diffManifests(before, after)).toEqual({
    fields: [
      { path: ["annotations", "gone"], kind: "removed", before: "x" },
      { path: ["annotations", "k"], kind: "changed", before: "1", after: "2" },
      { path: ["artifactType"], kind: "added", after: "a/b" },
      { path: ["x.new"], kind: "added", after: [1] },
    ],
    layers: [
      { state: "shared", item: a },
      { state: "removed", item: b },
      { state: "added", item: c },
    ],
    layerBytes: { shared: 1, added: 4, removed: 2 },
    entries: [],
  });
  expect(diffManifests(before, before)).toMatchObject({ fields: [], entries: [], layerBytes: { shared: 3, added: 0, removed: 0 } });
});

test("diffManifests() tells what differs in descriptors of layers that both have", () => {
  const titled = (layer: Descriptor, title: string): Descriptor => ({ ...layer, annotations: { title } });
  const [a, b] = [blob("a"), blob("bb")];
  const before = decode(imageManifest({ layers: [titled(a, "1"), b, titled(a, "2")] }));
  const after = decode(imageManifest({ layers: [titled(a, "1"), { ...titled(a, "3"), mediaType: MEDIA_TYPES.dockerLayer }] }));
  const { layers, layerBytes } = diffManifests(before, after);
  expect(layers).toEqual([
    { state: "shared", item: titled(a, "1") },
    { state: "removed", item: b },
    {
      state: "shared",
      item: { ...titled(a, "3"), mediaType: MEDIA_TYPES.dockerLayer },
      changes: [
        { path: ["annotations", "title"], kind: "changed", before: "2", after: "3" },
        { path: ["mediaType"], kind: "changed", before: MEDIA_TYPES.ociLayerGzip, after: MEDIA_TYPES.dockerLayer },
      ],
    },
  ]);
  expect(layerBytes).toEqual({ shared: 2, added: 0, removed: 2 });
});

test("diffManifests() brings entries of indexes together by digest, then by platform", () => {
  const entry = (text: string, architecture?: string): Descriptor => {
    const platform: Platform | undefined = architecture === undefined ? undefined : { os: "linux", architecture };
    return { ...descriptorOf(MEDIA_TYPES.ociManifest, Buffer.from(text)), ...(platform && { platform }) };
  };
  const before = [entry("1", "amd64"), entry("2", "arm64"), entry("3", "s390x"), entry("4")];
  const after = [entry("4"), entry("2b", "arm64"), { ...entry("1", "amd64"), annotations: { k: "v" } }, entry("5", "riscv64"), entry("6")];
  const diff = diffManifests(decode(indexManifest(before)), decode(indexManifest(after)));
  expect(diff.entries).toEqual([
    { platform: undefined, state: "shared", before: before[3], after: after[0] },
    { platform: "linux/arm64", state: "changed", before: before[1], after: after[1] },
    { platform: "linux/amd64", state: "changed", before: before[0], after: after[2] },
    { platform: "linux/riscv64", state: "added", after: after[3] },
    { platform: undefined, state: "added", after: after[4] },
    { platform: "linux/s390x", state: "removed", before: before[2] },
  ]);
});

test("diffManifests() compares manifests of different kinds", () => {
  const diff = diffManifests(decode(imageManifest({ layers: [blob("a")] })), decode(indexManifest([])));
  expect(diff.fields.map(({ path, kind }) => [path[0], kind])).toEqual([
    ["config", "removed"],
    ["mediaType", "changed"],
  ]);
  expect(diff.layers.map(({ state }) => state)).toEqual(["removed"]);
});

test("diffConfigs() tells variables by name, and history and diffIDs as lists", () => {
  const before = {
    os: "linux",
    config: { Env: ["A=1", "B=2"], Cmd: ["x"], Labels: { l: "1" } },
    rootfs: { type: "layers", diff_ids: ["a", "b"] },
    history: [{ created_by: "one" }],
  };
  const after = {
    config: { Env: ["B=3", "C=4"], Cmd: ["x", "y"], Labels: { l: "1" } },
    os: "linux",
    rootfs: { type: "layers", diff_ids: ["a", "c"] },
    history: [{ created_by: "one" }, { created_by: "two" }],
  };
  expect(diffConfigs(before, after)).toEqual({
    fields: [
      { path: ["config", "Cmd"], kind: "changed", before: ["x"], after: ["x", "y"] },
      { path: ["config", "Env", "A"], kind: "removed", before: "1" },
      { path: ["config", "Env", "B"], kind: "changed", before: "2", after: "3" },
      { path: ["config", "Env", "C"], kind: "added", after: "4" },
    ],
    history: [
      { state: "shared", item: { created_by: "one" } },
      { state: "added", item: { created_by: "two" } },
    ],
    diffIds: [
      { state: "shared", item: "a" },
      { state: "removed", item: "b" },
      { state: "added", item: "c" },
    ],
  });
  expect(diffConfigs({}, { config: null }).fields).toEqual([{ path: ["config"], kind: "added", after: null }]);
});
