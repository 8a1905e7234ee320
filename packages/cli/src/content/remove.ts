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
import { type TagsAround, tagsAround } from "./tags-around.ts";
import { untagAt } from "./untag-at.ts";

/** What {@link removeFrom} is told. */
export interface RemoveFlags extends DeleteFlags {
  /** Whether a tag stands for the manifest that it names. */
  readonly manifest?: boolean;
  /** Whether what refers to a manifest goes with it. */
  readonly cascade?: boolean;
}

/** Something that was taken away, or would be: fields of `--format json`. */
export interface Removed {
  readonly kind: "tag" | "manifest" | "blob";
  /** As it is written: `localhost:5000/app:v1`. */
  readonly reference: string;
  /** Of a manifest: the tags that go with it, as far as they were found. */
  readonly tags?: readonly string[];
  /** Of a manifest: tags of indexes that list it, and stay. */
  readonly indexes?: readonly string[];
  /** Of a manifest: why there may be more tags and indexes than these; undefined: there are none. */
  readonly unseen?: string;
  /** Of a manifest: what refers to it, and stays. */
  readonly referrers?: readonly string[];
}

/**
 * Takes a tag away, or deletes a manifest: what the place names.
 *
 * @returns what went; with `--dry-run` what would go.
 * @throws {CommandFailure} when it names neither, or nobody can be asked.
 */
export async function removeFrom(session: Session, place: Place, flags: RemoveFlags, call: CallOptions): Promise<readonly Removed[]> {
  const { reference, name } = place;
  if (!hasReference(place)) throw new CommandFailure(EXIT_CODE.usage, `will not guess what to delete of "${name}": name a tag or digest`);
  try {
    if (isDigest(reference) || flags.manifest === true || flags.cascade === true) return await removeManifest(session, place, flags, call);
    if (flags.dryRun === true) await place.target.resolve(reference, call); // what is not there would not be taken away
    if (await mayDelete(session, `tag ${place.describe()}`, flags)) {
      await untagAt(await changeable(session, place), place, call);
      session.say(`Untagged ${place.describe()}`);
    }
    return [{ kind: "tag", reference: place.describe() }];
  } catch (error) {
    if (flags.ignoreMissing !== true || !isMissing(error)) throw error;
    session.say(`${place.describe()} is not there`);
    return [];
  }
}

async function removeManifest(session: Session, place: Place, flags: RemoveFlags, call: CallOptions): Promise<readonly Removed[]> {
  const descriptor = await place.target.resolve(place.reference, call);
  if (flags.cascade === true) return await removeAll(session, place, descriptor, flags, call);
  const reference = place.describe(descriptor.digest);
  const orphans = (await directDependents(place, descriptor, call)).filter(({ isList }) => isList !== true);
  const names = orphans.map((one) => nameOf(place, one));
  if (orphans.length > 0 && flags.force !== true && flags.dryRun !== true) {
    const also = `${counted(orphans.length)} to it: ${shortened(names)}`;
    throw new CommandFailure(
      EXIT_CODE.conflict,
      `will not delete manifest ${reference}: ${also}: add --cascade to delete them too, or --force`,
    );
  }
  const around = await lookAround(session, place, descriptor, flags, call);
  const also = orphans.length === 0 ? "" : `, which ${counted(orphans.length)} to`;
  if (await mayDelete(session, `manifest ${reference}${withTags(around)}${also}`, flags)) {
    await (await changeable(session, place)).delete(descriptor, call);
    sayDeleted(session, place, reference, around);
    for (const name of names) session.warnings.add(`${name} refers to what was deleted`);
  } else if (session.format.kind === "text") {
    for (const name of names) session.io.stdout.write(`would leave ${name} without it\n`);
  }
  const referrers = orphans.map((one) => place.describe(one.descriptor.digest));
  return [{ kind: "manifest", reference, ...namesOf(around), ...(referrers.length > 0 && { referrers }) }];
}

/** Deletes a manifest with all that refers to it: that goes first, so that nothing is left over when something fails. */
async function removeAll(
  session: Session,
  place: Place,
  descriptor: Descriptor,
  flags: RemoveFlags,
  call: CallOptions,
): Promise<readonly Removed[]> {
  const attached = await allDependents(place, descriptor, call);
  const around = await lookAround(session, place, descriptor, flags, call);
  const reference = place.describe(descriptor.digest);
  const removed: Removed[] = [];
  for (const one of attached) {
    const line = `${nameOf(place, one)}, which refers to ${one.subject}`;
    if (flags.dryRun !== true && flags.force !== true) session.say(`To be deleted: ${line}`);
    if (flags.dryRun !== true) continue;
    if (session.format.kind === "text") session.io.stdout.write(`would delete ${line}\n`);
    removed.push(removedOf(place, one));
  }
  const count = attached.length;
  const also = count === 0 ? "" : ` and ${count} ${count === 1 ? "manifest that refers" : "manifests that refer"} to it`;
  const root: Removed = { kind: "manifest", reference, ...namesOf(around) };
  if (!(await mayDelete(session, `manifest ${reference}${withTags(around)}${also}`, flags))) return [...removed, root];
  const target = await changeable(session, place);
  for (const one of attached) {
    // a list of referrers became another one as they went
    const now = one.isList === true && one.tag !== undefined ? await ifThere(tagged(place, one.tag, call)) : one.descriptor;
    if (now === undefined) continue;
    await ifThere(async () => await target.delete(now, call));
    session.say(`Deleted ${place.describe(now.digest)}`);
    removed.push(removedOf(place, { ...one, descriptor: now }));
  }
  await target.delete(descriptor, call);
  sayDeleted(session, place, reference, around);
  return [...removed, root];
}

/** Looks for tags and indexes, unless nobody would hear of them; says which indexes will lack it. */
async function lookAround(
  session: Session,
  place: Place,
  { digest }: Descriptor,
  { force, dryRun }: RemoveFlags,
  call: CallOptions,
): Promise<TagsAround | undefined> {
  const isText = session.format.kind === "text";
  if (force === true && dryRun !== true && isText && session.settings.quiet) return undefined;
  const around = await tagsAround(place, digest, call);
  const isAsked = force !== true || dryRun === true;
  if (around.unseen !== undefined && isAsked) session.say(`An index that lists ${place.describe(digest)} may be there: ${around.unseen}`);
  for (const tag of around.indexes) {
    if (dryRun === true && isText) session.io.stdout.write(`would leave the index ${place.describe(tag)} without it\n`);
    else if (dryRun !== true && force !== true) session.say(`The index ${place.describe(tag)} lists it`);
  }
  return around;
}

function sayDeleted(session: Session, place: Place, reference: string, around: TagsAround | undefined): void {
  session.say(`Deleted ${reference}${around?.tags.length === 0 ? "" : withTags(around)}`);
  if (around?.unseen !== undefined) session.warnings.add(`an index that lists what was deleted may be there: ${around.unseen}`);
  for (const tag of around?.indexes ?? []) session.warnings.add(`the index ${place.describe(tag)} lists what was deleted`);
}

function removedOf(place: Place, { descriptor, tag }: Dependent): Removed {
  return { kind: "manifest", reference: place.describe(descriptor.digest), ...(tag !== undefined && { tags: [tag] }) };
}

function namesOf(around: TagsAround | undefined): Pick<Removed, "tags" | "indexes" | "unseen"> {
  if (around === undefined) return {};
  const { tags, indexes, unseen } = around;
  return { tags, indexes, ...(unseen !== undefined && { unseen }) };
}

/** Which tags go with a manifest, behind its name. */
function withTags(around: TagsAround | undefined): string {
  if (around === undefined) return " with all of its tags";
  const { tags, hasAllTags } = around;
  if (!hasAllTags) return ` with all of its tags${tags.length === 0 ? "" : ` (${shortened(tags)} and perhaps more)`}`;
  return tags.length === 0 ? " (it has no tag)" : ` with its ${tags.length === 1 ? "tag" : "tags"} ${shortened(tags)}`;
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
