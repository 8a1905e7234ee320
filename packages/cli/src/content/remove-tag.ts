import { type CallOptions, isDigest } from "@berth/oci";
import type { Location } from "@berth/transfer/location";
import { describeLocation } from "../connect/describe-location.ts";
import { ownReference } from "../connect/destination.ts";
import type { Place } from "../connect/place.ts";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";
import { changeable } from "./changeable.ts";
import type { DeleteFlags } from "./confirm-delete.ts";
import type { Removed } from "./remove.ts";
import { untagAt } from "./untag-at.ts";

/** @throws {CommandFailure} for a place that names no tag. */
export function checkTag(location: Location): void {
  const tag = location.transport === "registry" ? location.reference.tag : location.reference;
  const isByDigest = isDigest(ownReference(location));
  if (tag === undefined || isByDigest) throw new CommandFailure(EXIT_CODE.usage, `"${describeLocation(location)}" names no tag`);
}

/** Takes the tag away that a place names; nobody is asked. @returns what went; with `--dry-run` what would go. @throws {CommandFailure} */
export async function removeTag(
  session: Session,
  place: Place,
  { dryRun, ignoreMissing }: DeleteFlags,
  call: CallOptions,
): Promise<readonly Removed[]> {
  const { location, reference } = place;
  checkTag(location);
  try {
    const target = await changeable(session, place);
    if (dryRun === true) {
      await place.target.resolve(reference, call); // what is not there would not be taken away
      if (session.format.kind === "text") session.io.stdout.write(`would take away tag ${place.describe()}\n`);
    } else {
      await untagAt(target, place, call);
      session.say(`Untagged ${place.describe()}`);
    }
    return [{ kind: "tag", reference: place.describe() }];
  } catch (error) {
    if (ignoreMissing !== true || !isMissing(error)) throw error;
    session.say(`${place.describe()} is not there`);
    return [];
  }
}
