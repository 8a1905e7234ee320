import {
  type Annotations,
  bytesSource,
  type ByteSource,
  type CallOptions,
  type Descriptor,
  isReplayable,
  type Pusher,
  type ReplayableSource,
} from "@berth/oci";
import { createDigester } from "@berth/oci/node";
import { Slots } from "../manager/slots.ts";
import { compressToFile } from "./compress-to-file.ts";
import { withAnnotations } from "./document.ts";

/** Content that is pushed when a manifest is made of it. */
export interface BlobToPack {
  /** What can be read twice is read twice: once to know its digest. Anything else goes through a temporary file. */
  readonly source: ByteSource;
  readonly mediaType: string;
  /** Of its descriptor. */
  readonly annotations?: Annotations;
}

/** Something that a manifest names: content that is at the destination already, or that is to be pushed there. */
export type PackPart = Descriptor | BlobToPack;

/** Pushes what is not there yet. @returns the descriptors, in the same order. */
export async function pushParts(
  destination: Pusher,
  parts: readonly PackPart[],
  { concurrency, signal }: CallOptions & { readonly concurrency: number },
): Promise<readonly Descriptor[]> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const slots = new Slots(concurrency);
  return await Promise.all(
    parts.map(async (part) => {
      if (!("source" in part)) return part;
      const leave = await slots.take(1, either);
      try {
        return await pushBlob(destination, part, { signal: either });
      } catch (error) {
        stop.abort(error);
        throw error;
      } finally {
        leave();
      }
    }),
  );
}

/** Pushes content unless it is there. */
export async function pushBlob(destination: Pusher, blob: BlobToPack, options: CallOptions): Promise<Descriptor> {
  const { source, mediaType, annotations } = blob;
  if (isReplayable(source)) return withAnnotations(await pushReplayable(destination, source, mediaType, options), annotations);
  await using file = await compressToFile(source, { ...options, compression: "none" });
  const descriptor: Descriptor = { mediaType, digest: file.digest, size: file.size };
  await pushUnlessThere(destination, descriptor, file.source, options);
  return withAnnotations(descriptor, annotations);
}

async function pushReplayable(destination: Pusher, source: ReplayableSource, mediaType: string, options: CallOptions): Promise<Descriptor> {
  const digester = createDigester();
  for await (const chunk of source.open()) {
    options.signal?.throwIfAborted();
    digester.update(chunk);
  }
  const descriptor: Descriptor = { mediaType, digest: digester.digest(), size: digester.size };
  await pushUnlessThere(destination, descriptor, source, options);
  return descriptor;
}

/** Pushes bytes at hand unless they are there. */
export async function pushBytes(destination: Pusher, expected: Descriptor, bytes: Uint8Array, options: CallOptions): Promise<void> {
  await pushUnlessThere(destination, expected, bytesSource(bytes), options);
}

/** Pushes content unless it is there. */
export async function pushUnlessThere(
  destination: Pusher,
  expected: Descriptor,
  source: ReplayableSource,
  options: CallOptions,
): Promise<void> {
  const { signal } = options;
  const call = signal === undefined ? {} : { signal };
  if (!(await destination.exists(expected, call))) await destination.push(expected, source, call);
}
