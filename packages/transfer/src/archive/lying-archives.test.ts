import { lstat, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { blobFixture, indexManifest, Random, randomImage } from "@berth/testkit/images";
import { packTar } from "@berth/testkit/parts";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, expect, test } from "vitest";
import { encodeEntry } from "../image/tar-encode.ts";
import { pushGraphTo } from "./archive.test-kit.ts";
import { encodeFileHeader } from "./file-header.ts";
import type { ArchiveLimits } from "./limits.ts";
import { createOciArchive } from "./oci-archive-writer.ts";
import { openDockerArchive } from "./docker-archive.ts";
import { openOciArchive } from "./oci-archive.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder("lying");
  path = join(folder, "images.tar");
});

const blob = blobFixture(MEDIA_TYPES.ociLayer, Buffer.from("content"));
const name = `blobs/sha256/${blob.descriptor.digest.slice(7)}`;
const layout = { path: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') };
const index = { path: "index.json", content: indexManifest([]).bytes };
const withName = (entryName: string): Buffer => Buffer.concat([encodeFileHeader({ name: entryName, size: 0 }, 0), Buffer.alloc(1024)]);

const LIES: readonly (readonly [what: string, bytes: Buffer, code: string, limits?: ArchiveLimits])[] = [
  ["nothing", Buffer.alloc(0), "ERR_INVALID_ARCHIVE"],
  ["zeros", Buffer.alloc(10_240), "ERR_INVALID_ARCHIVE"],
  ["text", Buffer.alloc(2000, "text"), "ERR_INVALID_ARCHIVE"],
  ["no oci-layout", packTar([index]), "ERR_INVALID_ARCHIVE"],
  ["another layout version", packTar([{ ...layout, content: Buffer.from('{"imageLayoutVersion":"2.0"}') }, index]), "ERR_INVALID_ARCHIVE"],
  ["no index.json", packTar([layout]), "ERR_INVALID_ARCHIVE"],
  ["an index that is none", packTar([layout, { ...index, content: Buffer.from("[]") }]), "ERR_INVALID_MANIFEST"],
  ["index.json as a link", packTar([layout, { path: "index.json", linkTo: "oci-layout" }]), "ERR_INVALID_MANIFEST"],
  ["one name twice", packTar([layout, index, { ...index, path: "./index.json" }]), "ERR_INVALID_ARCHIVE"],
  ["a name that leads out", packTar([layout, index, { path: "../out", content: Buffer.of() }]), "ERR_UNSAFE_ENTRY"],
  [
    "an end within content",
    packTar([layout, index, { path: name, content: Buffer.alloc(5000) }]).subarray(0, -3000),
    "ERR_INVALID_ARCHIVE",
  ],
  ["an end within a header", packTar([layout, index]).subarray(0, 600), "ERR_INVALID_ARCHIVE"],
  ["a sparse file", Buffer.concat([sparse(), packTar([layout, index])]), "ERR_UNSUPPORTED"],
  ["too many entries", packTar([layout, index]), "ERR_LIMIT_EXCEEDED", { maxEntries: 1 }],
  ["too long a header", withName("x".repeat(3000)), "ERR_LIMIT_EXCEEDED", { maxHeaderBytes: 2048 }],
  ["too large an index", packTar([layout, index]), "ERR_LIMIT_EXCEEDED", { maxMetadataBytes: 50 }],
  ["too much when it is unpacked", gzipSync(packTar([layout, index])), "ERR_LIMIT_EXCEEDED", { maxSpoolBytes: 1000 }],
  ["more than files compress to", gzipSync(packTar([layout, index])), "ERR_LIMIT_EXCEEDED", { maxRatio: 2, ratioFloor: 0 }],
  ["damaged compression", gzipSync(packTar([layout, index])).subarray(0, -20), "ERR_INVALID_ARCHIVE"],
  ["another compression", Buffer.from("BZh91AY&SY and more"), "ERR_UNSUPPORTED"],
];

test.each(LIES.map(([what, bytes, code, limits]) => ({ what, bytes, code, limits })))(
  "$what is refused by a typed error, from a file and from a stream, and nothing is left",
  async ({ bytes, code, limits }) => {
    await writeFile(path, bytes);
    await expect(openOciArchive(path, { ...limits, temporaryFolder: folder })).rejects.toMatchObject({ code });
    await expect(openOciArchive(bytesSource(bytes), { ...limits, temporaryFolder: folder })).rejects.toMatchObject({ code });
    expect(await readdir(folder)).toEqual(["images.tar"]);
  },
);

/** A file that is larger than what stands in the archive. */
function sparse(): Buffer {
  const pax = new Map([["GNU.sparse.major", Buffer.from("1")]]);
  const fields = { mode: 0o644, uid: 0, gid: 0, userName: "", groupName: "", mtime: 0, linkTarget: "", deviceMajor: 0, deviceMinor: 0 };
  return encodeEntry({ ...fields, path: "sparse", type: "file", size: 0, pax });
}

test("content under a wrong digest, of a wrong size, or a link in its place: the reader is told", async () => {
  await writeFile(path, packTar([layout, index, { path: name, content: Buffer.from("c0ntent") }]));
  await using wrong = await openOciArchive(path);
  await expect(wrong.fetch(blob.descriptor).then((content) => Array.fromAsync(content))).rejects.toMatchObject({
    code: "ERR_DIGEST_MISMATCH",
  });
  await expect(wrong.fetch({ ...blob.descriptor, size: 8 })).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  await writeFile(path, packTar([layout, index, { path: name, linkTo: "/etc/passwd" }]));
  await using linked = await openOciArchive(path);
  await expect(linked.fetch(blob.descriptor)).rejects.toMatchObject({ code: "ERR_INVALID_ARCHIVE" });
});

test("a graph of more manifests than allowed is refused when it is walked", async () => {
  const archive = await createOciArchive(path);
  for (const seed of [1, 2, 3]) await pushGraphTo(archive, randomImage(new Random(seed)), `v${seed}`);
  await archive.finish();
  await using read = await openOciArchive(path, { maxManifests: 2 });
  await expect(read.predecessors(blob.descriptor)).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});

test("what is no file is refused to be read; a link to a file stays one when it is written", async () => {
  await expect(openOciArchive(folder)).rejects.toMatchObject({ code: "ERR_INVALID_ARCHIVE" });
  await expect(openOciArchive(join(folder, "missing"))).rejects.toMatchObject({ code: "ENOENT" });
  await writeFile(join(folder, "real.tar"), "before");
  await symlink("real.tar", path);
  const archive = await createOciArchive(path);
  await pushGraphTo(archive, randomImage(new Random(5)), "v1");
  await archive.finish();
  expect((await lstat(path)).isSymbolicLink()).toBe(true);
  expect(await readlink(path)).toBe("real.tar");
  expect((await readFile(join(folder, "real.tar"))).byteLength).toBeGreaterThan(1000);
  expect((await readdir(folder)).toSorted()).toEqual(["images.tar", "real.tar"]);
});

test("a closed archive says so", async () => {
  await writeFile(path, packTar([layout, index, { path: name, content: blob.bytes }]));
  const archive = await openOciArchive(path);
  await archive.close();
  await archive.close();
  await expect(archive.fetch(blob.descriptor).then((content) => Array.fromAsync(content))).rejects.toMatchObject({
    code: "ERR_ARCHIVE_CLOSED",
  });
});

test("which archive it is stands in the error, unless it comes as a stream", async () => {
  const bytes = packTar([index]);
  await writeFile(path, bytes);
  const reason = "it is no OCI archive: oci-layout is missing";
  await expect(openOciArchive(path)).rejects.toMatchObject({ path, reason, message: `Cannot read archive "${path}": ${reason}` });
  await expect(openDockerArchive(path)).rejects.toMatchObject({ code: "ERR_INVALID_ARCHIVE", path });
  await expect(openOciArchive(bytesSource(bytes))).rejects.toMatchObject({ path: undefined, message: `Cannot read archive: ${reason}` });
  await expect(openOciArchive(folder)).rejects.toMatchObject({ message: `Cannot read archive "${folder}": it is a folder` });
});
