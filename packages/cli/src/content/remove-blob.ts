import { type CallOptions, isManifestMediaType, NotFoundError } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { AdvisedError } from "../errors/advised-error.ts";
import { isMissing } from "../errors/is-missing.ts";
import type { Session } from "../session/session.ts";
import { statBlob } from "./blob-place.ts";
import { changeable } from "./changeable.ts";
import { type DeleteFlags, mayDelete } from "./confirm-delete.ts";
import type { Removed } from "./remove.ts";

/** Deletes the blob that a place names. @returns what went; with `--dry-run` what would go. @throws {CommandFailure} when it names none. */
export async function removeBlob(session: Session, place: Place, flags: DeleteFlags, call: CallOptions): Promise<readonly Removed[]> {
  const reference = place.describe();
  try {
    const descriptor = await statBlob(place, call);
    // a layout keeps both in one place, and a manifest would go with its tags
    if (isManifestMediaType(descriptor.mediaType))
      throw new AdvisedError(new NotFoundError("blob", descriptor.digest), `it is a manifest: berth manifest rm ${reference}`);
    const target = place.repository?.blobs ?? (await changeable(session, place));
    if (await mayDelete(session, `blob ${reference}, which images may need`, flags)) {
      await target.delete(descriptor, call);
      session.say(`Deleted ${reference}`);
    }
    return [{ kind: "blob", reference }];
  } catch (error) {
    if (flags.ignoreMissing !== true || !isMissing(error)) throw error;
    session.say(`${reference} is not there`);
    return [];
  }
}
