import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { gzipSync } from "node:zlib";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { type BlobFixture, blobFixture, imageManifest } from "@berth/testkit/images";
import { packTar } from "@berth/testkit/parts";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, describe, expect, test } from "vitest";
import { createDockerArchive } from "./docker-archive-writer.ts";
import { createOciArchive } from "./oci-archive-writer.ts";
import { Turns } from "./turns.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder("turns");
});

const tars = ["small", "x".repeat(2_000_000), "last"].map((text) => packTar([{ path: "file", content: Buffer.from(text) }]));
const layers = tars.map((tar) => blobFixture(MEDIA_TYPES.ociLayerGzip, gzipSync(tar)));
const diff_ids = tars.map((tar) => digestOf(tar));
const config = blobFixture(
  MEDIA_TYPES.ociConfig,
  Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids } })),
);
const manifest = imageManifest({ config: config.descriptor, layers: layers.map(({ descriptor }) => descriptor) });
const blobs = [config, ...layers];

/** Content that comes when the promise says so. */
async function* later({ bytes }: BlobFixture, when: Promise<unknown>): AsyncGenerator<Uint8Array> {
  await when;
  yield bytes;
}

describe.each([
  ["docker", createDockerArchive],
  ["OCI", createOciArchive],
] as const)("%s archives", (_, create) => {
  test.each(["a file", "a stream"])("have their files in the order of the pushes in %s, whichever is here first", async (kind) => {
    async function written(arrive: (gates: readonly PromiseWithResolvers<void>[]) => void | Promise<void>): Promise<Buffer> {
      const stream = new PassThrough();
      const collected = Array.fromAsync(stream);
      const path = join(folder, "out.tar");
      const archive = await create(kind === "a file" ? path : stream, { temporaryFolder: folder });
      const gates = blobs.map(() => Promise.withResolvers<void>());
      const pushes = blobs.map((blob, at) => archive.push(blob.descriptor, later(blob, gates[at]?.promise ?? Promise.resolve())));
      await arrive(gates);
      await Promise.all(pushes);
      await archive.push(manifest.descriptor, bytesSource(manifest.bytes));
      await archive.finish();
      stream.end();
      return kind === "a file" ? await readFile(path) : Buffer.concat(await collected);
    }
    const straight = await written((gates) => {
      for (const gate of gates) gate.resolve();
    });
    const reversed = await written(async (gates) => {
      for (const gate of gates.toReversed()) {
        gate.resolve();
        for (let count = 0; count < 200; count++) await readdir(folder); // others get as far as they can
      }
    });
    expect(reversed.equals(straight)).toBe(true);
  });
});

test("a layer that fails, or is given up while it waits, keeps nobody back", async () => {
  const [one, two, three] = layers;
  if (one === undefined || two === undefined || three === undefined) expect.unreachable();
  const archive = await createDockerArchive(join(folder, "out.tar"), { temporaryFolder: folder });
  const gate = Promise.withResolvers<void>();
  gate.promise.catch(() => undefined); // who pushes may not have begun to wait for it
  const leaving = new AbortController();
  const reason = new Error("enough");
  const failing = expect(archive.push(one.descriptor, later(one, gate.promise))).rejects.toThrow("cut");
  const waiting = expect(archive.push(two.descriptor, bytesSource(two.bytes), { signal: leaving.signal })).rejects.toBe(reason);
  const behind = archive.push(three.descriptor, bytesSource(three.bytes));
  leaving.abort(reason);
  await waiting;
  expect(await archive.exists(three.descriptor)).toBe(false);
  gate.reject(new Error("cut"));
  await Promise.all([failing, behind]);
  expect(await archive.exists(three.descriptor)).toBe(true);
  await archive.abort();
  expect(await readdir(folder)).toEqual([]);
});

test("who leaves out of turn does not let others overtake", async () => {
  const turns = new Turns();
  const [first, second, third] = [turns.take(), turns.take(), turns.take()];
  const order: string[] = [];
  const ends = third.wait().then(() => order.push("third"));
  second.leave();
  await first.wait();
  await new Promise((resolve) => setImmediate(resolve));
  order.push("first");
  first.leave();
  await ends;
  expect(order).toEqual(["first", "third"]);
  const left = AbortSignal.abort(new Error("enough"));
  await expect(turns.take().wait(left)).rejects.toBe(left.reason);
});
