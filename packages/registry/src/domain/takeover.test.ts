import { type Digest, NotFoundError } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { StorageUnavailableError } from "@berth/storage";
import { expect, onTestFinished, test } from "vitest";
import { type Disk, useDisk } from "../testing/disk.test-kit.ts";
import { SteeredBody, useContext } from "../testing/domain.test-kit.ts";
import { replacing } from "../testing/doubles.test-kit.ts";
import { bytesOf } from "../testing/fixtures.test-kit.ts";
import type { DomainContext } from "./context.ts";
import { UploadRangeError } from "./errors.ts";
import { Uploads } from "./uploads.ts";

async function* bodyOf(...pieces: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

async function contentOf(context: DomainContext, digest: Digest): Promise<Buffer> {
  const blob = await context.metadata.findBlob("a", digest);
  if (blob === undefined) throw new NotFoundError("blob", digest);
  return await context.content.driver.getContent(blob.storageKey);
}

/** A process that reaches storage but not metadata any more, so that its lease runs out, until it is healed. */
async function useStalledProcess(disk: Disk): Promise<{ readonly uploads: Uploads; stall(): void; heal(): void }> {
  const parts = await disk.open();
  const healed = Promise.withResolvers<void>();
  let stalled = false;
  onTestFinished(() => healed.resolve());
  const metadata = replacing(parts.metadata, {
    checkpointUpload: async (input) => {
      if (stalled) await healed.promise;
      return await parts.metadata.checkpointUpload(input);
    },
  });
  const uploads = new Uploads(await useContext({ storage: parts.storage, metadata, limits: { uploadLeaseMs: 100 } }));
  return { uploads, stall: () => void (stalled = true), heal: () => healed.resolve() };
}

/** Such a process in the middle of a request, five bytes of whose session are recorded; `outcome` is what the request must come to. */
async function useStalledWriter(disk: Disk) {
  const former = await useStalledProcess(disk);
  const { id } = await former.uploads.create("a");
  await former.uploads.append("a", id, bodyOf("01234"));
  former.stall();
  const body = new SteeredBody();
  const outcome = expect(former.uploads.append("a", id, body)).rejects.toBeInstanceOf(NotFoundError);
  return { former, id, body, outcome };
}

async function refusedBut<T>(attempt: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof UploadRangeError) return undefined; // the lease has not run out yet
    throw error;
  }
}

test("[server/SQ40] a writer that lost a session without a recorded byte can commit nothing but what it wrote itself", async () => {
  const disk = await useDisk();
  const former = await useStalledProcess(disk);
  const { id } = await former.uploads.create("a");
  former.stall();
  const body = new SteeredBody();
  body.give("the former writer's bytes");
  const committing = former.uploads.commit("a", id, digestOf("the former writer's bytes"), body).catch((error: unknown) => error);
  await body.drained;

  const context = await useContext(await disk.open());
  const heir = new Uploads(context);
  await expect.poll(() => refusedBut(() => heir.append("a", id, bodyOf("the heir's"), { start: 0 }))).toMatchObject({ size: 10 });
  body.end();
  former.heal();
  const outcome = await committing;
  const blob = await context.metadata.findBlob("a", digestOf("the former writer's bytes"));
  if (outcome instanceof Error) expect(blob).toBeUndefined();
  else expect((await contentOf(context, digestOf("the former writer's bytes"))).toString()).toBe("the former writer's bytes");
});

test("[server/SQ40] a takeover that fails half way leaves the recorded bytes to the next one", async () => {
  const disk = await useDisk();
  const { former, id, body, outcome } = await useStalledWriter(disk);

  const parts = await disk.open();
  let full = true;
  const storage = replacing(parts.storage, {
    writer: async (path, options) => {
      const writer = await parts.storage.writer(path, options);
      return replacing(writer, {
        write: async (chunk) => {
          if (full) throw new StorageUnavailableError("no space left", { driver: "test", path });
          await writer.write(chunk);
        },
      });
    },
  });
  const context = await useContext({ storage, metadata: parts.metadata });
  const heir = new Uploads(context);
  await expect
    .poll(() => refusedBut(() => heir.append("a", id, bodyOf("567"), { start: 5 })).catch((error: unknown) => error))
    .toBeInstanceOf(StorageUnavailableError);
  full = false;
  await expect.poll(() => refusedBut(() => heir.append("a", id, bodyOf("567"), { start: 5 }))).toMatchObject({ size: 8 });
  await heir.commit("a", id, digestOf("0123456789"), bodyOf("89"));
  expect((await contentOf(context, digestOf("0123456789"))).toString()).toBe("0123456789");
  former.heal();
  body.end();
  await outcome;
  await expect.poll(async () => (await disk.files()).filter((path) => path.includes("/uploads/"))).toEqual([]);
});

test("[server/SQ40] after a takeover that wrote nothing the former writer still cannot reach the session's bytes", async () => {
  const disk = await useDisk();
  const { former, id, body, outcome } = await useStalledWriter(disk);
  body.give(bytesOf(1 << 20));
  await body.drained;

  const context = await useContext(await disk.open());
  const heir = new Uploads(context);
  const wrongStart = async (): Promise<string> =>
    await heir.append("a", id, bodyOf("x"), { start: 3 }).then(
      () => "taken",
      (error: unknown) => String(error),
    );
  await expect.poll(wrongStart).toContain("chunk starts at 3");
  const rest = Buffer.alloc(4 << 20, "heir");
  await expect.poll(() => refusedBut(() => heir.append("a", id, bodyOf(rest), { start: 5 }))).toMatchObject({ size: 5 + rest.byteLength });
  body.give(bytesOf(1 << 20), bytesOf(1 << 20)); // into the middle of the heir's, were it the same file
  await body.drained;
  former.heal();
  body.end();
  await outcome;
  const whole = Buffer.concat([Buffer.from("01234"), rest]);
  await heir.commit("a", id, digestOf(whole));
  expect((await contentOf(context, digestOf(whole))).equals(whole)).toBe(true);
});

test("[server/L11] a whole push whose metadata commit fails leaves no staged file", async () => {
  const disk = await useDisk();
  const parts = await disk.open();
  const metadata = replacing(parts.metadata, {
    commitBlob: () => Promise.reject(new StorageUnavailableError("no space left", { driver: "test", path: "/" })),
  });
  const uploads = new Uploads(await useContext({ storage: parts.storage, metadata }));
  await expect(uploads.put("a", digestOf("x"), bodyOf("x"))).rejects.toBeInstanceOf(StorageUnavailableError);
  await expect.poll(async () => (await disk.files()).filter((path) => path.includes("/uploads/"))).toEqual([]);
});
