import type { Descriptor } from "@berth/oci";
import { fetchByDigest, readAllVerified } from "@berth/oci/node";
import { isFetcher, manifestsFor } from "./abilities.ts";
import { atStep } from "./errors.ts";
import { type CopyOperation, MAX_METADATA_BYTES } from "./operation.ts";

/** A manifest of the source. */
export interface ManifestToRead {
  readonly descriptor: Descriptor;
  /** Whether it was told by the source, which may be wrong about the size; else a manifest that was read says so. Default false. */
  readonly told?: boolean;
}

/** Reads a manifest of the source, and checks that it is what its descriptor says. */
export async function readManifest(operation: CopyOperation, { descriptor, told }: ManifestToRead): Promise<Uint8Array> {
  const { signal, options } = operation;
  const source = manifestsFor(operation.source, descriptor);
  const maxBytes = options.maxMetadataBytes ?? MAX_METADATA_BYTES;
  return await atStep("fetch", "source", descriptor, signal, async () => {
    if (told !== true) return await readAllVerified(await source.fetch(descriptor, { signal }), descriptor, { maxBytes, signal });
    const read = await fetchByDigest(source, descriptor, { maxBytes, signal });
    operation.measure(read.descriptor);
    return read.bytes;
  });
}

/** Reads a manifest that the destination has: of the destination, for a source may count what is read of it; else of the source. */
export async function readThere(operation: CopyOperation, node: ManifestToRead): Promise<Uint8Array> {
  const { signal, options } = operation;
  const destination = manifestsFor(operation.destination, node.descriptor);
  if (!isFetcher(destination)) return await readManifest(operation, node);
  try {
    return (await fetchByDigest(destination, node.descriptor, { maxBytes: options.maxMetadataBytes ?? MAX_METADATA_BYTES, signal })).bytes;
  } catch {
    signal.throwIfAborted();
    return await readManifest(operation, node); // who may push need not be allowed to read, and what is there may be broken
  }
}
