import { isNotFound, unaskedUrls } from "@berth/client";
import { bytesSource, type Descriptor, isForeignLayerMediaType } from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import type { TransferOutcome } from "../manager/transfer.ts";
import { manifestsOf, remoteOf } from "./abilities.ts";
import { copyBlob } from "./copy-blob.ts";
import { atStep, CopyError, ExternalLayerError, mayNotFit } from "./errors.ts";
import { type CopyOperation, MAX_METADATA_BYTES, type Report } from "./operation.ts";
import { sourceContent } from "./source-content.ts";

/** Copies content that nothing is below: a blob, or a child of an index whose type says nothing to us. @returns whether it came over. */
export async function copyLeaf(operation: CopyOperation, target: Descriptor): Promise<boolean> {
  const { options } = operation;
  const isExternal = isForeignLayerMediaType(target.mediaType) && (target.urls?.length ?? 0) > 0;
  if (isExternal && options.external !== true) {
    operation.tally.skipped(target);
    return false;
  }
  try {
    return await operation.transfer(target, "blob", async (context) => {
      try {
        return await moveBlob(operation, target, context);
      } catch (error) {
        if (isExternal || !isMissing(error) || !(await moveUnknownManifest(operation, target, context))) throw error;
        return "transferred";
      }
    });
  } catch (error) {
    if (!isExternal || !isMissing(error)) throw error;
    const remote = remoteOf(operation.source);
    throw new ExternalLayerError(target, error.cause, remote && unaskedUrls(target, remote));
  }
}

/** True when the source does not have the content. */
function isMissing(error: unknown): error is CopyError {
  return error instanceof CopyError && error.origin === "source" && isNotFound(error.cause);
}

/** One try to bring a blob over. */
async function moveBlob(operation: CopyOperation, target: Descriptor, context: Report): Promise<TransferOutcome> {
  const { signal, pass } = context;
  const { source, destination, options } = operation;
  const isRemote = remoteOf(destination) !== undefined;
  let wasResumed = false;
  const content = sourceContent(source, target, {
    signal,
    pass,
    onResumed: () => (wasResumed = true),
    onRead: (position) => context.report(position, target.size),
    onMoved: isRemote ? undefined : context.moved, // of what is read for an upload that is gone on with, only a part is sent
  });
  try {
    return await copyBlob({ source, destination, options, onMoved: context.moved }, target, content, signal);
  } catch (error) {
    throw wasResumed ? mayNotFit(error) : error;
  }
}

/** Content of an unknown type may stand among the manifests. False when it does not. */
async function moveUnknownManifest(operation: CopyOperation, target: Descriptor, { signal, moved }: Report): Promise<boolean> {
  const { options, source, destination } = operation;
  const manifests = manifestsOf(source);
  const into = manifestsOf(destination) ?? destination;
  const maxBytes = options.maxMetadataBytes ?? MAX_METADATA_BYTES;
  if (manifests === undefined || target.size > maxBytes) return false;
  let bytes: Uint8Array;
  try {
    bytes = await readAllVerified(await manifests.fetch(target, { signal }), target, { maxBytes, signal });
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
  await atStep("push", "destination", target, signal, () => into.push(target, bytesSource(bytes), { signal }));
  moved(target.size);
  return true;
}
