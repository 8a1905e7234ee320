import { type Descriptor, isDigest } from "@berth/oci";
import type { CopyResult } from "@berth/transfer";
import type { Destination } from "../connect/destination.ts";
import type { Place } from "../connect/place.ts";
import { AdvisedError } from "../errors/advised-error.ts";
import { heldTarget } from "./held-target.ts";
import { type VerifyOptions, verifyLayers } from "./verify-layers.ts";
import type { TransferSettings } from "./with-transfer.ts";

/**
 * Copies an image, and holds its unpacked layers against its config. When they are others there is no archive, and in a layout nothing leads
 * to the image.
 *
 * @throws {AdvisedError} which says what stays. @throws what `copy` throws.
 */
export async function copyVerified(
  source: Pick<Place, "target">,
  image: Descriptor,
  destination: Destination,
  tags: readonly string[],
  { limits, ...settings }: TransferSettings & Pick<VerifyOptions, "limits">,
): Promise<Pick<CopyResult, "stats" | "tags">> {
  const { copy } = await import("@berth/transfer");
  const { location, target } = destination;
  const call = { ...(settings.signal && { signal: settings.signal }) };
  const verify = { ...call, ...(limits && { limits }) };
  if (location.transport === "docker-archive") return await copy(source.target, image.digest, target, tags, settings); // checks it itself
  if (location.transport !== "oci") {
    const done = await copy(source.target, image.digest, target, tags, settings);
    await verifyLayers({ target: destination.isStdout ? source.target : target }, image, verify);
    return done;
  }
  const held = heldTarget(target);
  const { stats } = await copy(source.target, image.digest, held.target, tags.filter(isDigest), settings);
  try {
    await verifyLayers(held, image, verify);
  } catch (error) {
    if (!held.holdsAny() || !(error instanceof Error) || call.signal?.aborted === true) throw error;
    const place = destination.describe("");
    throw new AdvisedError(
      error,
      `${place} got its layers, but not the image: berth gc ${place} takes them away when they are an hour old`,
    );
  }
  return { tags: (await copy(held.target, image.digest, target, tags, call)).tags, stats };
}
