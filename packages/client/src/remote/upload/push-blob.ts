import { type Descriptor, parseRepositoryName } from "@berth/oci";
import { isLookRefused } from "../../errors.ts";
import type { Content } from "../../transport/body.ts";
import { hasBlob } from "../blob-stat.ts";
import { blobProgress, both } from "../client-hooks.ts";
import type { Connection } from "../connection.ts";
import { orRefusedAlgorithm } from "../refused-algorithm.ts";
import { BlobPush } from "./blob-push.ts";
import { defaultBackoff } from "./chunk-sender.ts";
import { pushOnce } from "./in-flight.ts";
import { OutgoingBlob, type UploadProgress } from "./outgoing-blob.ts";
import { chunkSizeOf, type PushBlobOptions } from "./push-options.ts";
import { type UploadRoute, uploadRoute, type UploadSession } from "./session.ts";

/**
 * Stores a blob. Content in memory and `ReplayableSource`s can be taken up again when a connection is cut; content that can be read only
 * once cannot, save in chunks. Memory is bounded: by 4 MiB, or one chunk. The same blob on its way to the same repository over the same
 * connection is sent once.
 *
 * @throws {RangeError} on a number that is none.
 * @throws {SizeMismatchError} before anything is sent when the content knows its size; otherwise, as with
 * @throws {DigestMismatchError}, before the registry has it whole. Nothing is kept then.
 * @throws {UnreplayableBodyError} when bytes were lost that cannot be read again; its `cause` says how they were lost.
 * @throws {UnsupportedError} when the registry does not seem to know the algorithm of the digest.
 * @throws {ResponseError} @throws {NetworkError} @throws {AuthError} @throws {ProtocolError}
 * @see OCI distribution-spec, "Pushing blobs"
 */
export async function pushBlob(
  connection: Connection,
  repository: string,
  descriptor: Descriptor,
  content: Content,
  options: PushBlobOptions = {},
): Promise<void> {
  const route = uploadRoute(connection, parseRepositoryName(repository), options);
  await pushInto(route, descriptor, content, options);
}

/** Whether the registry has a blob. One that refuses to say is sent it. */
async function isHeld(route: UploadRoute, descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return await hasBlob(route, descriptor, { scopes: route.scopes, signal });
  } catch (error) {
    if (isLookRefused(error)) return false;
    throw error;
  }
}

/** {@link pushBlob} along a given way, and into an upload that was started already. */
export async function pushInto(
  route: UploadRoute,
  descriptor: Descriptor,
  content: Content,
  options: PushBlobOptions,
  started?: UploadSession,
): Promise<void> {
  const { signal, mode = "auto", backoff = defaultBackoff } = options;
  const { digest } = descriptor;
  let blob: OutgoingBlob | undefined;
  let unused = started;
  try {
    signal?.throwIfAborted();
    const chunkSize = chunkSizeOf(options);
    const tell = blobProgress(route, "push blob", digest);
    const onProgress = both(options.onProgress, tell && (({ sent, total }: UploadProgress) => tell(sent, total)));
    blob = await OutgoingBlob.open(content, descriptor, { ...options, ...(onProgress && { onProgress }) });
    if (options.skipExisting === true && (await isHeld(route, descriptor, signal))) return;
    const push = new BlobPush(route, digest, blob, { ...options, mode, chunkSize, backoff, started });
    await pushOnce(route, digest, signal, async () => {
      unused = undefined;
      await orRefusedAlgorithm(digest, async () => await push.run());
    });
  } finally {
    await blob?.close();
    await unused?.abandon(signal);
  }
}
