import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { blobFixture, imageManifest, indexManifest, type ManifestFixture } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { REF_NAME } from "./names.ts";
import type { OciLayout } from "./oci-layout.ts";
import { ingestOf, temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from("{}"));
const imageOf = (name: string): ManifestFixture => imageManifest({ config: config.descriptor, annotations: { name } });
const [one, two] = [imageOf("one"), imageOf("two")];

const pushTags = async (layout: OciLayout, { descriptor, bytes }: ManifestFixture, ...tags: readonly string[]): Promise<void> => {
  await layout.pushTags(descriptor, bytesSource(bytes), tags);
};

/** Name and digest of every entry. */
async function entriesOf({ folder }: OciLayout): Promise<readonly (readonly [string | undefined, string])[]> {
  const { manifests }: { manifests: readonly { digest: string; annotations?: Record<string, string> }[] } = JSON.parse(
    await readFile(join(folder, "index.json"), "utf8"),
  );
  return manifests.map(({ annotations, digest }) => [annotations?.[REF_NAME], digest]);
}

test("a manifest comes with all of its tags, which leave whatever had them", async () => {
  const layout = await temporaryLayout();
  await pushTags(layout, one, "v1", "latest");
  await pushTags(layout, two, "latest", "v2");
  expect(await entriesOf(layout)).toEqual([
    ["v1", one.digest],
    ["latest", two.digest],
    ["v2", two.digest],
  ]);
  await pushTags(layout, one, "v1", "v2"); // it is there
  expect(await entriesOf(layout)).toEqual([
    ["v1", one.digest],
    ["latest", two.digest],
    ["v2", one.digest],
  ]);
  expect(await ingestOf(layout)).toEqual([]);
});

test("the entry that a manifest had without a name becomes that of its first tag", async () => {
  const layout = await temporaryLayout();
  await layout.push(one.descriptor, bytesSource(one.bytes));
  await pushTags(layout, one, "v1");
  expect(await entriesOf(layout)).toEqual([["v1", one.digest]]);
});

test("an index with tags makes the entries of its children needless, but not those that somebody named", async () => {
  const layout = await temporaryLayout();
  await layout.push(one.descriptor, bytesSource(one.bytes));
  await pushTags(layout, two, "two");
  const index = indexManifest([one.descriptor, two.descriptor]);
  await pushTags(layout, index, "all");
  expect(await entriesOf(layout)).toEqual([
    ["two", two.digest],
    ["all", index.digest],
  ]);
});

test("no tags are as a push; a tag that is none is refused before anything is written", async () => {
  const layout = await temporaryLayout();
  await pushTags(layout, one);
  expect(await entriesOf(layout)).toEqual([[undefined, one.digest]]);
  await expect(pushTags(layout, two, "v1", "no tag")).rejects.toMatchObject({ code: "ERR_INVALID_REFERENCE" });
  expect(await layout.exists(two.descriptor)).toBe(false);
  expect(await entriesOf(layout)).toEqual([[undefined, one.digest]]);
});

test("of a layout that is made with its content, all is there when the first push is through", async () => {
  const layout = await temporaryLayout({ create: "with-content" });
  await pushTags(layout, one, "v1");
  expect(JSON.parse(await readFile(join(layout.folder, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
  expect(await entriesOf(layout)).toEqual([["v1", one.digest]]);
});
