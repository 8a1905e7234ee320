import type { CallOptions, Descriptor, Platform } from "@berth/oci";
import type { Place } from "../connect/place.ts";

/**
 * Describes the image that a place names; of an index, that for a platform, by default this machine's.
 *
 * @throws {NotFoundError} @throws {PlatformNotFoundError} which names the place, and the platforms that there are.
 */
export async function resolveOneImage(place: Place, platform: Platform | undefined, call: CallOptions): Promise<Descriptor> {
  const { target, reference } = place;
  const { chooseImage, hostPlatform } = await import("@berth/transfer/platform");
  const options = { ...call, checkSingle: platform !== undefined, place: place.describe() };
  return (await chooseImage(target, await target.resolve(reference, call), platform ?? hostPlatform(), options)).image;
}

/** Describes what a place names; with a platform, the image for it. @throws {NotFoundError} @throws {PlatformNotFoundError} */
export async function resolveImage(place: Place, platform: Platform | undefined, call: CallOptions): Promise<Descriptor> {
  if (platform === undefined) return await place.target.resolve(place.reference, call);
  return await resolveOneImage(place, platform, call);
}
