import { type CallOptions, type Descriptor, isDigest } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";
import { type DeleteFlags, mayDelete } from "./confirm-delete.ts";
import { type ReferrerNode, referrerTree } from "./referrer-tree.ts";
import { changeable, countReferrers } from "./changeable.ts";

/** What {@link removeFrom} is told. */
export interface RemoveFlags extends DeleteFlags {
  /** Whether a tag stands for the manifest that it names. */
  readonly manifest?: boolean;
  /** Whether what refers to a manifest goes with it. */
  readonly cascade?: boolean;
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
    if (isDigest(reference) || flags.manifest === true || flags.cascade === true) await removeManifest(session, place, flags, call);
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
  if (flags.cascade === true) return await removeAll(session, place, descriptor, flags, call);
  const count = await countReferrers(place, descriptor, call);
  const also = count === 0 ? "" : `, which ${count} ${count === 1 ? "manifest refers" : "manifests refer"} to`;
  if (count > 0)
    session.warnings.add(`${place.describe(descriptor.digest)} has referrers: see berth referrers ${place.describe(descriptor.digest)}`);
  if (!(await mayDelete(session, `manifest ${place.describe(descriptor.digest)} with all of its tags${also}`, flags))) return;
  await (await changeable(session, place)).delete(descriptor, call);
  session.say(`Deleted ${place.describe(descriptor.digest)}`);
}

/** What hangs on an image by tags made of its digest, as older tools have it. */
const DIGEST_TAGS = [".sig", ".att", ".sbom"];

/** Deletes a manifest with all that refers to it: that goes first, so that nothing is left over when something fails. */
async function removeAll(session: Session, place: Place, descriptor: Descriptor, flags: RemoveFlags, call: CallOptions): Promise<void> {
  const attached: Descriptor[] = [];
  const add = (nodes: readonly ReferrerNode[]): void => {
    for (const node of nodes) {
      add(node.referrers);
      attached.push(node.descriptor);
    }
  };
  if (place.target.referrers !== undefined) add(await referrerTree(place, descriptor, { ...call, annotations: [], depth: MAX_DEPTH }));
  for (const suffix of DIGEST_TAGS) {
    const tagged = await findTag(place, `${descriptor.digest.replace(":", "-")}${suffix}`, call);
    if (tagged !== undefined) attached.push(tagged);
  }
  const count = attached.length;
  const also = count === 0 ? "" : ` and ${count} ${count === 1 ? "manifest that refers" : "manifests that refer"} to it`;
  if (!(await mayDelete(session, `manifest ${place.describe(descriptor.digest)} with all of its tags${also}`, flags))) return;
  const target = await changeable(session, place);
  for (const one of [...attached, descriptor]) {
    await target.delete(one, call);
    session.say(`Deleted ${place.describe(one.digest)}`);
  }
}

/** Referrers of referrers that are followed. */
const MAX_DEPTH = 8;

async function findTag({ target }: Place, tag: string, call: CallOptions): Promise<Descriptor | undefined> {
  try {
    return await target.resolve(tag, call);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether a tag or digest was given: `latest` is not meant when something is deleted. */
function hasReference({ location }: Place): boolean {
  if (location.transport !== "registry") return location.reference !== undefined;
  return location.reference.tag !== undefined || location.reference.digest !== undefined;
}
