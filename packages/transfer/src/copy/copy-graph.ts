import type { Descriptor, Fetcher, Pusher } from "@berth/oci";
import type { Attached } from "./attached.ts";
import { copyAttached, copyNode } from "./node.ts";
import { CopyOperation } from "./operation.ts";
import type { CopyGraphOptions, CopyStats } from "./options.ts";

/**
 * Copies a manifest and everything that it needs: what is below before what is above, so that the destination never shows something that
 * is not whole. What is there already is left alone, and everything is moved once, however often it occurs. Bytes of manifests stay as
 * they are.
 *
 * @throws {CopyError} which says at which end it failed; its `cause` is the error of that end.
 * @throws {TransferFailedError} when a blob failed as often as it may.
 * @throws {ExternalLayerError} @throws {LimitExceededError} @throws {InvalidManifestError} @throws {SchemaV1UnsupportedError}
 * @see oras-go, CopyGraph
 */
export async function copyGraph(
  source: Fetcher,
  root: Descriptor,
  destination: Pusher,
  options: CopyGraphOptions = {},
): Promise<CopyStats> {
  const operation = new CopyOperation(source, destination, options);
  return await operation.run(async () => {
    const attached: Attached[] = [];
    await copyNode(operation, { descriptor: root, told: true, attached });
    await copyAttached(operation, attached);
    return operation.tally.stats;
  });
}
