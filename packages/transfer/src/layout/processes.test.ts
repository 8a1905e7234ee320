import { readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blobFixture } from "@berth/testkit/images";
import { expect, test } from "vitest";
import type { OciLayout } from "./oci-layout.ts";
import { type Child, startChild } from "./testing/child.test-kit.ts";
import { mebibytes } from "./testing/mebibytes.test-kit.ts";
import { recordingSource } from "./testing/recording-source.test-kit.ts";
import { ingestOf, temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

const PUSH_SLOWLY = new URL("./testing/push-slowly.test-kit.ts", import.meta.url);
const TAG_MANY = new URL("./testing/tag-many.test-kit.ts", import.meta.url);
const COUNT = 10;
const { bytes, descriptor } = blobFixture("application/octet-stream", mebibytes(COUNT));

/** A process that pushes the content, and waits with that many MiB read by it. */
async function pushing(layout: OciLayout, read: number): Promise<Child> {
  const child = startChild(PUSH_SLOWLY, [layout.folder, String(COUNT), descriptor.digest]);
  for (let at = 0; at < read; at++) {
    expect((await child.lines.next()).value).toBe(String(at));
    child.input.write("next\n");
  }
  expect((await child.lines.next()).value).toBe(String(read));
  return child;
}

test("[engine/T11] a push that was killed goes on where it stopped", async () => {
  const layout = await temporaryLayout();
  const child = await pushing(layout, 7);
  await expect.poll(async () => (await stat(join(layout.folder, "ingest", descriptor.digest.replace(":", "-")))).size).toBe(7 << 20);
  child.process.kill("SIGKILL");
  expect(await child.ended).toBe("SIGKILL");
  const source = recordingSource(bytes);
  await layout.push(descriptor, source);
  expect(source.offsets).toEqual([7 << 20]);
  expect((7 << 20) + source.bytesRead).toBeLessThan(1.1 * descriptor.size);
  expect(Buffer.concat(await Array.fromAsync(await layout.fetch(descriptor))).equals(bytes)).toBe(true);
  expect(await ingestOf(layout)).toEqual([]);
});

test("a push waits for another process that pushes the same, and reads nothing when that succeeds", async () => {
  const layout = await temporaryLayout();
  const child = await pushing(layout, 3);
  const source = recordingSource(bytes);
  const push = layout.push(descriptor, source);
  for (let at = 3; at < COUNT; at++) child.input.write("next\n");
  await push;
  expect(source.offsets).toEqual([]);
  child.input.end();
  expect(await child.ended).toBe(0);
});

test("a push takes over from another process that is killed over it", async () => {
  const layout = await temporaryLayout();
  const child = await pushing(layout, 3);
  const source = recordingSource(bytes);
  const push = layout.push(descriptor, source);
  child.process.kill("SIGKILL");
  await push;
  expect(source.offsets).toHaveLength(1);
  expect(source.offsets[0]).toBeGreaterThan(0);
});

test("a stream that can be read once does not wait for another process", async () => {
  const layout = await temporaryLayout();
  const child = await pushing(layout, 3);
  await layout.push(descriptor, recordingSource(bytes).open());
  expect(await layout.exists(descriptor)).toBe(true);
  for (let at = 3; at < COUNT; at++) child.input.write("next\n");
  child.input.end();
  expect(await child.ended).toBe(0);
  expect(await ingestOf(layout)).toEqual([]);
});

test("processes that tag at the same time lose nothing", async () => {
  const layout = await temporaryLayout();
  const prefixes = ["a", "b", "c", "d"];
  const children = prefixes.map((prefix) => startChild(TAG_MANY, [layout.folder, prefix, "12"]));
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  const tags = await Array.fromAsync(layout.tags());
  expect(tags).toEqual(prefixes.flatMap((prefix) => Array.from({ length: 12 }, (_, at) => `${prefix}-${at}`)).sort());
  expect(await readdir(layout.folder)).not.toContain("ingest");
});

test("what a process leaves that is killed while it tags does not last", async () => {
  const layout = await temporaryLayout();
  for (let round = 0; round < 3; round++) {
    const child = startChild(TAG_MANY, [layout.folder, `r${round}`, "1000000"]);
    await expect
      .poll(async () => (await Array.fromAsync(layout.tags())).some((tag) => tag.startsWith(`r${round}-`)), { timeout: 50_000 })
      .toBe(true);
    child.process.kill("SIGKILL");
    await child.ended;
    const old = new Date(Date.now() - 120_000);
    const lock = join(layout.folder, "ingest", "index.lock");
    await utimes(lock, old, old).catch(() => undefined); // it need not have held it
    await layout.tag(await layout.resolve(`r${round}-0`), `after-${round}`);
  }
  expect((await layout.check()).problems).toEqual([]);
  await layout.gc({ ingestGraceMs: 0 });
  expect(await ingestOf(layout)).toEqual([]);
});

test("a lock file of something that never was a process is taken away when it is old", async () => {
  const layout = await temporaryLayout({ lockTimeoutMs: 50 });
  const image = blobFixture("application/vnd.oci.image.manifest.v1+json", Buffer.from("{}"));
  const lock = join(layout.folder, "ingest", "index.lock");
  await layout.push({ ...image.descriptor, mediaType: "x/y" }, recordingSource(image.bytes));
  await writeFile(lock, "nonsense");
  const tag = async (): Promise<void> => await layout.tag({ ...image.descriptor, mediaType: "x/y" }, "v1");
  await expect(tag()).rejects.toMatchObject({ code: "ERR_LAYOUT_BUSY", retryable: true });
  const old = new Date(Date.now() - 120_000);
  await utimes(lock, old, old);
  await tag();
  expect(await ingestOf(layout)).toEqual([]);
});
