import { expect, test } from "vitest";
import { pushBlob } from "./push-blob.ts";
import { noWait, once, randomBlob, rangesOf, standsAt, startScripted, taken, UPLOAD, UPLOADS } from "./upload.test-kit.ts";

const MIB = 1_048_576;
const options = { backoff: noWait, chunkSize: 2 * MIB };
const started = { status: 202, headers: { location: "u" } };
const { bytes, descriptor } = randomBlob(5 * MIB);

test("[client/X-3] an upload goes on where an earlier push left it, and is left there when that is wished", async () => {
  const { registry, connection } = await startScripted();
  registry
    .on("POST", UPLOADS, started)
    .on("PATCH", UPLOAD, taken("u1", 2 * MIB - 1))
    .on("PATCH", `${UPLOADS}u1`, { status: 403 });
  const ids: string[] = [];
  const push = pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked", onUpload: (id) => ids.push(id) });
  await expect(push).rejects.toMatchObject({ status: 403 });
  expect([ids, registry.journal("DELETE")]).toEqual([[`${registry.url}${UPLOAD}`, `${registry.url}${UPLOADS}u1`], []]);

  registry.on("GET", `${UPLOADS}u1`, standsAt(2 * MIB - 1));
  registry.on("PATCH", UPLOAD, taken("u", 4 * MIB - 1), taken("u", 5 * MIB - 1)).on("PUT", UPLOAD, { status: 201 });
  const resume = ids.at(-1);
  for (const content of [bytes, once(bytes)]) {
    await pushBlob(connection, "a/b", descriptor, content, { ...options, ...(resume !== undefined && { resume }) });
    expect(rangesOf(registry).slice(-2)).toEqual([`${2 * MIB}-${4 * MIB - 1}`, `${4 * MIB}-${5 * MIB - 1}`]);
  }
  expect(registry.journal("POST")).toHaveLength(1);
});

test("[client/X-3] an aborted push leaves its upload where it is, when somebody was told of it", async () => {
  const { registry, connection } = await startScripted();
  const controller = new AbortController();
  const reason = new Error("enough");
  registry
    .on("POST", UPLOADS, started)
    .on("GET", UPLOAD, standsAt(2 * MIB - 1))
    .on("PUT", UPLOAD, { status: 201 });
  registry.on("PATCH", UPLOAD, taken("u", 2 * MIB - 1), () => {
    controller.abort(reason);
    return { hang: true };
  });
  const ids: string[] = [];
  const chunked = { ...options, mode: "chunked", onUpload: (id: string) => ids.push(id) } as const;
  const push = pushBlob(connection, "a/b", descriptor, bytes, { ...chunked, signal: controller.signal });
  await expect(push).rejects.toBe(reason);
  registry.on("PATCH", UPLOAD, taken("u", 4 * MIB - 1), taken("u", 5 * MIB - 1));
  const resume = ids.at(-1) ?? expect.unreachable();
  await pushBlob(connection, "a/b", descriptor, bytes, { ...chunked, resume });
  expect([registry.journal("DELETE"), registry.journal("POST").length]).toEqual([[], 1]);
});

test("[client/X-3] an upload that holds more than the blob has is another one's, and left alone", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "fresh" } }).on("PUT", `${UPLOADS}fresh`, { status: 201 });
  registry.on("GET", UPLOAD, standsAt(5 * MIB));
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, resume: `${registry.url}${UPLOAD}` });
  expect(registry.requests.map(({ method }) => method)).toEqual(["GET", "POST", "PUT"]);
});

test("[client/X-3] an upload that is gone is started again", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { status: 201 });
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, resume: `${registry.url}${UPLOADS}gone` });
  expect(registry.requests.map(({ method }) => method)).toEqual(["GET", "POST", "PUT"]);
});
