import { type CallOptions, type Descriptor, formatPlatform, NotFoundError, type Platform } from "@berth/oci";
import type { CopyOptions, CopyResult } from "@berth/transfer";
import type { Destination } from "../connect/destination.ts";
import { type Place, withKnown } from "../connect/place.ts";
import { isMissing } from "../errors/is-missing.ts";

/** Options of {@link copyImage}. */
export interface CopyImageOptions extends CopyOptions {
  /** The image for this platform, of an index. Default: everything as it is. */
  readonly platform?: Platform;
}

/** Copies what a place names, under tags of the destination. */
export async function copyImage(
  source: Place,
  destination: Pick<Destination, "location" | "target">,
  tags: readonly string[],
  { platform, ...options }: CopyImageOptions,
): Promise<CopyResult> {
  const { copy } = await import("@berth/transfer");
  const call = { ...(options.signal && { signal: options.signal }) };
  const chosen = await imageToCopy(source, destination, platform, call);
  if (chosen === undefined) return await copy(source.target, source.reference, destination.target, tags, options);
  const { repository, target } = source;
  const known = repository === undefined ? target : withKnown(repository, chosen.digest, chosen); // it was looked up already
  try {
    return await copy(known, chosen.digest, destination.target, tags, options);
  } catch (error) {
    throw await orImageMissing(source, chosen, error);
  }
}

/** What a copy of an image failed with: where its index lists it and it is not there, an error that says so, of which platform and where. */
async function orImageMissing(source: Place, image: Descriptor, error: unknown): Promise<unknown> {
  const { CopyError } = await import("@berth/transfer");
  if (!(error instanceof CopyError) || error.origin !== "source" || !isMissing(error) || image.platform === undefined) return error;
  if (error.step !== "resolve" && error.descriptor?.digest !== image.digest) return error;
  const answer = `its index lists the image for ${formatPlatform(image.platform)}, "${image.digest}", and it is not there`;
  return new CopyError(error.step, "source", image, new NotFoundError("manifest", source.describe(), { cause: error, answer }));
}

/** The image that is meant of an index; undefined: whatever the place names. A docker archive has no room for an index. */
export async function imageToCopy(
  { target, reference, describe }: Pick<Place, "reference" | "target"> & Partial<Pick<Place, "describe">>,
  { location }: Pick<Destination, "location">,
  platform: Platform | undefined,
  call: CallOptions,
): Promise<Descriptor | undefined> {
  if (platform === undefined && location.transport !== "docker-archive") return undefined;
  const { chooseImage, hostPlatform } = await import("@berth/transfer/platform");
  const options = { ...call, checkSingle: platform !== undefined, ...(describe && { place: describe() }) };
  try {
    const root = await target.resolve(reference, call);
    return (await chooseImage(target, root, platform ?? hostPlatform(), options)).image;
  } catch (error) {
    call.signal?.throwIfAborted();
    const { CopyError } = await import("@berth/transfer");
    throw new CopyError("resolve", "source", undefined, error); // what helps is about the source
  }
}
