import { readdir, readFile, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { type BlobFixture, blobFixture, imageManifest, indexManifest, manifestOf } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { failingAfter } from "../testing/target-contract.test-kit.ts";
import type { GcOptions } from "./collect-garbage.ts";
import { acquireLock } from "./file-lock.ts";
import type { OciLayout } from "./oci-layout.ts";
import { openLayout } from "./open-layout.ts";
import { ingestOf, temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from("{}"));
const layers = ["one", "two", "three"].map((text) => blobFixture(MEDIA_TYPES.ociLayer, Buffer.from(text)));
const images = layers.map(({ descriptor }) => imageManifest({ config: config.descriptor, layers: [descriptor] }));
const [one, two, three] = images;
const index = indexManifest(images.slice(0, 2).map(({ descriptor }) => descriptor));
const sbom = imageManifest({ config: config.descriptor, subject: index.descriptor, artifactType: "a/sbom" });
const seal = imageManifest({ config: config.descriptor, subject: sbom.descriptor, artifactType: "a/seal" });
const custom = manifestOf({ schemaVersion: 2, config: config.descriptor, layers: [layers[2]?.descriptor] }, "application/vnd.own+json");
const NOW: GcOptions = { graceMs: 0, ingestGraceMs: 0 };

type Content = Pick<BlobFixture, "descriptor" | "bytes">;

async function layoutWith(
  content: readonly (Content | undefined)[],
  tags: Readonly<Record<string, Content | undefined>> = {},
): Promise<OciLayout> {
  const layout = await temporaryLayout();
  for (const one of content) if (one !== undefined) await layout.push(one.descriptor, bytesSource(one.bytes));
  for (const [tag, one] of Object.entries(tags)) if (one !== undefined) await layout.tag(one.descriptor, tag);
  return layout;
}

const everything = [config, ...layers, ...images, index, sbom, seal];
const blobPath = (layout: OciLayout, { digest }: Descriptor): string => join(layout.folder, "blobs", ...digest.split(":"));
const blobsOf = async (layout: OciLayout): Promise<readonly string[]> => await readdir(join(layout.folder, "blobs", "sha256"));

test("gc() removes what nothing leads to, and says what and how much", async () => {
  const layout = await layoutWith(everything, { all: index });
  expect(await layout.gc(NOW)).toMatchObject({ removed: [], removedBytes: 0, keptBlobs: everything.length });
  await layout.delete(three?.descriptor ?? config.descriptor);
  const orphan = layers[2]?.descriptor ?? config.descriptor;
  const expected = { removed: [{ kind: "blob", name: orphan.digest, size: orphan.size }], removedBytes: orphan.size };
  expect(await layout.gc({ ...NOW, dryRun: true })).toMatchObject(expected);
  expect(await blobsOf(layout)).toHaveLength(everything.length - 1);
  expect(await layout.gc(NOW)).toMatchObject({ ...expected, keptBlobs: everything.length - 2 });
  expect(await blobsOf(layout)).toHaveLength(everything.length - 2);
  expect((await layout.check()).problems).toEqual([]);
});

test("gc() of an index that was deleted takes its images along; what they refer to others stays", async () => {
  const layout = await layoutWith(everything, { all: index, third: three });
  await layout.delete(index.descriptor);
  await layout.gc(NOW);
  const left = [three, sbom, seal, config, layers[2]].map((kept) => kept?.descriptor.digest.slice(7) ?? "");
  expect([...(await blobsOf(layout))].sort()).toEqual(left.sort());
});

test("gc() of what has no name spares what refers to something that stays, however indirectly", async () => {
  const layout = await layoutWith([seal, sbom, ...everything], { all: index });
  expect(await layout.gc({ ...NOW, untagged: true, dryRun: true })).toMatchObject({ removedBytes: 5 + (three?.bytes.byteLength ?? 0) });
  const { removed } = await layout.gc({ ...NOW, untagged: true });
  expect(removed.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
    [`entry ${three?.digest}`, `blob ${three?.digest}`, `blob ${layers[2]?.descriptor.digest}`].sort(),
  );
  await layout.untag("all");
  await layout.gc({ ...NOW, untagged: true });
  expect(await blobsOf(layout)).toEqual([]);
  const { manifests } = JSON.parse(await readFile(join(layout.folder, "index.json"), "utf8"));
  expect(manifests).toEqual([]);
});

test("gc() leaves content alone that came or was asked for a short while ago", async () => {
  const [first, second] = layers;
  const layout = await layoutWith([first, second]);
  const old = new Date(Date.now() - 2 * 3_600_000);
  for (const layer of [first, second]) await utimes(blobPath(layout, layer?.descriptor ?? config.descriptor), old, old);
  expect(await layout.exists(first?.descriptor ?? config.descriptor)).toBe(true);
  expect((await layout.gc()).removed.map(({ name }) => name)).toEqual([second?.descriptor.digest]);
});

test("gc() knows what manifests of other kinds need", async () => {
  const layout = await layoutWith([config, ...layers, custom], { own: custom });
  const { removed } = await layout.gc(NOW);
  expect(new Set(removed.map(({ name }) => name))).toEqual(new Set([layers[0], layers[1]].map((layer) => layer?.descriptor.digest)));
});

test("gc() removes nothing when a manifest cannot be read", async () => {
  const layout = await layoutWith(everything, { all: index });
  await truncate(blobPath(layout, one?.descriptor ?? config.descriptor), 3);
  await expect(layout.gc(NOW)).rejects.toMatchObject({ code: "ERR_INVALID_LAYOUT" });
  expect(await blobsOf(layout)).toHaveLength(everything.length);
  await layout.delete(one?.descriptor ?? config.descriptor);
  await layout.gc(NOW);
  expect((await layout.check()).problems).toMatchObject([{ kind: "missing-child", digest: one?.digest, from: index.digest }]);
});

test("gc() removes what pushes left long ago, unless one is at work on it", async () => {
  const layout = await layoutWith([two], { two });
  const reason = new Error("cut");
  const large = [1, 2, 3].map((fill) => blobFixture("x/y", Buffer.alloc(3 << 20, fill)));
  for (const { descriptor, bytes } of large) {
    await expect(layout.push(descriptor, failingAfter(bytes.subarray(0, 2 << 20), reason))).rejects.toBe(reason);
  }
  const [locked, old, fresh] = large.map(({ descriptor }) => descriptor.digest.replace(":", "-"));
  const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);
  const ingest = (name: string | undefined): string => join(layout.folder, "ingest", name ?? "");
  for (const name of [locked, old]) await utimes(ingest(name), twoDaysAgo, twoDaysAgo);
  await writeFile(ingest("tmp-left"), "left");
  await utimes(ingest("tmp-left"), twoDaysAgo, twoDaysAgo);
  const lock = await acquireLock(`${ingest(locked)}.lock`, { what: "it", timeoutMs: 0 });
  const expected = new Set([old, "tmp-left"].map((name) => ({ kind: "ingest", name, size: name === old ? 2 << 20 : 4 })));
  for (const dryRun of [true, false]) expect(new Set((await layout.gc({ dryRun })).removed)).toEqual(expected);
  expect(await ingestOf(layout)).toEqual([`${locked}`, `${locked}.lock`, `${fresh}`].sort());
  await lock.release();
});

test("check() names everything that is wrong", async () => {
  const layout = await layoutWith(everything, { all: index, third: three });
  expect(await layout.check()).toEqual({ problems: [], blobs: everything.length, bytes: expect.any(Number) });
  const [first, second, third] = layers.map(({ descriptor }) => descriptor);
  if (!first || !second || !third || !two || !one) throw new TypeError("there are three");
  await writeFile(blobPath(layout, first), "eno");
  await truncate(blobPath(layout, second), 1);
  await layout.delete(third);
  await layout.delete(two.descriptor);
  const path = join(layout.folder, "index.json");
  const content: { manifests: object[] } = JSON.parse(await readFile(path, "utf8"));
  const bad = blobFixture(MEDIA_TYPES.ociManifest, Buffer.from("no json"));
  await writeFile(blobPath(layout, bad.descriptor), bad.bytes);
  const gone = { ...one.descriptor, digest: `sha256:${"0".repeat(64)}` };
  await writeFile(path, JSON.stringify({ ...content, manifests: [...content.manifests, { size: 1 }, gone, bad.descriptor] }));
  const { problems } = await (await openLayout(layout.folder)).check();
  const found = problems.map(({ kind, digest }) => `${kind} ${digest}`).sort();
  expect(found).toEqual(
    [
      "malformed-entry undefined",
      `dangling-entry ${gone.digest}`,
      `missing ${third.digest}`,
      `missing-child ${two.digest}`,
      `unreadable ${bad.descriptor.digest}`,
      `wrong-digest ${first.digest}`,
      `wrong-digest ${second.digest}`,
    ].sort(),
  );
  expect((await layout.check({ verify: false })).problems.map(({ kind }) => kind)).not.toContain("wrong-digest");
});

test("check() does not miss what may be elsewhere", async () => {
  const foreign = { ...blobFixture(MEDIA_TYPES.ociForeignLayer, Buffer.from("far")).descriptor, urls: ["https://example.com/far"] };
  const image = imageManifest({ config: config.descriptor, layers: [foreign], subject: index.descriptor });
  const layout = await layoutWith([config, image], { v1: image });
  expect((await layout.check()).problems).toEqual([]);
});
