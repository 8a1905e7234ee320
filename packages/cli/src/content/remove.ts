import { type CallOptions, type Descriptor, isDigest } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { oneLine } from "../output/plain-text.ts";
import type { Session } from "../session/session.ts";
import { type DeleteFlags, mayDelete } from "./confirm-delete.ts";
import { changeable } from "./changeable.ts";
import { allDependents, type Dependent, directDependents } from "./dependents.ts";
import { ifThere } from "./tag-details.ts";
import { untagAt } from "./untag-at.ts";

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
      await untagAt(await changeable(session, place), place, call);
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
  const manifest = `manifest ${place.describe(descriptor.digest)}`;
  const orphans = (await directDependents(place, descriptor, call)).filter(({ isList }) => isList !== true);
  const names = orphans.map((one) => nameOf(place, one));
  if (orphans.length > 0 && flags.force !== true && flags.dryRun !== true) {
    const also = `${counted(orphans.length)} to it: ${shortened(names)}`;
    throw new CommandFailure(EXIT_CODE.conflict, `will not delete ${manifest}: ${also}: add --cascade to delete them too, or --force`);
  }
  const also = orphans.length === 0 ? "" : `, which ${counted(orphans.length)} to`;
  if (!(await mayDelete(session, `${manifest} with all of its tags${also}`, flags))) {
    if (flags.dryRun === true) for (const name of names) session.io.stdout.write(`would leave ${name} without it\n`);
    return;
  }
  await (await changeable(session, place)).delete(descriptor, call);
  session.say(`Deleted ${place.describe(descriptor.digest)}`);
  for (const name of names) session.warnings.add(`${name} refers to what was deleted`);
}

/** Deletes a manifest with all that refers to it: that goes first, so that nothing is left over when something fails. */
async function removeAll(session: Session, place: Place, descriptor: Descriptor, flags: RemoveFlags, call: CallOptions): Promise<void> {
  const attached = await allDependents(place, descriptor, call);
  const count = attached.length;
  for (const one of attached) {
    const line = `${nameOf(place, one)}, which refers to ${one.subject}`;
    if (flags.dryRun === true) session.io.stdout.write(`would delete ${line}\n`);
    else if (flags.force !== true) session.say(`To be deleted: ${line}`);
  }
  const also = count === 0 ? "" : ` and ${count} ${count === 1 ? "manifest that refers" : "manifests that refer"} to it`;
  if (!(await mayDelete(session, `manifest ${place.describe(descriptor.digest)} with all of its tags${also}`, flags))) return;
  const target = await changeable(session, place);
  for (const one of attached) {
    // a list of referrers became another one as they went
    const now = one.isList === true && one.tag !== undefined ? await ifThere(tagged(place, one.tag, call)) : one.descriptor;
    if (now === undefined) continue;
    await ifThere(async () => await target.delete(now, call));
    session.say(`Deleted ${place.describe(now.digest)}`);
  }
  await target.delete(descriptor, call);
  session.say(`Deleted ${place.describe(descriptor.digest)}`);
}

function tagged({ target }: Place, tag: string, call: CallOptions): () => Promise<Descriptor> {
  return async () => await target.resolve(tag, call);
}

/** One that refers to something, for people: `localhost:5000/app@sha256:... (application/spdx+json)`. */
function nameOf(place: Place, { descriptor, tag, isList }: Dependent): string {
  const kind = isList === true ? `the list of referrers ${tag}` : (tag ?? descriptor.artifactType ?? descriptor.mediaType);
  return `${place.describe(descriptor.digest)} (${oneLine(kind)})`;
}

function counted(count: number): string {
  return count === 1 ? "1 manifest refers" : `${count} manifests refer`;
}

/** Names in one message are so many at most. */
const MAX_NAMES = 5;

function shortened(names: readonly string[]): string {
  const rest = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** Whether a tag or digest was given: `latest` is not meant when something is deleted. */
function hasReference({ location }: Place): boolean {
  if (location.transport !== "registry") return location.reference !== undefined;
  return location.reference.tag !== undefined || location.reference.digest !== undefined;
}
