import type { IncomingMessage, ServerResponse } from "node:http";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { openLayout } from "../layout/open-layout.ts";
import { settled, TestClock } from "../manager/manager.test-kit.ts";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { imageOf, short, startFake } from "./copy.test-kit.ts";
import { gate, started, waitFor } from "./gate.test-kit.ts";

test("[engine/T8] twenty copies of one image into one store get every blob once", async () => {
  const held = gate();
  const from = await started(3, held.answer);
  const store = createMemoryStore();
  const manager = createTransferManager();
  const copies = Array.from({ length: 20 }, () => copy(from.repository("a"), "v1", store, undefined, { manager }));
  await waitFor(() => held.waiting() === 4 && from.count("GET a/manifests") === 20);
  held.open();
  const results = await Promise.all(copies);
  for (const { descriptor } of imageOf(3).blobs) expect(from.count(`GET a/blobs/${short(descriptor)}`)).toBe(1);
  expect(new Set(results.map(({ tags }) => tags[0]?.digest))).toEqual(new Set([imageOf(3).manifest.digest]));
  const { manifest, blobs } = imageOf(3);
  const sum = (key: "bytes" | "copied"): number => results.reduce((total, { stats }) => total + stats[key], 0);
  const once = [manifest, ...blobs].reduce((total, { bytes }) => total + bytes.byteLength, 0);
  expect([sum("bytes"), sum("copied")]).toEqual([once, blobs.length + 1]);
});

test("[engine/T8] copies into one layout get every blob once, also when each opened it for itself", async () => {
  const held = gate();
  const from = await started(3, held.answer);
  const folder = await temporaryFolder("layout");
  const manager = createTransferManager();
  const tags = ["x", "y", "z"];
  const layouts = await Promise.all(tags.map(async (tag) => ({ tag, layout: await openLayout(folder, { create: true }) })));
  const copies = layouts.map(({ tag, layout }) => copy(from.repository("a"), "v1", layout, tag, { manager }));
  await waitFor(() => held.waiting() === 4 && from.count("GET a/manifests") === 3);
  held.open();
  await Promise.all(copies);
  for (const { descriptor } of imageOf(3).blobs) expect(from.count(`GET a/blobs/${short(descriptor)}`)).toBe(1);
  const layout = await openLayout(folder);
  expect(await Array.fromAsync(layout.tags())).toEqual(tags);
  expect(await layout.check()).toMatchObject({ problems: [] });
});

test("[engine/T8] when nineteen of twenty give up the last one succeeds; when all give up the connection is closed", {
  timeout: 30_000,
}, async () => {
  for (const leaving of [19, 20]) {
    const held = gate();
    const from = await started(1, held.answer);
    const store = createMemoryStore();
    const manager = createTransferManager();
    const controllers = Array.from({ length: 20 }, () => new AbortController());
    const copies = controllers.map(({ signal }) => copy(from.repository("a"), "v1", store, undefined, { manager, signal }));
    const ends = copies.map((one) =>
      one.then(
        ({ tags }) => tags[0]?.outcome,
        (error: unknown) => error,
      ),
    );
    await waitFor(() => held.waiting() === 2 && from.count("GET a/manifests") === 20);
    const reason = new Error("enough");
    for (const one of controllers.slice(0, leaving)) one.abort(reason);
    expect(await Promise.all(ends.slice(0, leaving))).toEqual(Array.from({ length: leaving }, () => reason));
    if (leaving === 20) await waitFor(() => held.waiting() === 0);
    expect(held.waiting()).toBe(leaving === 20 ? 0 : 2);
    held.open();
    expect(await ends[19]).toBe(leaving === 20 ? reason : "tagged");
  }
});

test("[engine/T9] with a limit of three, ten blobs never have more than three requests open", async () => {
  const held = gate();
  const from = await started(9, held.answer);
  const store = createMemoryStore();
  const copying = copy(from.repository("a"), "v1", store, undefined, { manager: createTransferManager({ downloads: 3 }) });
  await waitFor(() => held.waiting() === 3);
  await settled();
  held.open();
  await copying;
  expect([held.peak(), from.count("GET a/blobs")]).toEqual([3, 10]);
});

test("[engine/T10] a blob that is answered 429 is asked for again no sooner than was asked for; another registry is not kept waiting", async () => {
  const clock = new TestClock();
  const manager = createTransferManager({ clock, downloads: 0 });
  let refusals = 1;
  const slow = await startFake({
    answer(request, response) {
      if (request.method !== "GET" || request.url?.includes("/blobs/") !== true || refusals-- <= 0) return false;
      response.writeHead(429, { "retry-after": "2", "content-length": "0" }).end();
      return true;
    },
  });
  slow.put("a", imageOf(0), "v1");
  const other = await startFake();
  other.put("a", imageOf(2, { of: "other" }), "v1");
  const store = createMemoryStore();
  const first = copy(slow.repository("a", { retry: false }), "v1", store, "slow", { manager });
  await waitFor(() => clock.slept.length > 0);
  await copy(other.repository("a"), "v1", store, "other", { manager });
  expect([clock.slept, clock.now(), slow.count("GET a/blobs")]).toEqual([[2000], 0, 1]);
  clock.tick();
  await first;
  expect([clock.now(), slow.count("GET a/blobs"), manager.hostLimit(slow.host)]).toEqual([2000, 2, 2]);
});

test("[engine/T9] a blob that fails five times fails the copy, with the first reason; nothing is tagged", async () => {
  const clock = new TestClock();
  const from = await startFake({
    answer(request, response) {
      if (request.method !== "GET" || request.url?.includes("/blobs/") !== true) return false;
      response.writeHead(503, { "content-length": "0" }).end();
      return true;
    },
  });
  from.put("a", imageOf(0), "v1");
  const store = createMemoryStore();
  const manager = createTransferManager({ clock, random: () => 0.5 });
  const events: string[] = [];
  const copying = copy(from.repository("a", { retry: false }), "v1", store, undefined, {
    manager,
    onEvent: ({ action, message = "" }) => void (action === "retrying" && events.push(message.slice(0, 20))),
  });
  const failing = expect(copying).rejects.toMatchObject({
    code: "ERR_TRANSFER_FAILED",
    attempts: 5,
    cause: { code: "ERR_COPY", origin: "source", cause: { status: 503 } },
  });
  for (let waits = 1; waits < 5; waits++) {
    await waitFor(() => clock.slept.length >= waits);
    clock.tick();
    await settled();
  }
  await failing;
  expect(clock.slept.slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
  expect(events).toEqual(["Retrying in 1 second", "Retrying in 1 second", "Retrying in 2 second", "Retrying in 4 second"]);
  expect(await Array.fromAsync(store.tags())).toEqual([]);
});

test.each([
  ["answers 503", (response: ServerResponse) => void response.writeHead(503, { "content-length": "0" }).end()],
  ["hangs up", (response: ServerResponse) => void response.destroy()],
  [
    "hangs up before the first byte of content",
    (response: ServerResponse) => {
      response.writeHead(200, { "content-length": String(imageOf(0).blobs[0]?.bytes.byteLength) });
      response.flushHeaders();
      setImmediate(() => response.destroy());
    },
  ],
])("[engine/T9] what the client tries again and what the manager tries again do not multiply: a registry that %s", async (_, spoil) => {
  const from = await startFake({
    answer(request, response) {
      if (request.method !== "GET" || request.url?.includes("/blobs/") !== true) return false;
      spoil(response);
      return true;
    },
  });
  from.put("a", imageOf(0), "v1");
  const repository = from.repository("a", { retry: { policy: { maxRetries: 4, backoff: () => 0 } } });
  const manager = createTransferManager({ backoff: () => 0 });
  await expect(copy(repository, "v1", createMemoryStore(), undefined, { manager })).rejects.toMatchObject({ code: "ERR_COPY" });
  const sent = from.count("GET a/blobs");
  expect(sent).toBeGreaterThanOrEqual(5);
  expect(sent).toBeLessThanOrEqual(6); // a connection that was idle may have been closed already: that is no attempt
});

/** Cuts the first answer to a GET of a blob after half of it; the rest is sent with its last byte changed as often as told. */
function cuttingOnce(spoil: number): (request: IncomingMessage, response: ServerResponse) => boolean {
  const bytes = imageOf(1, { size: 100_000 }).blobs[1]?.bytes ?? Buffer.alloc(0);
  let cuts = 0;
  return (request, response) => {
    if (request.method !== "GET" || request.url?.includes(imageOf(1, { size: 100_000 }).blobs[1]?.descriptor.digest ?? "-") !== true)
      return false;
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (start === 0 && cuts++ < spoil) {
      response.writeHead(200, { "content-length": String(bytes.byteLength) });
      response.write(bytes.subarray(0, 50_000), () => response.destroy());
      return true;
    }
    if (start === 0) return false;
    const rest = Buffer.from(bytes.subarray(start));
    rest[rest.byteLength - 1] = ~(rest.at(-1) ?? 0);
    response.writeHead(206, {
      "content-range": `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`,
      "content-length": String(rest.byteLength),
    });
    response.end(rest);
    return true;
  };
}

test.each([
  ["one restart is enough", 1, "tagged"],
  ["the same again and again is the error", 99, "ERR_TRANSFER_FAILED"],
])("[engine/T12] a download that was cut, gone on with and wrong is begun anew: %s", async (_, spoil, expected) => {
  const from = await startFake({ answer: cuttingOnce(spoil) });
  from.put("a", imageOf(1, { size: 100_000 }), "v1");
  const store = createMemoryStore();
  const manager = createTransferManager({ backoff: () => 0, attempts: 3 });
  const outcome = await copy(from.repository("a"), "v1", store, undefined, { manager }).then(
    ({ tags }) => tags[0]?.outcome,
    (error: { code: string }) => error.code,
  );
  expect(outcome).toBe(expected);
});

test("copies that share a manager, and the same manifest, each set their own tag", async () => {
  const from = await startFake();
  from.put("a", imageOf(1), "v1");
  const store = createMemoryStore();
  const manager = createTransferManager();
  const tags = ["x", "y", "z"];
  await Promise.all(tags.map(async (tag) => await copy(from.repository("a"), "v1", store, tag, { manager })));
  for (const tag of tags) expect((await store.resolve(tag)).digest).toBe(imageOf(1).manifest.digest);
});

test("[engine/T8] copies that share a manager do not take one repository of a registry for another, nor one registry for another", async () => {
  const from = await startFake();
  from.put("a", imageOf(3), "v1");
  const [to, other] = [await startFake(), await startFake()];
  const manager = createTransferManager();
  const places = [
    [to, "b"],
    [to, "c"],
    [other, "b"],
  ] as const;
  await Promise.all(
    places.map(async ([registry, name]) => await copy(from.repository("a"), "v1", registry.repository(name), "v1", { manager })),
  );
  for (const [registry, name] of places) {
    expect(registry.tags.get(`${name} v1`)).toBe(imageOf(3).manifest.digest);
    for (const { descriptor } of imageOf(3).blobs) expect(registry.blobs.has(`${name} ${descriptor.digest}`)).toBe(true);
  }
});
