import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { blobFixture, type ImageGraph, imageManifest, Random, randomIndex } from "@berth/testkit/images";
import { createScratch, type PartName, requirePart, run, type Scratch, writeTinyImage } from "@berth/testkit/parts";
import { copy, createMemoryStore, type MemoryTarget, type OciLayout, openLayout } from "@berth/transfer";
import { afterEach, beforeEach, expect, test } from "vitest";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => await scratch.remove());

/** Runs a part in a home of its own, and gives what it says. */
async function tool(part: PartName, command: string, ...args: readonly string[]): Promise<string> {
  return (await run(requirePart(part).command(command), args, { env: { HOME: scratch.path } })).stdout;
}

const skopeo = async (...args: readonly string[]): Promise<string> => await tool("skopeo", "skopeo", "--insecure-policy", ...args);
const oras = async (...args: readonly string[]): Promise<string> => await tool("oras", "oras", ...args);
const umoci = async (...args: readonly string[]): Promise<string> => await tool("umoci-sid", "umoci", ...args);

async function fill(store: MemoryTarget, graph: ImageGraph): Promise<void> {
  for (const child of graph.children) await fill(store, child);
  for (const { descriptor, bytes } of [...graph.blobs, graph.manifest]) await store.push(descriptor, bytesSource(bytes));
}

interface Written {
  readonly layout: OciLayout;
  /** A runnable image for one platform. */
  readonly tiny: Descriptor;
  /** An index of two images. */
  readonly all: Descriptor;
  /** Refers to the index. */
  readonly sbom: Descriptor;
}

/** A layout that we wrote. */
async function ourLayout(name: string = "ours"): Promise<Written> {
  const layout = await openLayout(scratch.join(name), { create: true });
  const image = await writeTinyImage(scratch.join(`tiny-${name}`), { hello: "hello", tag: "1" });
  await copy(await openLayout(image.path), "1", layout, "tiny");
  const store = createMemoryStore();
  const graph = randomIndex(
    new Random(1),
    ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture })),
  );
  await fill(store, graph);
  const all = graph.manifest.descriptor;
  const config = blobFixture(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
  const sbom = imageManifest({ config: config.descriptor, layers: [config.descriptor], subject: all, artifactType: "application/sbom" });
  for (const { descriptor, bytes } of [config, sbom]) await store.push(descriptor, bytesSource(bytes));
  await store.tag(all, "all");
  await copy(store, "all", layout, "all", { referrers: true });
  return { layout, tiny: await layout.resolve("tiny"), all, sbom: sbom.descriptor };
}

async function tagsOf(layout: OciLayout): Promise<readonly string[]> {
  return await Array.fromAsync(layout.tags());
}

/** The layout holds exactly that under the name, and all of it is right. */
async function expectWhole(folder: string, name: string, expected: Descriptor): Promise<OciLayout> {
  const layout = await openLayout(folder);
  expect((await layout.resolve(name)).digest).toBe(expected.digest);
  expect((await layout.check()).problems).toEqual([]);
  const memory = createMemoryStore();
  await copy(layout, name, memory, "copied");
  expect((await memory.resolve("copied")).digest).toBe(expected.digest);
  return layout;
}

describeWithParts("OCI layouts and skopeo", ["busybox", "skopeo"], () => {
  test("[engine/T32] skopeo reads what we write, and we read what it writes: digests are the same", async () => {
    const { layout, tiny, all } = await ourLayout();
    await skopeo("copy", "--preserve-digests", `oci:${layout.folder}:tiny`, `oci:${scratch.join("theirs")}:one`);
    await expectWhole(scratch.join("theirs"), "one", tiny);
    await skopeo("copy", "--all", "--preserve-digests", `oci:${layout.folder}:all`, `oci:${scratch.join("theirs")}:every`);
    const theirs = await expectWhole(scratch.join("theirs"), "every", all);
    expect(await tagsOf(theirs)).toEqual(["every", "one"]);
    const raw = await skopeo("inspect", "--raw", `oci:${layout.folder}:tiny`);
    expect(Buffer.byteLength(raw)).toBe(tiny.size);
  });

  test("skopeo and we write the same layout in turn, and nothing is lost", async () => {
    const { layout, tiny, all } = await ourLayout();
    await skopeo("copy", "--preserve-digests", `oci:${layout.folder}:tiny`, `oci:${layout.folder}:theirs`);
    await layout.tag(tiny, "mine");
    await skopeo("copy", "--all", "--preserve-digests", `oci:${layout.folder}:all`, `oci:${layout.folder}:mine`);
    expect(await tagsOf(layout)).toEqual(["all", "mine", "theirs", "tiny"]);
    for (const [name, { digest }] of [
      ["all", all],
      ["mine", all],
      ["theirs", tiny],
      ["tiny", tiny],
    ] as const) {
      expect((await layout.resolve(name)).digest, name).toBe(digest);
    }
    expect((await layout.gc({ graceMs: 0 })).removed).toEqual([]);
  });
});

describeWithParts("OCI layouts and oras", ["busybox", "oras"], () => {
  test("[engine/T32] oras reads what we write, referrers too, and we read what it writes", async () => {
    const { layout, tiny, all, sbom } = await ourLayout();
    for (const [name, { digest }] of [
      ["tiny", tiny],
      ["all", all],
    ] as const) {
      const found: { readonly digest: string } = JSON.parse(
        await oras("manifest", "fetch", "--descriptor", "--oci-layout", `${layout.folder}:${name}`),
      );
      expect(found.digest).toBe(digest);
    }
    expect(await oras("discover", "--format", "json", "--oci-layout", `${layout.folder}:all`)).toContain(sbom.digest);
    await oras("cp", "-r", "--from-oci-layout", `${layout.folder}:all`, "--to-oci-layout", `${scratch.join("theirs")}:every`);
    const theirs = await expectWhole(scratch.join("theirs"), "every", all);
    expect((await Array.fromAsync(theirs.referrers(all))).map(({ digest }) => digest)).toEqual([sbom.digest]);
    expect(await theirs.exists(sbom)).toBe(true);
  });

  test("oras and we write the same layout in turn, and nothing is lost", async () => {
    const { layout, tiny, all } = await ourLayout();
    await oras("tag", "--oci-layout", `${layout.folder}:tiny`, "theirs");
    await layout.tag(all, "mine");
    await oras("tag", "--oci-layout", `${layout.folder}:mine`, "again");
    await layout.untag("tiny");
    expect(await tagsOf(layout)).toEqual(["again", "all", "mine", "theirs"]);
    expect((await layout.resolve("theirs")).digest).toBe(tiny.digest);
    expect((await oras("repo", "tags", "--oci-layout", layout.folder)).trim().split("\n").sort()).toEqual(await tagsOf(layout));
    expect((await layout.check()).problems).toEqual([]);
  });
});

describeWithParts("OCI layouts and umoci", ["busybox", "umoci", "umoci-sid"], () => {
  test("[engine/T32] umoci lists, unpacks and collects what we write, and we read what it writes", async () => {
    const { layout, tiny, all, sbom } = await ourLayout();
    expect((await umoci("ls", "--layout", layout.folder)).trim().split("\n").sort()).toEqual(["all", "tiny"]);
    await umoci("unpack", "--image", `${layout.folder}:tiny`, scratch.join("bundle"));
    expect(await tool("busybox", "busybox", "cat", scratch.join("bundle", "rootfs", "hello"))).toBe("hello");
    await umoci("tag", "--image", `${layout.folder}:tiny`, "theirs");
    await umoci("config", "--image", `${layout.folder}:tiny`, "--tag", "changed", "--author", "somebody");
    await umoci("gc", "--layout", layout.folder);
    await expectWhole(layout.folder, "theirs", tiny);
    expect(await tagsOf(layout)).toEqual(["all", "changed", "theirs", "tiny"]);
    expect((await layout.resolve("changed")).digest).not.toBe(tiny.digest);
    expect((await Array.fromAsync(layout.referrers(all))).map(({ digest }) => digest)).toEqual([sbom.digest]);
  });

  test("umoci unpacks what is left after we collected garbage", async () => {
    const { layout, tiny, all, sbom } = await ourLayout();
    await layout.delete(all);
    await layout.delete(sbom);
    expect((await layout.gc({ graceMs: 0 })).removed.length).toBeGreaterThan(3);
    await umoci("unpack", "--image", `${layout.folder}:tiny`, scratch.join("bundle"));
    await expectWhole(layout.folder, "tiny", tiny);
  });

  test("a layout that umoci makes is one to us", async () => {
    const folder = scratch.join("new");
    await umoci("init", "--layout", folder);
    await umoci("new", "--image", `${folder}:empty`);
    const layout = await openLayout(folder);
    expect(await tagsOf(layout)).toEqual(["empty"]);
    await expectWhole(folder, "empty", await layout.resolve(""));
  });
});
