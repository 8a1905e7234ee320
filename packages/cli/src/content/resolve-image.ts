import type { CallOptions, Descriptor, Platform } from "@berth/oci";
import type { Place } from "../connect/place.ts";

/** Describes what a place names; with a platform, the image for it. @throws {NotFoundError} @throws {PlatformNotFoundError} */
export async function resolveImage(place: Place, platform: Platform | undefined, call: CallOptions): Promise<Descriptor> {
  const { target, reference } = place;
  const resolved = await target.resolve(reference, call);
  if (platform === undefined) return resolved;
  const { chooseImage } = await import("@berth/transfer/platform");
  return (await chooseImage(target, resolved, platform, { ...call, checkSingle: true, place: place.describe() })).image;
}
