import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BerthError, bytesSource, type Descriptor, type ReadOnlyTarget, type TagLister } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { Random, randomImage } from "@berth/testkit/images";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pushGraphTo } from "./archive.test-kit.ts";
import { createDockerArchive } from "./docker-archive-writer.ts";
import { openDockerArchive } from "./docker-archive.ts";
import { createOciArchive } from "./oci-archive-writer.ts";
import { openOciArchive } from "./oci-archive.ts";

let folder: string;
const whole = new Map<string, Buffer>();
const image = randomImage(new Random(31));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-mutated-"));
  for (const [name, create] of [
    ["oci", createOciArchive],
    ["docker", createDockerArchive],
  ] as const) {
    const path = join(folder, name);
    const archive = await create(path);
    await pushGraphTo(archive, image, "app:v1");
    await archive.finish();
    whole.set(name, await readFile(path));
  }
});
afterAll(async () => {
  expect((await readdir(folder)).toSorted()).toEqual(["docker", "mutated", "oci"]);
  await rm(folder, { recursive: true });
});

/** One change of some bytes. */
type Mutation = (bytes: Buffer) => Buffer;

/** Places count from the front as a share of the whole, and headers are hit more often than their share. */
const at = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const header = fc.tuple(at, fc.nat(511)).map(
  ([place, offset]) =>
    (size: number) =>
      Math.floor((place * size) / 512) * 512 + offset,
);
const anywhere = at.map((place) => (size: number) => Math.floor(place * size));
const place = fc.oneof(header, anywhere);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(
    ([where, value]): Mutation =>
      (bytes) => {
        const changed = Buffer.from(bytes);
        changed[where(bytes.byteLength)] = value;
        return changed;
      },
  ),
  fc.tuple(header, fc.uint8Array({ minLength: 1, maxLength: 12 })).map(
    ([where, values]): Mutation =>
      (bytes) => {
        const changed = Buffer.from(bytes);
        const block = Math.floor(where(bytes.byteLength) / 512) * 512;
        if (block + 512 > bytes.byteLength) return bytes;
        changed.set(values, block + 124); // the size
        return withSum(changed, block);
      },
  ),
  fc.tuple(header, fc.constantFrom("1", "2", "3", "5", "6", "x", "g", "L", "K", "S", "V", "\0")).map(
    ([where, type]): Mutation =>
      (bytes) => {
        const changed = Buffer.from(bytes);
        const block = Math.floor(where(bytes.byteLength) / 512) * 512;
        if (block + 512 > bytes.byteLength) return bytes;
        changed.write(type, block + 156, "latin1");
        return withSum(changed, block);
      },
  ),
  at.map(
    (share): Mutation =>
      (bytes) =>
        bytes.subarray(0, Math.floor(share * bytes.byteLength)),
  ),
  fc.tuple(header, header).map(
    ([from, to]): Mutation =>
      (bytes) => {
        const start = Math.floor(from(bytes.byteLength) / 512) * 512;
        const end = Math.floor(to(bytes.byteLength) / 512) * 512;
        return Buffer.concat([bytes.subarray(0, end), bytes.subarray(Math.min(start, end), Math.max(start, end)), bytes.subarray(end)]);
      },
  ),
);

function withSum(bytes: Buffer, block: number): Buffer {
  bytes.fill(" ", block + 148, block + 156);
  const sum = bytes.subarray(block, block + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, block + 148, "latin1");
  return bytes;
}

/** Reads everything that can be reached by name, and checks what comes. */
async function readAll(archive: ReadOnlyTarget & TagLister): Promise<void> {
  for (const name of ["", ...(await Array.fromAsync(archive.tags()))]) {
    const manifest = await archive.resolve(name);
    const bytes = Buffer.concat(await Array.fromAsync(await archive.fetch(manifest)));
    expect(descriptorOf(manifest.mediaType, bytes).digest).toBe(manifest.digest);
    const { config, layers = [] }: { readonly config: Descriptor; readonly layers?: readonly Descriptor[] } = JSON.parse(bytes.toString());
    for (const blob of [config, ...layers]) {
      const content = Buffer.concat(await Array.fromAsync(await archive.fetch(blob)));
      expect(descriptorOf(blob.mediaType, content).digest).toBe(blob.digest);
    }
  }
}

describe.each(["oci", "docker"] as const)("%s", (kind) => {
  const openArchive = kind === "oci" ? openOciArchive : openDockerArchive;

  test("a mutated archive gives a typed error or the right content, and always comes to an end", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.boolean(), async (mutations, compressed) => {
        const changed = mutations.reduce((bytes, mutate) => mutate(bytes), whole.get(kind) ?? Buffer.of());
        const path = join(folder, "mutated");
        await writeFile(path, compressed ? gzipSync(changed, { level: 1 }) : changed);
        try {
          await using archive = await openArchive(path, { temporaryFolder: folder, maxHeaderBytes: 65_536 });
          await readAll(archive);
        } catch (error) {
          if (!BerthError.is(error)) throw error;
          refused++;
        }
      }),
      { numRuns: 100 },
    );
    expect(refused).toBeGreaterThan(30);
  });

  test("bytes that never were an archive are refused by a typed error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        await expect(openArchive(bytesSource(bytes), { temporaryFolder: folder })).rejects.toSatisfy(BerthError.is);
      }),
      { numRuns: 25 },
    );
  });
});
