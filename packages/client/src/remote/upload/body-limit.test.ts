import type { ScriptedRegistry } from "@berth/testkit/scripted";
import { expect, test } from "vitest";
import { createBlobUploader } from "./blob-uploader.ts";
import { bodyLimitOf, limitBodies } from "./body-limit.ts";
import { pushBlob } from "./push-blob.ts";
import { noWait, once, randomBlob, rangesOf, recorded, startScripted, taken, UPLOAD, UPLOADS } from "./upload.test-kit.ts";

const MIB = 1_048_576;
const options = { backoff: noWait, chunkSize: 2 * MIB };
const started = { status: 202, headers: { location: "u" } };
const { bytes, descriptor } = randomBlob(5 * MIB);

test("[client/X-3] a body that is too large for a proxy is sent in chunks, and smaller ones when those are too", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { status: 413, early: true }, { status: 201 });
  registry.on("PATCH", UPLOAD, ({ headers }) =>
    Number(headers["content-length"]) > MIB ? { status: 413 } : taken("u", Number(headers["content-range"]?.split("-")[1])),
  );
  await pushBlob(connection, "a/b", descriptor, recorded(bytes).source, { ...options, chunkSize: 4 * MIB });
  expect(rangesOf(registry)).toEqual([`0-${4 * MIB - 1}`, ...[0, 1, 2, 3, 4].map((at) => `${at * MIB}-${(at + 1) * MIB - 1}`)]);
});

/** A registry behind a proxy that takes no bodies above so many bytes. */
function behindProxy(registry: ScriptedRegistry, most: number): void {
  registry.on("POST", UPLOADS, started);
  registry.on("PUT", UPLOAD, ({ headers }) => ({ status: Number(headers["content-length"]) > most ? 413 : 201 }));
  registry.on("PATCH", UPLOAD, ({ headers }) =>
    Number(headers["content-length"]) > most ? { status: 413 } : taken("u", Number(headers["content-range"]?.split("-")[1])),
  );
}

function bodies(registry: ScriptedRegistry): readonly number[] {
  const sizes = registry.requests.filter(({ method }) => method !== "POST").map(({ headers }) => Number(headers["content-length"]));
  return sizes.filter((size) => size > 0);
}

test("[client/X-3] what a proxy takes is remembered: larger blobs leave in such chunks from the start, smaller ones whole", async () => {
  const { registry, connection } = await startScripted();
  behindProxy(registry, MIB);
  await pushBlob(connection, "a/b", descriptor, bytes, options);
  expect(bodyLimitOf(connection)).toBe(MIB / 2);
  expect(bodies(registry).slice(0, 3)).toEqual([5 * MIB, 2 * MIB, MIB / 2]);
  registry.requests.length = 0;
  for (const content of [bytes, once(bytes)]) await pushBlob(connection, "a/b", descriptor, content, options);
  expect(bodies(registry)).toEqual(Array<number>(20).fill(MIB / 2));
  registry.requests.length = 0;
  const small = randomBlob(MIB / 2);
  await pushBlob(connection, "a/b", small.descriptor, small.bytes, { ...options, mode: "single-post" });
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "single-post" });
  expect(Math.max(...bodies(registry))).toBe(MIB / 2);
  expect(registry.requests.filter(({ method, headers }) => method === "POST" && Number(headers["content-length"]) > MIB)).toEqual([]);
  const upload = await createBlobUploader(connection, "a/b", options).create();
  registry.requests.length = 0;
  await upload.writeFrom(once(bytes));
  await upload.commit(descriptor);
  expect(bodies(registry)).toEqual(Array<number>(10).fill(MIB / 2));
});

test("[client/X-3] how much a body may hold can be said, and forgotten; a refusal for other reasons teaches nothing", async () => {
  const { registry, connection } = await startScripted();
  behindProxy(registry, 3 * MIB);
  limitBodies(connection, 3 * MIB);
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, chunkSize: 8 * MIB });
  expect(bodies(registry)).toEqual([3 * MIB, 2 * MIB]);
  limitBodies(connection, undefined);
  expect(bodyLimitOf(connection)).toBe(undefined);
  expect(() => limitBodies(connection, 0)).toThrow(RangeError);
  const full = await startScripted();
  behindProxy(full.registry, 0);
  full.registry.on("DELETE", UPLOAD, { status: 204 });
  await expect(pushBlob(full.connection, "a/b", descriptor, bytes, options)).rejects.toMatchObject({ status: 413 });
  expect(bodyLimitOf(full.connection)).toBe(undefined);
});
