import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, NotFoundError } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { createMemoryDriver } from "@berth/storage/memory";
import { expect, test } from "vitest";
import { useDisk } from "../testing/disk.test-kit.ts";
import { SteeredBody, useContext } from "../testing/domain.test-kit.ts";
import { replacing } from "../testing/doubles.test-kit.ts";
import { absentDigest, bytesOf } from "../testing/fixtures.test-kit.ts";
import type { DomainContext } from "./context.ts";
import { UploadRangeError } from "./errors.ts";
import { Uploads } from "./uploads.ts";

async function* bodyOf(...pieces: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

async function contentOf(context: DomainContext, repository: string, digest: Digest): Promise<string> {
  const blob = await context.metadata.findBlob(repository, digest);
  if (blob === undefined) throw new NotFoundError("blob", digest);
  return (await context.content.driver.getContent(blob.storageKey)).toString();
}

test("[server/U14,SQ40] while one request writes, another one is refused and changes nothing", async () => {
  const context = await useContext();
  const uploads = new Uploads(context);
  const { id } = await uploads.create("a");
  const slow = new SteeredBody();
  const first = uploads.append("a", id, slow);
  slow.give("0123");
  await slow.drained;
  await expect(uploads.append("a", id, bodyOf("xxxx"))).rejects.toBeInstanceOf(UploadRangeError);
  await expect(uploads.commit("a", id, absentDigest(), bodyOf("xxxx"))).rejects.toBeInstanceOf(UploadRangeError);
  slow.give("4567");
  slow.end();
  expect((await first).size).toBe(8);
  await uploads.commit("a", id, digestOf("01234567"));
  expect(await contentOf(context, "a", digestOf("01234567"))).toBe("01234567");
});

test("[server/U13] while a request writes, the session says how far that has come, and what was recorded once it failed", async () => {
  const uploads = new Uploads(await useContext());
  const { id } = await uploads.create("a");
  const body = new SteeredBody();
  const append = uploads.append("a", id, body);
  body.give("0123");
  await body.drained;
  expect(await uploads.status("a", id)).toMatchObject({ id, size: 4 });
  await expect(uploads.append("a", id, bodyOf("xxxx"), { start: 0 })).rejects.toMatchObject({ offset: 4 });
  body.give("45");
  await body.drained;
  expect((await uploads.status("a", id)).size).toBe(6);
  body.fail(new Error("the line went dead"));
  await expect(append).rejects.toThrow("the line went dead");
  expect((await uploads.append("a", id, bodyOf("6789"), { start: 6 })).size).toBe(10);
});

test("[server/U14] of many that start at once exactly one wins, each round", async () => {
  const uploads = new Uploads(await useContext());
  const { id } = await uploads.create("a");
  for (let round = 0; round < 5; round++) {
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => uploads.append("a", id, bodyOf("12345"), { start: round * 5 })),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results) if (result.status === "rejected") expect(result.reason).toBeInstanceOf(UploadRangeError);
    expect((await uploads.status("a", id)).size).toBe((round + 1) * 5);
  }
});

test("[server/U13] what came before the sender failed stays, and the next one goes on behind it", async () => {
  const uploads = new Uploads(await useContext());
  const { id } = await uploads.create("a");
  const body = new SteeredBody();
  body.give("01234");
  body.fail(new Error("the line went dead"));
  await expect(uploads.append("a", id, body)).rejects.toThrow("the line went dead");
  expect((await uploads.status("a", id)).size).toBe(5);
  await uploads.commit("a", id, digestOf("0123456789"), bodyOf("56789"), { start: 5 });
});

test("[server/U12] a session that is dropped under its writer gives that writer an error and leaves nothing", async () => {
  const disk = await useDisk();
  const context = await useContext(await disk.open());
  const uploads = new Uploads(context);
  for (const ending of ["append", "commit"] as const) {
    const { id } = await uploads.create("a");
    const body = new SteeredBody();
    const digest = digestOf("0123456789");
    const writing = ending === "append" ? uploads.append("a", id, body) : uploads.commit("a", id, digest, body);
    const outcome = expect(writing, ending).rejects.toBeInstanceOf(NotFoundError);
    body.give("01234");
    await body.drained;
    await uploads.cancel("a", id);
    body.give("56789");
    body.end();
    await outcome;
    await context.background.drain();
    expect(await disk.files(), ending).toEqual([]);
    expect(await context.metadata.findBlob("a", digest), ending).toBeUndefined();
  }
});

test("[server/X6] ids of sessions are UUIDs of version 7 in lower case, which sort by the time of their start", async () => {
  const uploads = new Uploads(await useContext());
  const ids: string[] = [];
  for (let n = 0; n < 20; n++) ids.push((await uploads.create("a")).id);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids).toEqual(ids.toSorted());
  const startedAt = Number.parseInt((ids[0] ?? "").replace("-", "").slice(0, 12), 16);
  expect(Math.abs(startedAt - Date.now())).toBeLessThan(60_000);
});

test("[server/C8,SQ40,SQ42] another process goes on with a session, and drops bytes that were never recorded", async () => {
  const disk = await useDisk();
  const one = new Uploads(await useContext(await disk.open()));
  const { id } = await one.create("a", "sha512");
  await one.append("a", id, bodyOf("01234"));
  const [file = ""] = await disk.files();
  await appendFile(join(disk.root, "storage", file), "bytes of a process that died before its checkpoint");

  const context = await useContext(await disk.open());
  const two = new Uploads(context);
  expect(await two.status("a", id)).toMatchObject({ id, size: 5 });
  expect((await two.append("a", id, bodyOf("567"), { start: 5 })).size).toBe(8);
  const digest = digestOf("0123456789", "sha512");
  await one.commit("a", id, digest, bodyOf("89"), { start: 8 });
  expect(await contentOf(context, "a", digest)).toBe("0123456789");
  await expect(two.status("a", id)).rejects.toBeInstanceOf(NotFoundError);
});

test("[server/SQ40] who takes over an expired lease goes on alone; the former writer can neither record nor corrupt", async () => {
  const disk = await useDisk();
  const parts = await disk.open();
  let partitioned = false;
  const healed = Promise.withResolvers<void>();
  const cutOff = replacing(parts.metadata, {
    checkpointUpload: async (input) => {
      if (partitioned) await healed.promise;
      return await parts.metadata.checkpointUpload(input);
    },
  });
  const lost = new Uploads(await useContext({ storage: parts.storage, metadata: cutOff, limits: { uploadLeaseMs: 100 } }));
  const { id } = await lost.create("a");
  await lost.append("a", id, bodyOf("01234"));

  partitioned = true;
  const body = new SteeredBody();
  const writing = lost.append("a", id, body);
  const outcome = expect(writing).rejects.toBeInstanceOf(NotFoundError);
  body.give(bytesOf(1 << 20)); // a whole batch: it is written to the file at once
  await body.drained;

  const context = await useContext(await disk.open());
  const heir = new Uploads(context);
  await expect
    .poll(() =>
      heir.append("a", id, bodyOf("567"), { start: 5 }).then(
        ({ size }) => size,
        () => 0,
      ),
    )
    .toBe(8);
  body.give(bytesOf(2 << 20)); // the former writer still has its file open
  await body.drained;
  healed.resolve();
  body.end();
  await outcome;

  const digest = digestOf("0123456789");
  await heir.commit("a", id, digest, bodyOf("89"), { start: 8 });
  expect(await contentOf(context, "a", digest)).toBe("0123456789");
  await expect.poll(async () => (await disk.files()).filter((path) => path.includes("/uploads/"))).toEqual([]);
});

test("[server/SQ40] a writer that shows life keeps its lease for as long as it writes", async () => {
  const context = await useContext({ limits: { uploadLeaseMs: 60 } });
  let renewals = 0;
  const renewed = Promise.withResolvers<void>();
  const metadata = replacing(context.metadata, {
    checkpointUpload: async (input) => {
      const version = await context.metadata.checkpointUpload(input);
      if (input.leaseMs > 0 && ++renewals === 5) renewed.resolve();
      return version;
    },
  });
  const uploads = new Uploads({ ...context, metadata });
  const { id } = await uploads.create("a");
  const body = new SteeredBody();
  const writing = uploads.append("a", id, body);
  await renewed.promise; // longer than the first lease was
  await expect(uploads.append("a", id, bodyOf("x"))).rejects.toBeInstanceOf(UploadRangeError);
  body.give("01234");
  body.end();
  expect((await writing).size).toBe(5);
});

test("[server/SQ41] every 64 MiB the bytes become durable and are recorded", async () => {
  const context = await useContext();
  const uploads = new Uploads(context);
  const { id } = await uploads.create("a");
  const body = new SteeredBody();
  const writing = uploads.append("a", id, body);
  const mib = bytesOf(1 << 20);
  for (let n = 0; n < 66; n++) body.give(mib);
  await expect.poll(async () => (await uploads.status("a", id)).size).toBe(64 << 20);
  body.end();
  expect((await writing).size).toBe(66 << 20);
});

test("[server/D2] of bytes that lie at the blob's path already no second copy is made", async () => {
  const storage = createMemoryDriver();
  let copies = 0;
  const counting = replacing(storage, {
    copy: (...args) => {
      copies++;
      return storage.copy(...args);
    },
    move: (...args) => {
      copies++;
      return storage.move(...args);
    },
  });
  const uploads = new Uploads(await useContext({ storage: counting }));
  for (const repository of ["a", "b"]) await uploads.put(repository, digestOf("content"), bodyOf("content"));
  expect(copies).toBe(1);
});

test("a blob over the limit is refused with what came kept, and a whole push of one leaves nothing", async () => {
  const disk = await useDisk();
  const context = await useContext({ ...(await disk.open()), limits: { maxBlobBytes: 8 } });
  const uploads = new Uploads(context);
  const { id } = await uploads.create("a");
  await expect(uploads.append("a", id, bodyOf("01234", "56789"))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  expect((await uploads.status("a", id)).size).toBe(5);
  await uploads.cancel("a", id);
  await expect(uploads.put("a", digestOf("0123456789"), bodyOf("0123456789"))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  expect(await disk.files()).toEqual([]);
});

test("[server/L11] storage that fails under an upload keeps the session where the last recorded byte is", async () => {
  const storage = createMemoryDriver();
  let broken = false;
  const failing = replacing(storage, {
    writer: async (path, options) => {
      const writer = await storage.writer(path, options);
      return replacing(writer, { write: (chunk) => (broken ? Promise.reject(new Error("no room")) : writer.write(chunk)) });
    },
  });
  const context = await useContext({ storage: failing });
  const uploads = new Uploads(context);
  const { id } = await uploads.create("a");
  await uploads.append("a", id, bodyOf("01234"));
  broken = true;
  await expect(uploads.append("a", id, bodyOf("56789"))).rejects.toThrow("no room");
  await expect(uploads.commit("a", id, absentDigest(), bodyOf("56789"))).rejects.toThrow("no room");
  broken = false;
  expect((await uploads.status("a", id)).size).toBe(5);
  await uploads.commit("a", id, digestOf("0123456789"), bodyOf("56789"), { start: 5 });
  expect(await contentOf(context, "a", digestOf("0123456789"))).toBe("0123456789");
});

test("[server/C7,U13] who closes the registry waits until a write that was cut off has recorded its bytes", async () => {
  const context = await useContext();
  const uploads = new Uploads(context);
  const { id } = await uploads.create("a");
  const body = new SteeredBody();
  const outcome = expect(uploads.append("a", id, body)).rejects.toThrow("cut off");
  body.give("01234");
  await body.drained;
  body.fail(new Error("cut off"));
  await context.background.drain();
  expect((await uploads.status("a", id)).size).toBe(5);
  expect(await uploads.append("a", id, bodyOf("56789"))).toMatchObject({ size: 10 });
  await outcome;
});

test("[server/L11,SQ20] a commit that fails counts only bytes that were durable before, so that the same request can be sent again", async () => {
  const disk = await useDisk();
  const parts = await disk.open();
  let full = true;
  const metadata = replacing(parts.metadata, {
    commitBlob: (input) => (full ? Promise.reject(new Error("no space left")) : parts.metadata.commitBlob(input)),
  });
  const context = await useContext({ storage: parts.storage, metadata });
  const uploads = new Uploads(context);
  const { id } = await uploads.create("a");
  await uploads.append("a", id, bodyOf("01234"));
  const digest = digestOf("0123456789");
  const commit = (): Promise<unknown> => uploads.commit("a", id, digest, bodyOf("56789"), { start: 5 });
  await expect(commit()).rejects.toThrow("no space left");
  expect((await uploads.status("a", id)).size).toBe(5);
  full = false;
  await commit();
  expect(await contentOf(context, "a", digest)).toBe("0123456789");
});
