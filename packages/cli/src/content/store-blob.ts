import { join } from "node:path";
import type { RemoteRepository } from "@berth/client";
import { type ByteSource, type Descriptor, type Digest, digestAlgorithm, DigestMismatchError, MEDIA_TYPES } from "@berth/oci";
import type { Destination } from "../connect/destination.ts";
import { writeFileOf } from "../output/write-bytes.ts";
import { counted, idOf } from "../progress/counted.ts";
import type { ProgressView } from "../progress/view.ts";

/** A blob by its digest. */
export type StoredBlob = Pick<Descriptor, "digest" | "size">;

/** How content becomes a blob. */
export interface BlobWork {
  readonly signal: AbortSignal;
  readonly view: ProgressView;
  /** What it is called while its digest is not known. */
  readonly name: string;
  /** The digest that it has to have. */
  readonly expected: Digest | undefined;
  /** Bytes of a chunk of an upload. */
  readonly chunkSize?: number;
}

/** Tells which blob content is. @param total bytes; 0: unknown. @throws {DigestMismatchError} */
export async function hashBlob(content: ByteSource, { signal, view, name, expected }: BlobWork, total: number = 0): Promise<StoredBlob> {
  const { createDigester } = await import("@berth/oci/node");
  const digester = createDigester(expected && digestAlgorithm(expected));
  for await (const chunk of counted(content, view, { id: name, action: "verifying", total })) {
    signal.throwIfAborted();
    digester.update(chunk);
  }
  return checked(digester.digest(), digester.size, expected);
}

/** Tells which blob a file is. @throws {DigestMismatchError} @throws the error of the file system. */
export async function hashFile(file: string, work: BlobWork): Promise<StoredBlob> {
  const { fileSource } = await import("@berth/oci/node");
  const source = await fileSource(file);
  return await hashBlob(source.openPassing?.() ?? source, work, source.size);
}

/** Stores a file. It is hashed first: what is wrong is not sent, what is there is not sent again. @throws {DigestMismatchError} */
export async function storeFile(file: string, { repository, target }: Destination, work: BlobWork): Promise<StoredBlob> {
  const { signal, view, chunkSize } = work;
  const { digest, size } = await hashFile(file, work);
  const { fileSource } = await import("@berth/oci/node");
  const source = await fileSource(file);
  const blob = { mediaType: MEDIA_TYPES.octetStream, digest, size };
  const id = idOf(digest);
  let sent = false;
  if (repository === undefined) {
    sent = !(await target.exists(blob, { signal }));
    if (sent) await target.push(blob, source, { signal });
  } else {
    await repository.blobs.push(blob, source, {
      signal,
      skipExisting: true,
      onProgress: ({ sent: current, total }) => {
        sent = true;
        view.take({ id, action: "uploading", current, total, last: false });
      },
      ...(chunkSize !== undefined && { chunkSize }),
    });
  }
  view.take({ id, action: sent || size === 0 ? "done" : "exists", current: size, total: size, last: true });
  return { digest, size };
}

/** Stores what can be read once: a registry gets it as it comes; for a layout it lies in a temporary file first. @throws {DigestMismatchError} */
export async function storeStream(input: ByteSource, into: Destination, work: BlobWork): Promise<StoredBlob> {
  if (into.repository !== undefined) return await uploadStream(input, into.repository, work);
  const { makeWorkFolder } = await import("@berth/oci/node");
  await using folder = await makeWorkFolder("blob");
  const file = join(folder.path, "content");
  await writeFileOf(file, input, { signal: work.signal });
  return await storeFile(file, into, work);
}

/** It is hashed as it is sent. */
async function uploadStream(input: ByteSource, repository: RemoteRepository, work: BlobWork): Promise<StoredBlob> {
  const { createDigester } = await import("@berth/oci/node");
  const { createBlobUploader } = await import("@berth/client");
  const { signal, view, name, expected, chunkSize } = work;
  const algorithm = expected && digestAlgorithm(expected);
  const digester = createDigester(algorithm);
  const uploader = createBlobUploader(repository.connection, repository.name, { ...(chunkSize !== undefined && { chunkSize }) });
  const upload = await uploader.create({ signal, ...(algorithm && { digestAlgorithm: algorithm }) });
  try {
    await upload.writeFrom(counted(hashed(input, digester), view, { id: name, action: "uploading", total: 0 }), { signal });
    const blob = checked(digester.digest(), digester.size, expected);
    await upload.commit(blob, { signal });
    return blob;
  } catch (error) {
    await upload.cancel().catch(() => undefined); // the error before it is the one to tell
    throw error;
  }
}

async function* hashed(source: ByteSource, digester: { update(chunk: Uint8Array): void }): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    digester.update(chunk);
    yield chunk;
  }
}

function checked(digest: Digest, size: number, expected: Digest | undefined): StoredBlob {
  if (expected !== undefined && expected !== digest) throw new DigestMismatchError({ expected, actual: digest });
  return { digest, size };
}
