import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { acquireLock } from "./file-lock.ts";
import { openLayout } from "./open-layout.ts";

const BYTES = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }));
const INDEX = descriptorOf(MEDIA_TYPES.ociIndex, BYTES);

test("a layout that cannot get its index does not get the file either that makes it a layout", async () => {
  const folder = await temporaryFolder("unmade");
  await mkdir(join(folder, "ingest"));
  const lock = await acquireLock(join(folder, "ingest", "index.lock"), { what: "the index", timeoutMs: 0 });
  const layout = await openLayout(folder, { create: "with-content", lockTimeoutMs: 0 });
  await expect(layout.push(INDEX, bytesSource(BYTES))).rejects.toMatchObject({ code: "ERR_LAYOUT_BUSY" });
  expect((await readdir(folder)).toSorted()).toEqual(["blobs", "ingest"]);
  expect(await readdir(join(folder, "ingest"))).toEqual(["index.lock"]);
  await lock.release();
});

test.each([
  ["nothing more to be pushed", true],
  ["nothing in it yet", false],
])("a folder with an index that was not made a layout is made one by the next run: %s", async (_, isFull) => {
  const folder = await temporaryFolder("halfmade");
  const before = await openLayout(folder, { create: true });
  if (isFull) {
    await before.push(INDEX, bytesSource(BYTES));
    await before.tag(INDEX, "v1");
  }
  await rm(join(folder, "oci-layout"));
  await expect(openLayout(folder, { readOnly: true })).rejects.toMatchObject({ code: "ERR_LAYOUT_NOT_FOUND" });
  const after = await openLayout(folder, { create: "with-content" });
  if (!isFull) await after.push(INDEX, bytesSource(BYTES));
  expect(JSON.parse(await readFile(join(folder, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
  expect(await (await openLayout(folder, { readOnly: true })).exists(INDEX)).toBe(true);
});
