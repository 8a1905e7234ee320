import { existsSync } from "node:fs";
import { mkdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, makeWorkFolder } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { createOciArchive } from "./archive/oci-archive-writer.ts";
import { createSpool } from "./archive/spool.ts";
import { classifyError } from "./errors.ts";
import { openFileStore } from "./files/file-store.ts";
import { openLayout } from "./layout/open-layout.ts";
import { NoSpaceError, writingTo } from "./no-space.ts";

const FULL = "/dev/full";
const CONTENT = Buffer.alloc(2 << 20);
const BLOB = descriptorOf(MEDIA_TYPES.ociLayer, CONTENT);

test("a full disk is told with the place that was written to, the innermost one; other errors are left alone", async () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  const fail = async (error: unknown): Promise<never> => await Promise.reject(error);
  const told = await writingTo("images", () => writingTo("blobs", () => fail(full))).catch((error: unknown) => error);
  expect(told).toMatchObject({ code: "ENOSPC", place: "blobs", message: 'Cannot write to "blobs": no space left on device', cause: full });
  expect(classifyError(told)).toMatchObject({ class: "NoSpace", code: "ENOSPC", retryable: false, hint: { kind: "free-space" } });
  await expect(writingTo("x", () => fail(Object.assign(full, { code: "EDQUOT" })))).rejects.toThrow(
    'Cannot write to "x": no more space is left for this user',
  );
  for (const other of [new Error("no"), Object.assign(new Error("no"), { code: "EACCES" })])
    await expect(writingTo("x", () => fail(other))).rejects.toBe(other);
  expect(await writingTo("x", async () => 1)).toBe(1);
});

test.runIf(existsSync(FULL))("a layout and an archive on a full disk are told by the names they were given", async () => {
  const path = join(await temporaryFolder("full"), "images");
  const layout = await openLayout(path, { create: true });
  await mkdir(join(path, "ingest"), { recursive: true });
  await symlink(FULL, join(path, "ingest", BLOB.digest.replace(":", "-")));
  await expect(layout.push(BLOB, bytesSource(CONTENT))).rejects.toMatchObject({ name: "NoSpaceError", place: path });
  await rm(path, { recursive: true });
  const archive = await createOciArchive(FULL);
  const writing = async (): Promise<void> => {
    await archive.push(BLOB, bytesSource(CONTENT));
    await archive.finish();
  };
  await expect(writing()).rejects.toMatchObject({ name: "NoSpaceError", place: FULL });
  await archive.abort();
});

test("a full disk under work that is under way is told by the folder that this is done in", async () => {
  await using work = await makeWorkFolder("full", tmpdir());
  const full = Object.assign(new Error("full"), { code: "ENOSPC" });
  const told = { place: tmpdir(), message: `Cannot write to "${tmpdir()}": no space left on device` };
  await expect(writingTo(join(work.path, "stdin"), async () => await Promise.reject(full))).rejects.toMatchObject(told);
});

test("what is no full disk is told as before, wherever it is written to", async () => {
  const gone = join(tmpdir(), "berth-nowhere", "x");
  await expect(createOciArchive(gone)).rejects.toMatchObject({ code: "ENOENT" });
  await expect(createSpool(bytesSource(CONTENT), { maxBytes: 1, temporaryFolder: gone })).rejects.toMatchObject({ code: "ENOENT" });
  const wrong = { ...BLOB, annotations: { "org.opencontainers.image.title": "a" }, digest: descriptorOf("a/b", Buffer.from("x")).digest };
  await using folder = await makeWorkFolder("full", tmpdir());
  await expect((await openFileStore(folder.path)).push(wrong, bytesSource(CONTENT))).rejects.not.toBeInstanceOf(NoSpaceError);
});
