import { type CallOptions, UnsupportedError, type Untagger } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { AdvisedError } from "../errors/advised-error.ts";
import { ifThere } from "./tag-details.ts";

/**
 * Takes away the tag that a place names. Older registries delete by digest only, with all tags: then what would do that is said, for nobody
 * asked for it.
 */
export async function untagAt(target: Untagger, place: Place, call: CallOptions): Promise<void> {
  try {
    await target.untag(place.reference, call);
  } catch (error) {
    if (!(error instanceof UnsupportedError) || place.repository === undefined) throw error;
    const found = await ifThere(async () => await place.target.resolve(place.reference, call));
    if (found === undefined) throw error;
    throw new AdvisedError(error, `to delete it with all of its tags: berth rm ${place.describe(found.digest)}`);
  }
}
