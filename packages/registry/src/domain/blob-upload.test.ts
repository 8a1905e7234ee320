import { BlobMountedError, BlobUploadUnknownError, DigestMismatchError, MEDIA_TYPES, SizeMismatchError } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { collect } from "../testing/collect.test-kit.ts";
import { useDisk } from "../testing/disk.test-kit.ts";
import { useContext } from "../testing/domain.test-kit.ts";
import { absentDigest } from "../testing/fixtures.test-kit.ts";
import type { DomainContext } from "./context.ts";
import { UploadRangeError } from "./errors.ts";
import { Namespace } from "./namespace.ts";
import type { LocalRepository } from "./repository.ts";

const bytes = (text: string): Buffer => Buffer.from(text);

async function useRepository(context?: DomainContext): Promise<LocalRepository> {
  return new Namespace(context ?? (await useContext())).repository("a");
}

async function contentOf({ blobs }: LocalRepository, text: string): Promise<string> {
  const chunks = await collect(await blobs.fetch(await blobs.stat(digestOf(text))));
  return Buffer.concat(chunks).toString();
}

test("[server/P7] put() stores bytes under their digest and describes them as they were called", async () => {
  const repository = await useRepository();
  const descriptor = await repository.blobs.put("text/plain", bytes("hello"));
  expect(descriptor).toEqual({ mediaType: "text/plain", digest: digestOf("hello"), size: 5 });
  expect(await contentOf(repository, "hello")).toBe("hello");
});

test("[server/P7,P9] an upload takes bytes in steps, tells how many it holds, and becomes a blob", async () => {
  const repository = await useRepository();
  const upload = await repository.blobs.create();
  expect(upload.size).toBe(0);
  expect(Math.abs(upload.startedAt.getTime() - Date.now())).toBeLessThan(60_000);
  const piece = bytes("hel");
  await upload.write(piece);
  piece.fill("x"); // the caller's again
  async function* rest(): AsyncGenerator<Uint8Array> {
    yield bytes("lo ");
    yield bytes("world");
  }
  expect(await upload.writeFrom(rest())).toBe(8);
  expect(upload.size).toBe(11);
  await expect(repository.blobs.stat(digestOf("hello world"))).rejects.toThrow();
  const descriptor = await upload.commit({ digest: digestOf("hello world"), size: 11 });
  expect(descriptor).toEqual({ mediaType: MEDIA_TYPES.octetStream, digest: digestOf("hello world"), size: 11 });
  expect(await contentOf(repository, "hello world")).toBe("hello world");
  expect(upload.size).toBe(11);
});

test("[server/P9] an upload that was asked to hash with another algorithm is committed under its digest", async () => {
  const repository = await useRepository();
  const upload = await repository.blobs.create({ digestAlgorithm: "sha512" });
  await upload.write(bytes("x"));
  const digest = digestOf("x", "sha512");
  expect(await upload.commit({ digest, mediaType: "text/plain" })).toEqual({ mediaType: "text/plain", digest, size: 1 });
  expect((await repository.blobs.stat(digestOf("x"))).size).toBe(1);
});

test("[server/P9] a commit of the wrong size is refused and the upload goes on; one of the wrong digest ends it", async () => {
  const disk = await useDisk();
  const repository = await useRepository(await useContext(await disk.open()));
  const upload = await repository.blobs.create();
  await upload.write(bytes("abc"));
  await expect(upload.commit({ digest: digestOf("abc"), size: 4 })).rejects.toBeInstanceOf(SizeMismatchError);
  await upload.write(bytes("d"));
  await expect(upload.commit({ digest: absentDigest(), size: 4 })).rejects.toBeInstanceOf(DigestMismatchError);
  await expect(upload.write(bytes("e"))).rejects.toBeInstanceOf(BlobUploadUnknownError);
  await expect(repository.blobs.resume(upload.id)).rejects.toBeInstanceOf(BlobUploadUnknownError);
  expect(await disk.files()).toEqual([]);
});

test("[server/P9] after a commit nothing can be written or committed again, and a cancel leaves the blob", async () => {
  const repository = await useRepository();
  const upload = await repository.blobs.create();
  await upload.write(bytes("kept"));
  await upload.commit({ digest: digestOf("kept") });
  await expect(upload.write(bytes("more"))).rejects.toBeInstanceOf(BlobUploadUnknownError);
  await expect(upload.commit({ digest: digestOf("kept") })).rejects.toBeInstanceOf(BlobUploadUnknownError);
  await upload.cancel();
  await upload.close();
  expect(await contentOf(repository, "kept")).toBe("kept");
});

test("[server/P9] cancel() drops the bytes, once or many times, at work, closed or ended by somebody else", async () => {
  const disk = await useDisk();
  const repository = await useRepository(await useContext(await disk.open()));
  const written = await repository.blobs.create();
  await written.write(bytes("a"));
  const closed = await repository.blobs.create();
  await closed.write(bytes("b"));
  await closed.close();
  const twin = await repository.blobs.resume(closed.id);
  for (const upload of [written, closed, twin, written, await repository.blobs.create()]) {
    await upload.cancel();
    await expect(upload.write(bytes("c"))).rejects.toBeInstanceOf(BlobUploadUnknownError);
    await expect(repository.blobs.resume(upload.id)).rejects.toBeInstanceOf(BlobUploadUnknownError);
  }
  expect(await disk.files()).toEqual([]);
});

test("[server/P9] a closed upload takes nothing more, and another process goes on with it", async () => {
  const disk = await useDisk();
  const first = await (await useRepository(await useContext(await disk.open()))).blobs.create();
  await first.write(bytes("01234"));
  const elsewhere = await useRepository(await useContext(await disk.open()));
  const early = await elsewhere.blobs.resume(first.id);
  await expect(early.write(bytes("x"))).rejects.toBeInstanceOf(UploadRangeError); // it is not let go of yet
  await first.close();
  await first.close();
  await expect(first.write(bytes("x"))).rejects.toBeInstanceOf(TypeError);
  await expect(first.commit({ digest: digestOf("01234") })).rejects.toBeInstanceOf(TypeError);

  const second = await elsewhere.blobs.resume(first.id);
  expect(second).toMatchObject({ id: first.id, size: 5, startedAt: first.startedAt });
  await second.write(bytes("56789"));
  await second.commit({ digest: digestOf("0123456789"), size: 10 });
  expect(await contentOf(elsewhere, "0123456789")).toBe("0123456789");
});

test("[server/P9] what came before a source failed is kept, and the upload goes on behind it", async () => {
  const repository = await useRepository();
  const upload = await repository.blobs.create();
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield bytes("012");
    throw new Error("the line went dead");
  }
  await expect(upload.writeFrom(broken())).rejects.toThrow("the line went dead");
  expect(upload.size).toBe(3);
  await upload.write(bytes("34"));
  await expect(upload.write(bytes("x"), { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  await upload.commit({ digest: digestOf("01234"), size: 5 });
  expect(await contentOf(repository, "01234")).toBe("01234");
});

test("[server/P10] create() mounts a blob instead of starting an upload, and starts one when the source has none", async () => {
  const context = await useContext();
  const namespace = new Namespace(context);
  const blob = await namespace.repository("from/here").blobs.put("text/plain", bytes("shared"));
  const { blobs } = namespace.repository("to");
  const { digest, size } = blob;
  const upload = await blobs.create({ mount: { digest, from: "somewhere/else" } });
  expect(upload.size).toBe(0);
  expect(await blobs.exists(blob)).toBe(false);

  const mounted = await blobs.create({ mount: { digest, from: "from/here" } }).catch((error: unknown) => error);
  expect(mounted).toBeInstanceOf(BlobMountedError);
  expect(mounted).toMatchObject({ from: "from/here", descriptor: { digest, size, mediaType: MEDIA_TYPES.octetStream } });
  expect(await blobs.exists(blob)).toBe(true);
  await expect(namespace.repository("any").blobs.create({ mount: { digest } })).rejects.toMatchObject({ from: "from/here" });
});

test("[server/P10] with the blob described, its source is not asked again; a blob that nobody holds is still uploaded", async () => {
  const context = await useContext();
  const namespace = new Namespace(context);
  const stat = await namespace.repository("from/here").blobs.put("text/plain", bytes("shared"));
  const { blobs } = namespace.repository("to");
  const mount = { digest: stat.digest, from: "not/asked", stat };
  await expect(blobs.create({ mount })).rejects.toMatchObject({ from: "not/asked", descriptor: stat });
  const lie = { ...stat, digest: absentDigest() };
  const upload = await blobs.create({ mount: { digest: lie.digest, from: "from/here", stat: lie } });
  expect(upload.size).toBe(0);
  expect(await blobs.exists(lie)).toBe(false);
});
