import { type CallOptions, isDigest } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";
import { type DeleteFlags, mayDelete } from "./confirm-delete.ts";
import { changeable, countReferrers } from "./changeable.ts";

/** What {@link removeFrom} is told. */
export interface RemoveFlags extends DeleteFlags {
  /** Whether a tag stands for the manifest that it names. */
  readonly manifest?: boolean;
}

/**
 * Takes a tag away, or deletes a manifest: what the place names.
 *
 * @throws {CommandFailure} when it names neither, or nobody can be asked.
 */
export async function removeFrom(session: Session, place: Place, flags: RemoveFlags, call: CallOptions): Promise<void> {
  const { reference, name } = place;
  if (!hasReference(place)) throw new CommandFailure(EXIT_CODE.usage, `will not guess what to delete of "${name}": name a tag or digest`);
  try {
    if (isDigest(reference) || flags.manifest === true) await removeManifest(session, place, flags, call);
    else if (await mayDelete(session, `tag ${place.describe()}`, flags)) {
      await (await changeable(session, place)).untag(reference, call);
      session.say(`Untagged ${place.describe()}`);
    }
  } catch (error) {
    if (flags.ignoreMissing !== true || !isMissing(error)) throw error;
    session.say(`${place.describe()} is not there`);
  }
}

async function removeManifest(session: Session, place: Place, flags: RemoveFlags, call: CallOptions): Promise<void> {
  const descriptor = await place.target.resolve(place.reference, call);
  const count = await countReferrers(place, descriptor, call);
  const also = count === 0 ? "" : `, which ${count} ${count === 1 ? "manifest refers" : "manifests refer"} to`;
  if (count > 0)
    session.warnings.add(`${place.describe(descriptor.digest)} has referrers: see berth referrers ${place.describe(descriptor.digest)}`);
  if (!(await mayDelete(session, `manifest ${place.describe(descriptor.digest)} with all of its tags${also}`, flags))) return;
  await (await changeable(session, place)).delete(descriptor, call);
  session.say(`Deleted ${place.describe(descriptor.digest)}`);
}

/** Whether a tag or digest was given: `latest` is not meant when something is deleted. */
function hasReference({ location }: Place): boolean {
  if (location.transport !== "registry") return location.reference !== undefined;
  return location.reference.tag !== undefined || location.reference.digest !== undefined;
}
