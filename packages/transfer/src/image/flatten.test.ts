import { describe, expect, test } from "vitest";
import { digestOf } from "@berth/oci/node";
import { flatten } from "./flatten.ts";
import { readTar } from "./tar-reader.ts";
import { bytesOf, type EntrySpec, imageOf, tarOf } from "./testing/archives.ts";

/** `path`, `path/`, `path -> symlink`, `path = hard link`, `path: text`. */
async function lines(tar: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { entry, content } of readTar(tar)) {
    const { path, type, linkTarget } = entry;
    const text = (await bytesOf(content)).toString();
    if (type === "file") found.push(`${path}: ${text}`);
    else found.push(type === "folder" ? `${path}/` : `${path} ${type === "symlink" ? "->" : "="} ${linkTarget}`);
  }
  return found;
}

const flat = async (...layers: readonly (readonly EntrySpec[])[]): Promise<readonly string[]> => {
  const image = imageOf(layers.map((specs) => tarOf(...specs)));
  return await lines(await flatten(image, image.descriptor));
};

describe("flatten()", () => {
  test("puts layers together: the later one wins, the top one comes first", async () => {
    const base = [
      { path: "a/", mode: 0o700 },
      { path: "a/x", text: "1" },
      { path: "b", text: "1" },
      { path: "l", linkTarget: "b" },
    ];
    const top = [
      { path: "a/y", text: "2" },
      { path: "b", text: "2" },
    ];
    expect(await flat(base, top)).toEqual(["a/y: 2", "b: 2", "a/", "a/x: 1", "l -> b"]);
    expect(await flat()).toEqual([]);
  });

  test("removes what whiteouts name, in the layers below only, wherever they stand", async () => {
    const base = [
      { path: "a/x", text: "1" },
      { path: "a/y", text: "1" },
      { path: "d/e/f", text: "1" },
      { path: "g", text: "1" },
    ];
    const middle = [{ path: "a/x", text: "2" }, { path: "a/.wh.x" }, { path: ".wh.d" }, { path: "a/.wh.y" }];
    const top = [{ path: "d/z", text: "3" }, { path: ".wh.nothing" }, { path: ".wh.g" }];
    expect(await flat(base, middle, top)).toEqual(["d/z: 3", "a/x: 2"]);
  });

  test.each<[string, readonly EntrySpec[]]>([
    ["first", [{ path: "a/.wh..wh..opq" }, { path: "a/" }, { path: "a/new", text: "2" }]],
    ["in the middle", [{ path: "a/" }, { path: "a/.wh..wh..opq" }, { path: "a/new", text: "2" }]],
    ["last", [{ path: "a/" }, { path: "a/new", text: "2" }, { path: "a/.wh..wh..opq" }]],
  ])("empties a folder that is opaque, the mark standing %s", async (_, top) => {
    const base = [{ path: "a/" }, { path: "a/old", text: "1" }, { path: "a/sub/old", text: "1" }, { path: "ab", text: "1" }];
    expect(await flat(base, top)).toEqual(["a/", "a/new: 2", "ab: 1"]);
  });

  test("empties the root, and passes over notes of AUFS", async () => {
    const top = [{ path: ".wh..wh..opq" }, { path: ".wh..wh.plnk/12.34", text: "x" }, { path: ".wh..wh.aufs" }, { path: "new", text: "2" }];
    expect(await flat([{ path: "old", text: "1" }], top)).toEqual(["new: 2"]);
  });

  test("lets files replace folders and folders files, for good", async () => {
    const base = [
      { path: "a/x", text: "1" },
      { path: "b", text: "1" },
    ];
    const middle = [{ path: "a", text: "2" }, { path: "b/" }, { path: "b/x", text: "2" }];
    const top = [{ path: "a/" }];
    expect(await flat(base, middle)).toEqual(["a: 2", "b/", "b/x: 2"]);
    expect(await flat(base, middle, top)).toEqual(["a/", "b/", "b/x: 2"]); // what stood in the first "a" does not come back
    expect(await flat([{ path: "lib", linkTarget: "usr/lib" }], [{ path: "lib/x", text: "2" }])).toEqual(["lib/x: 2"]);
  });

  test.each([".wh.", ".wh..", ".wh...", "a/.wh.b/c"])("refuses the whiteout %s", async (path) => {
    await expect(flat([{ path }])).rejects.toMatchObject({ code: "ERR_UNSAFE_ENTRY" });
  });

  test("keeps PAX records, owners and modes, and gives the same bytes every time", async () => {
    const capability = Buffer.from([1, 0, 0, 2, 0xff, 0xfe, 10, 0x3d]);
    const specs: EntrySpec[] = [
      {
        path: `${"long/".repeat(40)}name`,
        text: "x",
        uid: 3_000_000,
        gid: 12,
        mode: 0o4755,
        pax: new Map([["SCHILY.xattr.security.capability", capability]]),
      },
      { path: "ünï", linkTarget: "é", mtime: 1_700_000_000.25, userName: "jürgen" },
      { path: "null", type: "character-device", deviceMajor: 1, deviceMinor: 3 },
      { path: "old", mtime: -5 },
    ];
    const image = imageOf([tarOf(...specs)]);
    const tar = await bytesOf(await flatten(image, image.descriptor));
    expect((await bytesOf(await flatten(image, image.descriptor))).equals(tar)).toBe(true);
    const entries = [];
    for await (const { entry } of readTar(chunks(tar))) entries.push(entry);
    expect(entries.map(({ path, mode, uid, mtime, deviceMinor }) => [path, mode, uid, mtime, deviceMinor])).toEqual([
      [`${"long/".repeat(40)}name`, 0o4755, 3_000_000, 1_700_000_000, 0],
      ["ünï", 0o644, 0, 1_700_000_000.25, 0],
      ["null", 0o644, 0, 1_700_000_000, 3],
      ["old", 0o644, 0, -5, 0],
    ]);
    expect([entries[0]?.gid, entries[1]?.linkTarget, entries[1]?.userName, entries[2]?.deviceMajor]).toEqual([12, "é", "jürgen", 1]);
    expect(entries[0]?.pax.get("SCHILY.xattr.security.capability")?.equals(capability)).toBe(true);
  });
});

describe("flatten() of hard links", () => {
  const link = (path: string, linkTarget: string): EntrySpec => ({ path, linkTarget, type: "hardlink" });

  test("keeps them, behind what they lead to", async () => {
    const base = [{ path: "a", text: "1" }, link("b", "a"), link("c", "b")];
    expect(await flat(base, [{ path: "z", text: "2" }])).toEqual(["z: 2", "a: 1", "b = a", "c = a"]);
  });

  test("gives the content to the first one when its target was replaced, removed or hidden above", async () => {
    const base = [{ path: "d/a", text: "1" }, link("b", "d/a"), link("c", "b"), { path: "z", text: "1" }];
    expect(await flat(base, [{ path: "d/a", text: "2" }])).toEqual(["d/a: 2", "z: 1", "b: 1", "c = b"]);
    expect(await flat(base, [{ path: "d/.wh.a" }, { path: ".wh.b" }])).toEqual(["z: 1", "c: 1"]);
    expect(await flat(base, [{ path: "d", text: "2" }])).toEqual(["d: 2", "z: 1", "b: 1", "c = b"]);
  });

  test("follows them into the layers below", async () => {
    const base = [{ path: "a", text: "1" }, link("a2", "a")];
    expect(await flat(base, [link("b", "a"), link("c", "b"), link("d", "a2")])).toEqual(["a: 1", "b = a", "c = a", "a2 = a", "d = a"]);
    expect(await flat(base, [link("b", "a"), link("c", "a")], [{ path: ".wh.a" }])).toEqual(["b: 1", "c = b", "a2: 1"]);
  });

  test("leaves out those that are hidden themselves", async () => {
    expect(await flat([{ path: "a", text: "1" }, link("b", "a")], [{ path: ".wh.b" }, { path: "a", text: "2" }])).toEqual(["a: 2"]);
  });

  test.each([[[link("b", "a")]], [[link("b", "b")]], [[{ path: "a/" }, link("b", "a")]]])(
    "refuses one that leads to no file",
    async (specs) => {
      await expect(flat(specs)).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
    },
  );
});

describe("flatten() of content that is not what it should be", () => {
  const layers = [tarOf({ path: "a", text: "1" }), tarOf({ path: "b", text: "2" })];

  test("[engine/T20] fails at the end of a layer that the config does not name", async () => {
    const image = imageOf(layers);
    const config = {
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: layers.toReversed().map((tar) => digestOf(tar)) },
    };
    const swapped = image.add(image.descriptor.mediaType, {
      schemaVersion: 2,
      mediaType: image.descriptor.mediaType,
      config: image.add(image.manifest.config.mediaType, config),
      layers: image.manifest.layers,
    });
    await expect(bytesOf(await flatten(image, swapped))).rejects.toMatchObject({ code: "ERR_ROOTFS_MISMATCH", layer: 1 });
  });

  test("tells that content is not what was asked for, even when it is damage that comes first", async () => {
    const image = imageOf(layers);
    const layer = image.manifest.layers[0]?.digest ?? "";
    const damaged = Uint8Array.from(image.content.get(layer) ?? []);
    damaged[20] = (damaged[20] ?? 0) ^ 0xff;
    image.content.set(layer, damaged);
    await expect(bytesOf(await flatten(image, image.descriptor))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  });

  test("refuses what has no layers of files", async () => {
    const image = imageOf([]);
    const blob = image.add("text/plain", Buffer.from("x"));
    await expect(flatten(image, blob)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    const artifact = image.add(image.descriptor.mediaType, { schemaVersion: 2, config: blob, layers: [blob] });
    await expect(flatten(image, artifact)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  });
});

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
