import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Descriptor } from "@berth/oci";
import {
  appendLayer,
  extract,
  flatten,
  listFiles,
  openLayout,
  readFileOf,
  readTar,
  type TarEntry,
  validateImage,
  verifyImage,
} from "@berth/transfer";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, debianImage, packTar, requirePart, run, type Scratch } from "@berth/testkit/parts";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";

type Facts = Readonly<Record<string, unknown>>;

const MODE_BITS = 0o7777;

/** What counts about the entries of an archive, by path. */
async function factsOfTar(archive: AsyncIterable<Uint8Array>): Promise<ReadonlyMap<string, Facts>> {
  const facts = new Map<string, Facts>();
  for await (const { entry, content } of readTar(archive)) {
    const hash = createHash("sha256");
    for await (const chunk of content) hash.update(chunk);
    facts.set(entry.path, { ...factsOfEntry(entry), ...(entry.type === "file" && { sha256: hash.digest("hex") }) });
  }
  return facts;
}

function factsOfEntry({ type, mode, uid, gid, size, mtime, linkTarget }: TarEntry): Facts {
  return { type, mode, uid, gid, size, mtime: Math.floor(mtime), linkTarget };
}

/** What counts about files on disk, by path; devices are left out, and so are times of links and of the root. */
async function factsOfFolder(root: string, within = ""): Promise<ReadonlyMap<string, Facts>> {
  const facts = new Map<string, Facts>();
  for (const name of await readdir(join(root, within))) {
    const path = join(within, name);
    const full = join(root, path);
    const stats = await lstat(full);
    const common = { mode: stats.mode & MODE_BITS, uid: stats.uid, gid: stats.gid, mtime: Math.floor(stats.mtimeMs / 1000) };
    if (stats.isSymbolicLink()) facts.set(path, { to: await readlink(full), uid: stats.uid, gid: stats.gid });
    else if (stats.isDirectory()) {
      facts.set(path, { ...common, folder: true });
      for (const [one, fact] of await factsOfFolder(root, path)) facts.set(one, fact);
    } else if (stats.isFile()) {
      const sha256 = createHash("sha256")
        .update(await readFile(full))
        .digest("hex");
      facts.set(path, { ...common, sha256, links: stats.nlink });
    }
  }
  return facts;
}

const sorted = (facts: ReadonlyMap<string, Facts>): readonly (readonly [string, Facts])[] =>
  [...facts].sort(([a], [b]) => (a < b ? -1 : 1));

describeWithParts("file systems of images", ["crane", "umoci-sid", "skopeo", "debian-image"], () => {
  let scratch: Scratch;
  let layout: Awaited<ReturnType<typeof openLayout>>;
  let debian: Descriptor;
  let changed: Descriptor;

  beforeAll(async () => {
    scratch = await createScratch();
    const image = await debianImage();
    await run(requirePart("skopeo").command("skopeo"), ["copy", `oci:${image.path}:${image.tag}`, `oci:${scratch.join("layout")}:debian`]);
    layout = await openLayout(scratch.join("layout"));
    debian = await layout.resolve("debian");
    const base = await Array.fromAsync(listFiles(layout, debian));
    const [link] = base.filter(({ type }) => type === "hardlink");
    // Without its target a hard link keeps the content; folders and files change places; one folder starts anew.
    const layer = packTar([
      ...(link?.linkTarget === undefined ? [] : [{ path: link.linkTarget, content: Buffer.from("replaced") }]),
      { path: "etc/.wh.passwd", content: Buffer.alloc(0) },
      { path: "var/lib/" },
      { path: "var/lib/new", content: Buffer.from("new"), mode: 0o4755 },
      { path: "var/lib/.wh..wh..opq", content: Buffer.alloc(0) },
      { path: "srv", content: Buffer.from("a file now") },
      { path: "etc/os-release", content: Buffer.from("a file, no link") },
      { path: "etc/hostname/" },
      { path: "etc/hostname/x", linkTo: "../../nowhere" },
    ]);
    changed = await appendLayer(layout, debian, once(layer), layout);
    await layout.tag(changed, "changed");
  });
  afterAll(async () => await scratch.remove());

  test("flatten() gives what crane export gives of a Debian image", async () => {
    await run(requirePart("skopeo").command("skopeo"), [
      "copy",
      `oci:${scratch.join("layout")}:debian`,
      `docker-archive:${scratch.join("debian.tar")}:debian:1`,
    ]);
    await run(requirePart("crane").command("crane"), ["export", "-", scratch.join("crane.tar")], {
      input: await readFile(scratch.join("debian.tar")),
    });
    const theirs = await factsOfTar(createReadStream(scratch.join("crane.tar")));
    const ours = await factsOfTar(await flatten(layout, debian));
    expect(theirs.size).toBeGreaterThan(1000);
    expect(sorted(ours)).toEqual(sorted(theirs));
  });

  test("GNU tar reads what flatten() writes", async () => {
    await pipeline(await flatten(layout, changed), createWriteStream(scratch.join("ours.tar")));
    const { stdout } = await run("/bin/tar", ["--list", "--file", scratch.join("ours.tar")]);
    const names = stdout
      .trimEnd()
      .split("\n")
      .map((name) => name.replace(/^\.\/$|\/$/, ""));
    const paths = await Array.fromAsync(listFiles(layout, changed), ({ path }) => path);
    expect(names.toSorted()).toEqual(paths.toSorted());
  });

  test.each(["debian", "changed"])("extract() gives what umoci unpack gives of the image %s", async (name) => {
    const theirs = scratch.join(`umoci-${name}`);
    await run(requirePart("umoci-sid").command("umoci"), ["unpack", "--image", `${scratch.join("layout")}:${name}`, theirs]);
    const ours = scratch.join(`ours-${name}`);
    await extract(layout, name === "debian" ? debian : changed, ours, { owners: true, setIdBits: true });
    expect(sorted(await factsOfFolder(ours))).toEqual(sorted(await factsOfFolder(join(theirs, "rootfs"))));
  });

  test("verifyImage(), validateImage() and readFileOf() agree", async () => {
    expect((await verifyImage(layout, changed)).layers).toHaveLength(2);
    expect(await validateImage(layout, changed)).toMatchObject({ ok: true, manifests: 1, blobs: 3 });
    const file = await readFileOf(layout, debian, "/etc/os-release");
    expect(await text(file.content)).toContain("Debian GNU/Linux");
    expect(file.path).toBe("usr/lib/os-release");
    await expect(readFileOf(layout, changed, "/etc/passwd")).rejects.toMatchObject({ code: "ERR_IMAGE_PATH_NOT_FOUND" });
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
