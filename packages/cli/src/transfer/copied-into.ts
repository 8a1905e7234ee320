import type { CallOptions, Descriptor, Fetcher } from "@berth/oci";
import type { CopiedTag } from "@berth/transfer";
import type { Location } from "@berth/transfer/location";
import { describeLocation } from "../connect/describe-location.ts";
import type { Destination } from "../connect/destination.ts";
import { readDescribed } from "../content/read-manifest.ts";
import { type CopiedFields, copiedFields } from "./copied.ts";

/** Where a copy goes, or would go. */
export type CopyPlace = Pick<Destination, "describe" | "location">;

/** A place that is not opened to be written. */
export function previewPlace(location: Location): CopyPlace {
  return { location, describe: (reference) => describeLocation(location, reference) };
}

/**
 * Puts together what became of one image. A docker archive does not hold the manifest that was copied, so its digest would name nothing
 * there: told is the image's ID, by which docker knows it.
 *
 * @param from where its manifest is read, if need be.
 */
export async function copiedInto(
  place: CopyPlace,
  from: Fetcher,
  image: Descriptor,
  tags: readonly CopiedTag[],
  call: CallOptions,
): Promise<CopiedFields> {
  const fields = copiedFields(place, image, tags);
  if (place.location.transport !== "docker-archive") return fields;
  const { manifest } = await readDescribed(from, image, call);
  if (manifest.kind !== "image") return fields;
  const imageId = manifest.config.digest;
  return {
    reference: place.describe(""),
    imageId,
    tags: fields.tags.map(({ reference, tag, outcome }) => ({ reference, tag, imageId, outcome })),
  };
}
