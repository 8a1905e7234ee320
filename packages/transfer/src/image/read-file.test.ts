import { MEDIA_TYPES } from "@berth/oci";
import { describe, expect, test } from "vitest";
import { listFiles } from "./list-files.ts";
import { readFileOf } from "./read-file.ts";
import { bytesOf, type EntrySpec, imageOf, tarOf, type TestImage } from "./testing/archives.ts";

const image = (...layers: readonly (readonly EntrySpec[])[]): TestImage => imageOf(layers.map((specs) => tarOf(...specs)));

async function read(from: TestImage, path: string, followLinks = true): Promise<string> {
  const file = await readFileOf(from, from.descriptor, path, { followLinks });
  return (await bytesOf(file.content)).toString();
}

const debian = image(
  [
    { path: "etc/" },
    { path: "etc/os-release", linkTarget: "../usr/lib/os-release" },
    { path: "lib", linkTarget: "usr/lib" },
    { path: "usr/lib/os-release", text: "Debian" },
    { path: "usr/lib/copy", type: "hardlink", linkTarget: "usr/lib/os-release" },
    { path: "abs", linkTarget: "/../lib/./os-release" },
    { path: "loop", linkTarget: "loop2" },
    { path: "loop2", linkTarget: "/loop" },
    { path: "up", linkTarget: "../../../../etc/passwd" },
    { path: "etc/passwd", text: "in the image" },
    { path: "gone", text: "1" },
    { path: "old/x", text: "1" },
    { path: "pipe", type: "fifo" },
    { path: "large", text: "L".repeat(3_000_000) },
  ],
  [{ path: "usr/lib/os-release", text: "changed" }, { path: ".wh.gone" }, { path: "old/.wh..wh..opq" }, { path: "old/y", text: "2" }],
  [
    { path: "twice", text: "first" },
    { path: "twice", text: "last" },
    { path: "etc/passwd/", mode: 0o700 },
  ],
);

describe("readFileOf()", () => {
  test.each([
    ["/usr/lib/os-release", "changed"],
    ["etc/os-release", "changed"],
    ["/lib/../lib/os-release", "changed"],
    ["/abs", "changed"],
    ["usr//./lib/copy", "Debian"],
    ["twice", "last"],
    ["/old/y", "2"],
  ])("reads %s", async (path, text) => {
    expect(await read(debian, path)).toBe(text);
  });

  test("reads large files, and says what they are", async () => {
    const file = await readFileOf(debian, debian.descriptor, "large");
    const base = debian.manifest.layers[0];
    expect(file).toMatchObject({ path: "large", type: "file", mode: 0o644, size: 3_000_000, layer: { index: 0, digest: base?.digest } });
    expect(file.modifiedAt).toEqual(new Date(1_700_000_000_000));
    expect((await bytesOf(file.content)).equals(Buffer.alloc(3_000_000, "L"))).toBe(true);
  });

  test.each([
    ["gone", "ERR_IMAGE_PATH_NOT_FOUND"],
    ["old/x", "ERR_IMAGE_PATH_NOT_FOUND"],
    ["nothing/at/all", "ERR_IMAGE_PATH_NOT_FOUND"],
    ["twice/x", "ERR_IMAGE_PATH_NOT_FOUND"],
    ["up/x", "ERR_IMAGE_PATH_NOT_FOUND"],
    ["up", "ERR_IMAGE_PATH_IS_FOLDER"],
    ["/", "ERR_IMAGE_PATH_IS_FOLDER"],
    ["usr/lib", "ERR_IMAGE_PATH_IS_FOLDER"],
    ["lib", "ERR_IMAGE_PATH_IS_FOLDER"],
    ["loop", "ERR_IMAGE_PATH_LOOP"],
    ["loop/x", "ERR_IMAGE_PATH_LOOP"],
    ["pipe", "ERR_IMAGE_PATH_NOT_FILE"],
  ])("says of %s that it is %s", async (path, code) => {
    await expect(read(debian, path)).rejects.toMatchObject({ code, path });
  });

  test("follows links on the way, and the last one only when told to", async () => {
    expect(await read(debian, "lib/os-release", false)).toBe("changed");
    await expect(read(debian, "etc/os-release", false)).rejects.toMatchObject({ code: "ERR_IMAGE_PATH_NOT_FILE" });
  });

  test("reads no further down than the layer that decides", async () => {
    const small = image([{ path: "a", text: "1" }], [{ path: "a", text: "2" }, { path: "b/" }, { path: "b/.wh.c" }]);
    expect(await read(small, "a")).toBe("2");
    await expect(read(small, "b/c")).rejects.toMatchObject({ code: "ERR_IMAGE_PATH_NOT_FOUND" });
    expect(small.fetched).not.toContain(small.manifest.layers[0]?.digest);
  });

  test("reads a layer once when the file stands behind the link that leads to it", async () => {
    const once = image([
      { path: "etc/release", linkTarget: "../usr/lib/release" },
      { path: "bin", linkTarget: "usr/bin" },
      { path: "usr/lib/release", text: "1" },
    ]);
    expect(await read(once, "/etc/release")).toBe("1");
    expect(once.fetched.filter((digest) => digest === once.manifest.layers[0]?.digest)).toHaveLength(1);
    const circle = image([
      { path: "a", linkTarget: "a/a" },
      { path: "a/a", linkTarget: "a" },
    ]);
    await expect(read(circle, "a")).rejects.toMatchObject({ code: "ERR_IMAGE_PATH_LOOP" });
  });

  test("fails at the end of a large file whose layer is another one", async () => {
    const text = "L".repeat(2_000_000);
    const lying = image([
      { path: "a", text },
      { path: "b", text: "1" },
    ]);
    const layer = lying.manifest.layers[0]?.digest ?? "";
    const file = await readFileOf(lying, lying.descriptor, "a");
    const other = Buffer.from(lying.content.get(layer) ?? []);
    lying.content.set(layer, other.fill(0, other.byteLength - 5));
    await expect(bytesOf(file.content)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  });
});

test("listFiles() lists each path once, with the layer that it comes from", async () => {
  const found = [];
  for await (const { path, type, size, layer, linkTarget } of listFiles(debian, debian.descriptor))
    found.push([path, type, size, layer.index, linkTarget]);
  expect(found.slice(0, 5)).toEqual([
    ["twice", "file", 4, 2, undefined],
    ["etc/passwd", "folder", 0, 2, undefined],
    ["usr/lib/os-release", "file", 7, 1, undefined],
    ["old/y", "file", 1, 1, undefined],
    ["etc", "folder", 0, 0, undefined],
  ]);
  expect(found).toContainEqual(["lib", "symlink", 0, 0, "usr/lib"]);
  expect(found).toContainEqual(["usr/lib/copy", "file", 6, 0, undefined]); // it has the content now that its target was replaced
  expect(new Set(found.map(([path]) => path)).size).toBe(found.length);
  const index = debian.add(MEDIA_TYPES.ociIndex, { schemaVersion: 2, manifests: [] });
  await expect(listFiles(debian, index).next()).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});
