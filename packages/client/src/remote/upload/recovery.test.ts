import type { ScriptedRegistry } from "@berth/testkit/scripted";
import { expect, test } from "vitest";
import { createConnection } from "../create-connection.ts";
import { pushBlob } from "./push-blob.ts";
import { noWait, once, randomBlob, rangesOf, recorded, standsAt, startScripted, taken, UPLOAD, UPLOADS } from "./upload.test-kit.ts";

const MIB = 1_048_576;
const options = { backoff: noWait, chunkSize: 2 * MIB };
const started = { status: 202, headers: { location: "u" } };
const { bytes, descriptor } = randomBlob(5 * MIB);

function sent(registry: ScriptedRegistry): Buffer {
  return Buffer.concat(registry.requests.filter(({ method }) => method === "PATCH").map(({ body }) => body));
}

test.each([201, 202, 204])("[client/X-3,C-31] chunks go out with their ranges to ever new locations; status %i will do", async (status) => {
  for (const content of [bytes, recorded(bytes).source, once(bytes)]) {
    const { registry, connection } = await startScripted();
    registry.on("POST", UPLOADS, started).on("PUT", `${UPLOADS}u3`, { status: 201 });
    for (const [at, name] of ["u", "u1", "u2"].entries())
      registry.on("PATCH", `${UPLOADS}${name}`, { ...taken(`u${at + 1}`, Math.min(5, 2 * at + 2) * MIB - 1), status });
    const seen: number[] = [];
    await pushBlob(connection, "a/b", descriptor, content, { ...options, mode: "chunked", onProgress: ({ sent }) => seen.push(sent) });
    expect(rangesOf(registry)).toEqual([`0-${2 * MIB - 1}`, `${2 * MIB}-${4 * MIB - 1}`, `${4 * MIB}-${5 * MIB - 1}`]);
    expect(registry.requests.map(({ method, headers }) => [method, headers["content-type"], headers["content-length"]])).toEqual([
      ["POST", undefined, "0"],
      ["PATCH", "application/octet-stream", String(2 * MIB)],
      ["PATCH", "application/octet-stream", String(2 * MIB)],
      ["PATCH", "application/octet-stream", String(MIB)],
      ["PUT", "application/octet-stream", "0"],
    ]);
    expect(sent(registry).equals(bytes)).toBe(true);
    expect(seen.at(-1)).toBe(5 * MIB);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  }
});

test.each([1, -1, -65_536])(
  "[client/B-25,X-3] content that is read once and has another size than promised (%i) is found out in chunks too",
  async (more) => {
    const { registry, connection } = await startScripted();
    registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { status: 201 }).on("DELETE", UPLOAD, { status: 204 });
    registry.on("PATCH", UPLOAD, ({ headers }) => taken("u", Number(headers["content-range"]?.split("-")[1])));
    const expected = { ...descriptor, size: descriptor.size + more };
    const push = pushBlob(connection, "a/b", expected, once(bytes), { ...options, mode: "chunked" });
    await expect(push).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH", expected: expected.size });
    expect([registry.journal("PUT"), registry.journal("DELETE").length]).toEqual([[], 1]);
  },
);

test("[client/X-3] chunks are as large as the registry wants them at least", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u", "oci-chunk-min-length": String(3 * MIB) } });
  registry.on("PATCH", UPLOAD, taken("u", 3 * MIB - 1), taken("u", 5 * MIB - 1)).on("PUT", UPLOAD, { status: 201 });
  await pushBlob(connection, "a/b", descriptor, once(bytes), { ...options, mode: "chunked" });
  expect(rangesOf(registry)).toEqual([`0-${3 * MIB - 1}`, `${3 * MIB}-${5 * MIB - 1}`]);
});

test("[client/C-31] a chunk answered without a Location is an error", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PATCH", UPLOAD, { status: 202 }).on("DELETE", UPLOAD, { status: 204 });
  await expect(pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" })).rejects.toMatchObject({
    code: "ERR_PROTOCOL",
  });
  expect(registry.journal("DELETE")).toHaveLength(1);
});

test("[client/X-3] a push in one request that is cut off goes on in chunks from where the registry is", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { cutAfter: -1 }, { status: 201 });
  registry.on("GET", UPLOAD, standsAt(3 * MIB - 1)).on("PATCH", UPLOAD, taken("u", 5 * MIB - 1));
  const { source, opened } = recorded(bytes);
  await pushBlob(connection, "a/b", descriptor, source, options);
  expect(registry.requests.map(({ method }) => method)).toEqual(["POST", "PUT", "GET", "PATCH", "PUT"]);
  expect(rangesOf(registry)).toEqual([`${3 * MIB}-${5 * MIB - 1}`]);
  expect(sent(registry).equals(bytes.subarray(3 * MIB))).toBe(true);
  expect(opened).toEqual([0, 3 * MIB]); // nothing is read again that need not be
});

test.each([
  ["status 416 without a range", { status: 416 }],
  ["status 503", { status: 503 }],
  ["status 429", { status: 429 }],
  ["a cut connection", { cutAfter: -1 }],
])("[client/X-3] after %s the upload is asked where it stands", async (_name, failure) => {
  for (const content of [bytes, once(bytes)]) {
    const { registry, connection } = await startScripted();
    registry
      .on("POST", UPLOADS, started)
      .on("PUT", UPLOAD, { status: 201 })
      .on("GET", UPLOAD, standsAt(MIB - 1));
    registry.on("PATCH", UPLOAD, failure, taken("u", 2 * MIB - 1), taken("u", 4 * MIB - 1), taken("u", 5 * MIB - 1));
    await pushBlob(connection, "a/b", descriptor, content, { ...options, mode: "chunked" });
    expect(registry.journal("GET")).toEqual([`GET ${UPLOAD}`]);
    expect(rangesOf(registry).slice(0, 2)).toEqual([`0-${2 * MIB - 1}`, expect.stringMatching(new RegExp(`^${MIB}-`))]);
    expect(rangesOf(registry).at(-1)).toMatch(new RegExp(`-${5 * MIB - 1}$`));
  }
});

test.each([416, 400, 409])("[client/X-3] status %i with Location and Range says enough to go on", async (status) => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", `${UPLOADS}w`, { status: 201 });
  registry.on("PATCH", UPLOAD, { status, headers: { location: "v", range: `0-${4 * MIB - 1}` } });
  registry.on("PATCH", `${UPLOADS}v`, taken("w", 5 * MIB - 1));
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" });
  expect(rangesOf(registry)).toEqual([`0-${2 * MIB - 1}`, `${4 * MIB}-${5 * MIB - 1}`]);
  expect(registry.journal("GET")).toEqual([]);
});

test("[client/X-3] a registry that took less of a chunk than was sent gets the rest", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { status: 201 });
  registry.on("PATCH", UPLOAD, taken("u", MIB - 1), taken("u", 3 * MIB - 1), taken("u", 5 * MIB - 1));
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" });
  expect(rangesOf(registry)).toEqual([`0-${2 * MIB - 1}`, `${MIB}-${3 * MIB - 1}`, `${3 * MIB}-${5 * MIB - 1}`]);
});

test("[client/X-3] a registry that says 0-0 may hold one byte: who began at 0 in vain begins at 1", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { status: 201 }).on("GET", UPLOAD, standsAt(0));
  registry.on("PATCH", UPLOAD, { status: 416 }, taken("u", 2 * MIB), taken("u", 4 * MIB), taken("u", 5 * MIB - 1));
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" });
  expect(rangesOf(registry)[1]).toBe(`1-${2 * MIB}`);
});

test.each([
  ["a push in one request", "PUT", 0],
  ["a chunk", "PATCH", 0],
  ["a later chunk", "PATCH", 2 * MIB],
])(
  "[client/X-3] a registry that has not noticed yet that %s was cut off is asked again before anything is sent anew",
  async (_, cut, before) => {
    const { registry, connection } = await startScripted();
    const stale = before === 0 ? { ...standsAt(0), headers: { "berth-upload-offset": "0" } } : standsAt(before - 1);
    registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, ...(cut === "PUT" ? [{ cutAfter: -1 }] : []), { status: 201 });
    registry.on("GET", UPLOAD, stale, stale, standsAt(4 * MIB - 1));
    const sendsCut = cut === "PATCH" ? [...(before === 0 ? [] : [taken("u", before - 1)]), { cutAfter: -1 }] : [];
    registry.on("PATCH", UPLOAD, ...sendsCut, taken("u", 5 * MIB - 1));
    const mode = cut === "PUT" ? "auto" : "chunked";
    await pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode });
    expect([registry.journal("GET").length, registry.journal("POST").length]).toEqual([3, 1]);
    expect(rangesOf(registry).at(-1)).toBe(`${4 * MIB}-${5 * MIB - 1}`);
  },
);

test("[client/X-3] a registry that shows nothing of what was cut off is not asked for ever", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { cutAfter: -1 }, { status: 201 });
  registry.on("GET", UPLOAD, { status: 204, headers: { range: "0-0" } });
  registry.on("PATCH", UPLOAD, taken("u", 2 * MIB - 1), taken("u", 4 * MIB - 1), taken("u", 5 * MIB - 1));
  await pushBlob(connection, "a/b", descriptor, bytes, options);
  expect(registry.journal("GET")).toHaveLength(4);
  expect(rangesOf(registry)[0]).toBe(`0-${2 * MIB - 1}`); // "0-0" is no byte until that proves wrong
});

test("[client/X-3] a registry that refuses a chunk where it stands is at work on an earlier one: it is asked again, and nothing is begun anew", async () => {
  const { registry, connection } = await startScripted();
  const busy = { status: 416, headers: { location: UPLOAD, range: `0-${2 * MIB - 1}`, "berth-upload-offset": String(2 * MIB) } };
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { status: 201 });
  registry.on("GET", UPLOAD, standsAt(2 * MIB - 1), standsAt(4 * MIB - 1));
  registry.on("PATCH", UPLOAD, taken("u", 2 * MIB - 1), busy, busy, taken("u", 5 * MIB - 1));
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" });
  expect([registry.journal("GET").length, registry.journal("POST").length]).toEqual([2, 1]);
  expect(rangesOf(registry).slice(1)).toEqual([...Array<string>(2).fill(`${2 * MIB}-${4 * MIB - 1}`), `${4 * MIB}-${5 * MIB - 1}`]);
});

test("a registry that makes no headway is given up", async () => {
  const { registry, connection } = await startScripted();
  registry
    .on("POST", UPLOADS, started)
    .on("PATCH", UPLOAD, { status: 503 })
    .on("GET", UPLOAD, standsAt(0))
    .on("DELETE", UPLOAD, { status: 204 });
  await expect(pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" })).rejects.toMatchObject({ status: 503 });
  expect(registry.journal("POST")).toHaveLength(4);
  expect(registry.journal("PATCH")).toHaveLength(4 * 7); // one more than the five failures: 0-0 may have meant one byte
});

test("[client/X-3,D-5] a registry that has every byte and refuses to make the blob is asked five times, and not sent it anew", async () => {
  for (const whole of [true, false]) {
    const { registry, connection } = await startScripted();
    registry
      .on("POST", UPLOADS, started)
      .on("PATCH", UPLOAD, taken("u", 5 * MIB - 1))
      .on("PUT", UPLOAD, { status: 500 })
      .on("GET", UPLOAD, standsAt(5 * MIB - 1))
      .on("DELETE", UPLOAD, { status: 204 });
    const push = pushBlob(connection, "a/b", descriptor, bytes, { ...options, chunkSize: 8 * MIB, mode: whole ? "auto" : "chunked" });
    await expect(push).rejects.toMatchObject({ status: 500, attempts: 5, retryable: true });
    const counts = ["POST", "PATCH", "PUT", "DELETE"].map((method) => registry.journal(method).length);
    expect(counts).toEqual([1, whole ? 0 : 1, 5, 1]);
  }
});

test("[client/X-3,D-5] who cannot say where an upload stands is asked as often as an upload may fail, not six times as often", async () => {
  const { registry } = await startScripted();
  const patient = createConnection(registry.host, { plainHttp: true, retry: { policy: { backoff: () => 0 } } });
  registry
    .on("POST", UPLOADS, started)
    .on("PATCH", UPLOAD, { status: 503 })
    .on("GET", UPLOAD, { status: 503 })
    .on("DELETE", UPLOAD, { status: 204 });
  await expect(pushBlob(patient, "a/b", descriptor, bytes, { ...options, mode: "chunked" })).rejects.toMatchObject({ status: 503 });
  expect([registry.journal("POST").length, registry.journal("PATCH").length]).toEqual([4, 4]);
  expect(registry.journal("GET").filter((one) => one === `GET ${UPLOAD}`)).toHaveLength(4 * 5);
});

test.each(["PATCH", "GET"])("[client/D-5] a registry that asks for a day of patience ends the upload; method %s", async (method) => {
  const { registry } = await startScripted();
  const patient = createConnection(registry.host, { plainHttp: true });
  registry.on("POST", UPLOADS, started).on("PATCH", UPLOAD, { status: 503 }).on("DELETE", UPLOAD, { status: 204 });
  registry.on(method, UPLOAD, { status: 503, headers: { "retry-after": "86400" } });
  const pushed = pushBlob(patient, "a/b", descriptor, bytes, { ...options, mode: "chunked" });
  await expect(pushed).rejects.toMatchObject({ code: "ERR_RATE_LIMITED", retryAfterMs: 86_400_000 });
  const asked = registry.requests.filter(({ path }) => path === UPLOAD).map((request) => request.method);
  expect(asked).toEqual(["PATCH", ...(method === "GET" ? ["GET"] : []), "DELETE"]);
});

test("[client/X-3] a registry that says to hold more than it was sent is not believed", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { status: 201 });
  registry.on("PATCH", UPLOAD, taken("u", 4 * MIB - 1), taken("u", 4 * MIB - 1), taken("u", 5 * MIB - 1));
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" });
  expect(rangesOf(registry)).toEqual([`0-${2 * MIB - 1}`, `${2 * MIB}-${4 * MIB - 1}`, `${4 * MIB}-${5 * MIB - 1}`]);
});

test("[client/X-3] a registry that lost bytes which cannot be read again ends the push, and says so", async () => {
  const { registry, connection } = await startScripted();
  registry
    .on("POST", UPLOADS, started)
    .on("GET", UPLOAD, standsAt(MIB - 1))
    .on("DELETE", UPLOAD, { status: 204 });
  registry.on("PATCH", UPLOAD, taken("u", 2 * MIB - 1), { status: 503 });
  await expect(pushBlob(connection, "a/b", descriptor, once(bytes), { ...options, mode: "chunked" })).rejects.toMatchObject({
    code: "ERR_UNREPLAYABLE_BODY",
    cause: { code: "ERR_PROTOCOL", message: expect.stringContaining("lost bytes of the upload that it had taken") },
  });
  expect(registry.journal("PATCH")).toHaveLength(2);
});

test("[client/X-3] a registry that has lost bytes when it is to make the blob gets them again, where they can be read again", async () => {
  const outcomes: unknown[] = [];
  for (const content of [bytes, once(bytes)]) {
    const { registry, connection } = await startScripted();
    registry
      .on("POST", UPLOADS, started)
      .on("GET", UPLOAD, standsAt(3 * MIB - 1))
      .on("DELETE", UPLOAD, { status: 204 });
    registry
      .on("PATCH", UPLOAD, ...[2, 4, 5, 5].map((end) => taken("u", end * MIB - 1)))
      .on("PUT", UPLOAD, { status: 503 }, { status: 201 });
    const push = pushBlob(connection, "a/b", descriptor, content, { ...options, mode: "chunked" });
    outcomes.push(await push.then(() => rangesOf(registry).at(-1)).catch((error: unknown) => error));
  }
  expect(outcomes).toEqual([`${3 * MIB}-${5 * MIB - 1}`, expect.objectContaining({ code: "ERR_UNREPLAYABLE_BODY" })]);
});

test("[client/X-3] a registry that takes bytes and never has them is given up", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PATCH", UPLOAD, taken("u", 1023)).on("DELETE", UPLOAD, { status: 204 });
  await expect(pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" })).rejects.toMatchObject({
    code: "ERR_PROTOCOL",
    message: expect.stringContaining("takes bytes and does not keep them"),
  });
  expect(registry.journal("PATCH")).toHaveLength(4 * 7); // each time one that brings something, and six that do not
});

test("[client/X-3] an upload that has more bytes than the blob is not made a blob of", async () => {
  const { registry, connection } = await startScripted();
  registry
    .on("POST", UPLOADS, started)
    .on("GET", UPLOAD, standsAt(6 * MIB - 1))
    .on("DELETE", UPLOAD, { status: 204 });
  registry.on("PATCH", UPLOAD, { status: 503 }).on("PUT", UPLOAD, { status: 201 });
  await expect(pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" })).rejects.toMatchObject({
    code: "ERR_PROTOCOL",
    message: expect.stringContaining("more bytes than were sent"),
  });
  expect([registry.journal("POST").length, registry.journal("PUT")]).toEqual([4, []]);
});

test("[client/B-26,D-3] strictLocation holds for every Location of an upload", async () => {
  const { registry, connection } = await startScripted();
  const elsewhere = {
    status: 202,
    headers: { location: `${registry.url.replace("127.0.0.1", "localhost")}${UPLOAD}`, range: `0-${2 * MIB - 1}` },
  };
  registry.on("POST", UPLOADS, started).on("PATCH", UPLOAD, elsewhere).on("DELETE", UPLOAD, { status: 204 });
  const push = pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked", strictLocation: true });
  await expect(push).rejects.toMatchObject({
    code: "ERR_PROTOCOL",
    method: "PATCH",
    message: expect.stringContaining("sent a Location on"),
  });
  expect(registry.journal("PATCH")).toHaveLength(1);
});
