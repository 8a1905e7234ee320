import {
  type ByteSource,
  bytesSource,
  type Deleter,
  type Descriptor,
  type GraphTarget,
  type Paged,
  parseDigest,
  type PredecessorFinder,
  type ReadOnlyTarget,
  type ReferrerLister,
  type ReplayableSource,
  type TagLister,
  type Target,
  type Untagger,
} from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { blobFixture, imageManifest, indexManifest } from "@berth/testkit/images";
import { describe, expect, onTestFinished, test } from "vitest";

/** What a place can do beyond being read and written; each has cases of its own. */
type Ability = "delete" | "predecessors" | "referrers" | "tags" | "untag";

/** Everything that a place may be able to do. */
export type WholeTarget = GraphTarget & TagLister & ReferrerLister & Untagger & Deleter;

/** A place under test. */
export interface TargetSubject {
  readonly target: Target & Partial<PredecessorFinder & TagLister & ReferrerLister & Untagger & Deleter>;
  /** For places that are read only after they were written, such as archives: ends the writing, opens what came of it. */
  readonly reopen?: () => Promise<ReadOnlyTarget & Partial<PredecessorFinder & TagLister & ReferrerLister>>;
  /** Removes everything; fails when something was left behind. */
  readonly dispose?: () => Promise<void>;
}

/** How a place is tested. */
export interface DescribeTargetOptions {
  /** Makes an empty place, for each case. */
  create(): Promise<TargetSubject> | TargetSubject;
  /** What it cannot do, with the reason. */
  readonly without?: Readonly<Partial<Record<Ability, string>>>;
}

interface Sample {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

const text = (content: string): Sample => blobFixture("text/plain", Buffer.from(content));
const config = blobFixture("application/vnd.oci.image.config.v1+json", Buffer.from('{"os":"linux","architecture":"amd64"}'));
const layer = blobFixture("application/vnd.oci.image.layer.v1.tar", Buffer.from("layer"));
const image = imageManifest({ config: config.descriptor, layers: [layer.descriptor] });
const other = imageManifest({ config: config.descriptor, annotations: { other: "yes" } });
const index = indexManifest([image.descriptor, other.descriptor]);
const sbom = imageManifest({
  config: config.descriptor,
  subject: image.descriptor,
  artifactType: "application/sbom",
  annotations: { k: "v" },
});
const signature = imageManifest({ config: config.descriptor, subject: image.descriptor, artifactType: "application/signature" });
const large = blobFixture("application/octet-stream", Buffer.alloc(3_500_000, "some bytes that repeat; "));

/**
 * Runs the contract of the content interfaces over a place to copy from and to: what `copy` counts on, whatever it is.
 *
 * ```ts
 * describeTarget("memory", { create: () => ({ target: createMemoryStore() }) });
 * ```
 */
export function describeTarget(name: string, { create, without = {} }: DescribeTargetOptions): void {
  const start = async (): Promise<TargetSubject> => {
    const subject = await create();
    onTestFinished(async () => await subject.dispose?.());
    return subject;
  };
  const having = (ability: Ability): ((title: string, body: () => Promise<void>) => void) => {
    const reason = without[ability];
    return (title, body) => {
      if (reason === undefined) return test(title, body);
      return test(`without ${ability}: ${reason}`, async () => {
        const { target } = await start();
        expect(ability in target).toBe(false);
      });
    };
  };

  describe(`target "${name}"`, () => {
    test("[engine/T2] content comes back byte for byte, whole and in part, after it was pushed", async () => {
      const { target, reopen } = await start();
      await pushImages(target);
      await push(target, large);
      await target.tag(image.descriptor, "v1");
      const reader = (await reopen?.()) ?? target;
      for (const sample of [config, layer, image, large]) {
        expect(Buffer.compare(await read(reader, sample.descriptor), sample.bytes)).toBe(0);
      }
      for (const part of [{ offset: 1 }, { offset: 3_000_000 }, { offset: 2, length: 2_000_000 }, { length: 7 }, { offset: 3_500_000 }]) {
        const { offset = 0, length = large.bytes.byteLength } = part;
        const bytes = Buffer.concat(await Array.fromAsync(await reader.fetch(large.descriptor, part)));
        expect(bytes.equals(large.bytes.subarray(offset, offset + length)), JSON.stringify(part)).toBe(true);
      }
    });

    test("names lead to manifests, and digests to themselves", async () => {
      const { target, reopen } = await start();
      await pushImages(target);
      await target.tag(image.descriptor, "v1");
      await target.tag(index.descriptor, "all");
      const reader = (await reopen?.()) ?? target;
      expect(await reader.resolve("v1")).toMatchObject(image.descriptor);
      expect(await reader.resolve("all")).toMatchObject(index.descriptor);
      expect(await reader.resolve(image.digest)).toMatchObject(image.descriptor);
      for (const missing of ["v2", text("nowhere").descriptor.digest]) {
        await expect(reader.resolve(missing)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
      }
    });

    test("content that is not there is not found", async () => {
      const { target, reopen } = await start();
      await pushImages(target);
      const missing = text("nowhere").descriptor;
      expect(await target.exists(missing)).toBe(false);
      await expect(target.tag({ ...missing, mediaType: image.mediaType }, "x")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
      await target.tag(image.descriptor, "v1");
      await expect(((await reopen?.()) ?? target).fetch(missing)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    });

    test("pushing what is there is success, and lets go of the content", async () => {
      const { target } = await start();
      await push(target, layer);
      await push(target, layer);
      expect(await target.exists(layer.descriptor)).toBe(true);
    });

    test("content that is not what was promised leaves nothing", async () => {
      const { target } = await start();
      const { size } = layer.descriptor;
      const wrong: readonly (readonly [Descriptor, Uint8Array])[] = [
        [layer.descriptor, Buffer.from("lAyer")],
        [layer.descriptor, Buffer.from("lay")],
        [layer.descriptor, Buffer.from("layer and more")],
        [{ ...layer.descriptor, size: size + 1 }, layer.bytes],
        [{ ...layer.descriptor, size: size - 1 }, layer.bytes],
        [large.descriptor, large.bytes.toReversed()],
      ];
      for (const [descriptor, bytes] of wrong) {
        const error: unknown = await target.push(descriptor, bytesSource(bytes)).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(DIGEST|SIZE)_MISMATCH$/) });
        expect(await target.exists(descriptor)).toBe(false);
      }
      await push(target, layer);
      expect(await target.exists(layer.descriptor)).toBe(true);
    });

    test("a source that fails, fails the push by its own error, and what comes next succeeds", async () => {
      const { target } = await start();
      for (const { descriptor, bytes } of [layer, large]) {
        const reason = new Error("the line was cut");
        await expect(target.push(descriptor, failingAfter(bytes.subarray(0, bytes.byteLength >> 1), reason))).rejects.toBe(reason);
        expect(await target.exists(descriptor)).toBe(false);
        await push(target, { descriptor, bytes });
        expect(await target.exists(descriptor)).toBe(true);
      }
    });

    test("an aborted call rejects with the reason of its signal, and leaves nothing", async () => {
      const { target } = await start();
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      await expect(target.push(layer.descriptor, bytesSource(layer.bytes), { signal })).rejects.toBe(reason);
      const controller = new AbortController();
      const cut = target.push(large.descriptor, abortingAfter(large.bytes, controller, reason), { signal: controller.signal });
      await expect(cut).rejects.toBe(reason);
      expect(await target.exists(large.descriptor)).toBe(false);
    });

    test("look-ups reject with the reason of their signal", async () => {
      const { target } = await start();
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      await expect(target.exists(layer.descriptor, { signal })).rejects.toBe(reason);
      await expect(target.resolve("v1", { signal })).rejects.toBe(reason);
      await expect(target.fetch(layer.descriptor, { signal })).rejects.toBe(reason);
    });

    test("content comes in any chunks, empty ones too", async () => {
      const { target } = await start();
      const empty = text("");
      await target.push(large.descriptor, inChunks(large.bytes, [1, 0, 70_000, 3, 900_000]));
      await target.push(empty.descriptor, inChunks(empty.bytes, [0]));
      expect([await target.exists(large.descriptor), await target.exists(empty.descriptor)]).toEqual([true, true]);
    });

    test("content whose memory is used again is stored as it was", async () => {
      const { target, reopen } = await start();
      await pushImages(target);
      await target.push(large.descriptor, passingSource(large.bytes));
      await target.tag(image.descriptor, "v1");
      expect(Buffer.compare(await read((await reopen?.()) ?? target, large.descriptor), large.bytes)).toBe(0);
    });

    test("content is known by sha512 and sha384 too", async () => {
      const { target, reopen } = await start();
      const samples = (["sha512", "sha384"] as const).map((algorithm) => ({
        bytes: layer.bytes,
        descriptor: descriptorOf(layer.descriptor.mediaType, layer.bytes, algorithm),
      }));
      for (const sample of samples) await push(target, sample);
      await pushImages(target);
      const strong = imageManifest({ config: config.descriptor, layers: samples.map(({ descriptor }) => descriptor) });
      await push(target, strong);
      await target.tag(strong.descriptor, "v1");
      const reader = (await reopen?.()) ?? target;
      for (const { descriptor } of samples) expect(await read(reader, descriptor)).toEqual(Buffer.from(layer.bytes));
    });

    test("[engine/T8] many pushes of the same content at the same time store it once, whole", async () => {
      const { target } = await start();
      await Promise.all(Array.from({ length: 8 }, async () => await push(target, large)));
      expect(await target.exists(large.descriptor)).toBe(true);
      await pushImages(target);
      await Promise.all(["a", "b", "c", "d", "e", "f"].map(async (tag) => await target.tag(image.descriptor, tag)));
      for (const tag of ["a", "b", "c", "d", "e", "f"]) expect((await target.resolve(tag)).digest).toBe(image.digest);
    });

    test("a tag moves", async () => {
      const { target, reopen } = await start();
      await pushImages(target);
      await target.tag(image.descriptor, "v1");
      await target.tag(image.descriptor, "v1");
      await target.tag(other.descriptor, "v1");
      expect(await target.exists(image.descriptor)).toBe(true);
      expect((await ((await reopen?.()) ?? target).resolve("v1")).digest).toBe(other.digest);
    });

    test("names that are none are refused", async () => {
      const { target } = await start();
      await pushImages(target);
      for (const name of ["", "a b", "-x", image.digest, "../up"]) {
        await expect(target.tag(image.descriptor, name), name).rejects.toMatchObject({ code: "ERR_INVALID_REFERENCE" });
      }
    });

    having("tags")("tags are listed in byte order, in pages, from anywhere", async () => {
      const { target, reopen } = await start();
      await pushImages(target);
      for (const tag of ["b", "a", "B", "_", "c", "a.b", "a-b"]) await target.tag(image.descriptor, tag);
      const { tags } = whole((await reopen?.()) ?? target);
      const sorted = ["B", "_", "a", "a-b", "a.b", "b", "c"];
      expect(await Array.fromAsync(tags())).toEqual(sorted);
      const pages = await Array.fromAsync(tags({ pageSize: 3 }).pages());
      expect(pages.flat()).toEqual(sorted);
      expect(pages.every((page) => page.length <= 3)).toBe(true);
      expect(await Array.fromAsync(tags({ last: "a-c", pageSize: 2 }))).toEqual(["a.b", "b", "c"]);
    });

    having("untag")("a name can be taken away; the content stays", async () => {
      const { target } = await start();
      const { tags, untag } = whole(target);
      await pushImages(target);
      await target.tag(image.descriptor, "v1");
      await target.tag(image.descriptor, "v2");
      await untag("v1");
      await untag("v2");
      await expect(target.resolve("v1")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
      await expect(untag("v1")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
      expect(await Array.fromAsync(tags())).toEqual([]);
      expect(await target.exists(image.descriptor)).toBe(true);
    });

    having("delete")("deleted content is gone, with its names", async () => {
      const { target } = await start();
      const whole_ = whole(target);
      await pushImages(target);
      for (const tag of ["v1", "v2"]) await target.tag(other.descriptor, tag);
      await whole_.delete(other.descriptor);
      expect(await Array.fromAsync(whole_.tags())).toEqual([]);
      expect(await target.exists(other.descriptor)).toBe(false);
      await expect(whole_.delete(other.descriptor)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
      await expect(target.fetch(other.descriptor)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
      await push(target, other);
      expect(await target.exists(other.descriptor)).toBe(true);
    });

    having("referrers")("referrers are listed with what tells them apart", async () => {
      const { target, reopen } = await start();
      await pushImages(target);
      for (const one of [sbom, signature]) await push(target, one);
      await target.tag(image.descriptor, "v1");
      const { referrers } = whole((await reopen?.()) ?? target);
      const found = await digestsOf(referrers(image.descriptor));
      expect(found).toEqual([sbom.digest, signature.digest].sort());
      expect(await Array.fromAsync(referrers(image.descriptor, { artifactType: "application/sbom" }))).toMatchObject([
        { ...sbom.descriptor, artifactType: "application/sbom", annotations: { k: "v" } },
      ]);
      expect(await Array.fromAsync(referrers(other.descriptor))).toEqual([]);
    });

    having("predecessors")("what points at a manifest is found", async () => {
      const { target, reopen } = await start();
      await pushImages(target);
      for (const one of [sbom, signature]) await push(target, one);
      await target.tag(index.descriptor, "all");
      const { predecessors } = whole((await reopen?.()) ?? target);
      const above = (await predecessors(image.descriptor)).map(({ digest }) => digest);
      expect(above).toContain(sbom.digest);
      expect(above).toContain(signature.digest);
      expect(await predecessors(text("nowhere").descriptor)).toEqual([]);
    });
  });
}

/** The place with all its abilities; fails when one is missing. Methods may be called on their own. */
export function whole(target: ReadOnlyTarget): WholeTarget {
  const has = (one: ReadOnlyTarget): one is WholeTarget => "fetch" in one;
  if (!has(target)) throw new TypeError("this is no target");
  return new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name, object);
      if (typeof member !== "function") throw new TypeError(`the target has no "${String(name)}"`);
      return (...given: unknown[]): unknown => Reflect.apply(member, object, given);
    },
  });
}

async function pushImages(target: Target): Promise<void> {
  for (const sample of [config, layer, image, other, index]) await push(target, sample);
}

async function push(target: Target, { descriptor, bytes }: Sample): Promise<void> {
  await target.push(descriptor, bytesSource(bytes));
}

async function read(target: ReadOnlyTarget, descriptor: Descriptor): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(await target.fetch(descriptor)));
}

async function digestsOf(list: Paged<Descriptor>): Promise<readonly string[]> {
  return (await Array.fromAsync(list)).map(({ digest }) => parseDigest(digest)).sort();
}

/** Gives some bytes, and then fails. */
export async function* failingAfter(bytes: Uint8Array, reason: unknown): AsyncGenerator<Uint8Array> {
  yield* inChunks(bytes, [100_000]);
  throw reason;
}

async function* abortingAfter(bytes: Uint8Array, controller: AbortController, reason: unknown): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, bytes.byteLength >> 1);
  controller.abort(reason);
  yield bytes.subarray(bytes.byteLength >> 1);
}

/** Content that readers who say that they pass it on get in the memory of three buffers, over and over. */
export function passingSource(bytes: Uint8Array): ReplayableSource {
  const buffers = Array.from({ length: 3 }, () => Buffer.alloc(300_001));
  async function* passing(offset: number): AsyncGenerator<Uint8Array> {
    for (let at = offset, turn = 0; at < bytes.byteLength; turn++) {
      const buffer = buffers[turn % buffers.length] ?? Buffer.alloc(0);
      buffer.set(bytes.subarray(at, at + buffer.byteLength));
      const size = Math.min(buffer.byteLength, bytes.byteLength - at);
      at += size;
      yield buffer.subarray(0, size);
    }
  }
  return { ...bytesSource(bytes), openPassing: (offset = 0) => passing(offset) };
}

/** The bytes in chunks of these sizes, over and over. */
export async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): ByteSource & AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
