import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { useDisk } from "../testing/disk.test-kit.ts";
import { SteeredBody, useContext } from "../testing/domain.test-kit.ts";
import { blobPath, uploadPath } from "./layout.ts";
import { Sweeper } from "./sweeper.ts";
import { Uploads } from "./uploads.ts";

const HOUR_MS = 3_600_000;
const later = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

async function* bodyOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

test("[server/D16,O21] sessions past their time go with their bytes, others stay", async () => {
  const disk = await useDisk();
  const context = await useContext({ ...(await disk.open()), limits: { uploadTtlMs: HOUR_MS } });
  const uploads = new Uploads(context);
  const sweeper = new Sweeper(context);
  const [abandoned, empty] = [await uploads.create("a"), await uploads.create("a")];
  await uploads.append("a", abandoned.id, bodyOf("content"));
  expect(await sweeper.sweep({ now: later(0.5) })).toEqual({ expiredUploads: 0, strayUploads: [], orphanBlobs: [] });
  expect(await sweeper.sweep({ now: later(2), dryRun: true })).toMatchObject({ expiredUploads: 2 });
  expect((await uploads.status("a", abandoned.id)).size).toBe(7);
  expect(await sweeper.sweep({ now: later(2) })).toMatchObject({ expiredUploads: 2 });
  for (const { id } of [abandoned, empty]) await expect(uploads.status("a", id)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  expect(await disk.files()).toEqual([]);
});

test("[server/D16,SQ40] a session that is being written to is never taken from under its writer", async () => {
  const context = await useContext({ limits: { uploadTtlMs: HOUR_MS / 6, uploadLeaseMs: HOUR_MS } });
  const uploads = new Uploads(context);
  const { id } = await uploads.create("a");
  const body = new SteeredBody();
  const writing = uploads.append("a", id, body).catch((error: unknown) => error);
  await body.drained.catch(() => undefined);
  expect(await new Sweeper(context).sweep({ now: later(0.5) })).toMatchObject({ expiredUploads: 0 });
  body.give("content");
  body.end();
  expect(await writing).toMatchObject({ size: 7 });
});

test("[server/D16,SQ21] files of sessions that nobody knows go once they are old, files of others and what is not ours stay", async () => {
  const disk = await useDisk();
  const parts = await disk.open();
  const context = await useContext(parts);
  const uploads = new Uploads(context);
  const known = await uploads.create("a");
  await uploads.append("a", known.id, bodyOf("known"));
  const stray = uploadPath("01900000-0000-7000-8000-000000000000", "abcdef01");
  await parts.storage.putContent(stray, Buffer.from("stray"));
  const sweeper = new Sweeper(context);
  expect(await sweeper.sweep({})).toMatchObject({ strayUploads: [] });
  expect(await sweeper.sweep({ now: later(25), dryRun: true })).toMatchObject({ strayUploads: [stray] });
  expect(await sweeper.sweep({ now: later(25) })).toMatchObject({ expiredUploads: 1, strayUploads: [stray] });
  expect(await disk.files()).toEqual([]);
});

test("[server/SQ21] blobs that no metadata knows go when that is asked for; known ones and manifests stay", async () => {
  const disk = await useDisk();
  const parts = await disk.open();
  const context = await useContext(parts);
  await new Uploads(context).put("a", digestOf("known"), bodyOf("known"));
  const orphan = blobPath(digestOf("orphan"));
  const alien = "/docker/registry/v2/blobs/sha256/00/not-a-digest/data";
  await parts.storage.putContent(orphan, Buffer.from("orphan"));
  await parts.storage.putContent(alien, Buffer.from("alien"));
  const sweeper = new Sweeper(context);
  expect(await sweeper.sweep({ now: later(25) })).toMatchObject({ orphanBlobs: [] });
  expect(await sweeper.sweep({ orphanBlobs: true })).toMatchObject({ orphanBlobs: [] });
  expect(await sweeper.sweep({ now: later(25), orphanBlobs: true })).toMatchObject({ orphanBlobs: [orphan] });
  expect(await disk.files()).toEqual([alien, blobPath(digestOf("known"))].sort());
});

test("a sweep of nothing is no error, and can be aborted", async () => {
  const sweeper = new Sweeper(await useContext());
  expect(await sweeper.sweep({ orphanBlobs: true })).toEqual({ expiredUploads: 0, strayUploads: [], orphanBlobs: [] });
  const reason = new Error("enough");
  await expect(sweeper.sweep({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
