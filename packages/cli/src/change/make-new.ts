import { type CallOptions, type Descriptor, type Fetcher, isDigest, type Platform, type Pusher, UnsupportedError } from "@berth/oci";
import type { CopiedTag, EditOptions } from "@berth/transfer";
import type { Location } from "@berth/transfer/location";
import { withDestination } from "../connect/destination.ts";
import { keepArchive } from "../connect/keep-archive.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { resolveImage } from "../content/resolve-image.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";
import { type Copied, COPIED_FIELDS, type CopiedFields, printCopied, writeDigestFile } from "../transfer/copied.ts";
import { copiedInto, previewPlace } from "../transfer/copied-into.ts";
import { tagsAt } from "../transfer/tags-at.ts";
import { withTransfer } from "../transfer/with-transfer.ts";
import { dryTarget } from "./dry-target.ts";
import type { ResultFlags } from "./result-flags.ts";
import { setTags } from "./set-tags.ts";
import { watchedTarget } from "./watched-target.ts";

/** What something new is made of, and where. */
export interface Making {
  /** What was named. */
  readonly place: Place;
  /** What it names: of an index perhaps the image for a platform. */
  readonly descriptor: Descriptor;
  /** Where it is read. */
  readonly from: Fetcher;
  /** Where the result goes: the same object when it stays there. */
  readonly into: Fetcher & Pusher;
  readonly options: EditOptions;
}

/** Makes something new; the descriptor of what it made, which has no tag yet. */
export type Make = (making: Making) => Promise<Descriptor>;

/** Options of {@link makeNew}. */
export interface MakeNewOptions {
  /** Of an index, the image that the result is made of; default: all of it. */
  readonly platform?: Platform | undefined;
  /** Whether the tag that was named moves to the result unless flags say something else; default false: the result has no tag then. */
  readonly replaces?: boolean;
  /** Whether an image of a docker archive comes as it stands there; default false: in the form that is usual where the result goes. */
  readonly keepsForm?: boolean;
}

/** What is told of something that was made. */
interface Made extends Copied {
  /** Digest of what it was made of. */
  readonly before: string;
}

/** Fields of {@link Made}, for help. */
export const MADE_FIELDS: Readonly<Record<string, string>> = {
  ...without(COPIED_FIELDS, "stats."),
  source: "what it was made of",
  before: "the digest of that",
};

/**
 * Makes something new of what a text names, and tags it as flags say; prints it.
 *
 * @throws {CommandFailure} for flags that say different things. @throws {UnsupportedError} for archives without `-o`.
 */
export async function makeNew(session: Session, text: string, flags: ResultFlags, make: Make, options: MakeNewOptions = {}): Promise<void> {
  const { tagsWithin } = await import("@berth/transfer/location");
  const { output, dryRun, replace } = flags;
  if (output !== undefined && replace === true) throw new CommandFailure(EXIT_CODE.usage, "cannot use --replace with --output");
  const given = output === undefined ? undefined : parsePlace(output);
  const into = options.keepsForm === true ? undefined : given?.transport;
  await withPlace(
    session,
    text,
    async (place, call) => {
      const target = given ?? sameLocation(place);
      const isReplaced = replace === true || (options.replaces === true && flags.tag === undefined);
      const wanted = flags.tag ?? [];
      if (replace === true && !namesTag(place))
        throw new CommandFailure(EXIT_CODE.usage, "--replace moves the tag of the image: name it by one");
      // known before anything is made, or a tag moved
      const tags = output === undefined ? tagsWithin(target, tagsHere(place, wanted, isReplaced)) : tagsAt(target, place.location, wanted);
      await keepArchive(session, target, tags, flags);
      const descriptor = await resolveImage(place, options.platform, call);
      const job: Job = { place, target, tags, descriptor, make, flags };
      if (dryRun === true) return await tellDry(session, job, call);
      if (tags.some(isDigest)) await makeDry(job, call); // checks them, before anything is written
      await makeAt(session, job);
    },
    { side: "from", ...(into && { into }) },
  );
}

interface Job {
  readonly place: Place;
  readonly target: Location;
  /** Digests among them are what the result has to be. */
  readonly tags: readonly string[];
  readonly descriptor: Descriptor;
  readonly make: Make;
  readonly flags: ResultFlags;
}

async function makeAt(session: Session, { place, target, tags, descriptor, make, flags }: Job): Promise<void> {
  const { copyGraph } = await import("@berth/transfer");
  const isHere = flags.output === undefined;
  const isStdout = target.transport !== "registry" && target.path === "-";
  const told = await withDestination(
    session,
    target,
    async (destination) => {
      const made = await withTransfer(session, { ...flags, stdoutIsData: isStdout }, async (transfer) => {
        const pace = await transfer.between({ source: place.repository, destination: destination.repository });
        const into = watchedTarget(destination.target, pace);
        return await make({
          place,
          descriptor,
          from: isHere ? into : place.target,
          into,
          options: {
            signal: session.signal,
            copy: async (content, origin, call) => void (await copyGraph(origin, content, destination.target, { ...pace, ...call })),
          },
        });
      });
      const named = await setTags(destination.target, made, tags, { signal: session.signal });
      const fields = await copiedInto(destination, destination.target, made, named, { signal: session.signal });
      await writeDigestFile(flags.digestFile, fields);
      return tell(place, descriptor, fields);
    },
    { side: isHere ? "from" : "to" },
  );
  await printCopied(session, told, isStdout);
}

/** Makes it, and keeps only what {@link dryTarget} does. @throws {InvalidReferenceError} when a digest was named that it has not. */
async function makeDry(
  { place, descriptor, make, tags }: Job,
  call: CallOptions,
): Promise<{ readonly made: Descriptor; readonly into: Fetcher }> {
  const { checkDigests } = await import("@berth/transfer");
  const from = place.target;
  const into = dryTarget(from);
  const made = await make({ place, descriptor, from, into, options: { ...call, copy: async () => undefined } });
  checkDigests(tags, made);
  return { made, into };
}

async function tellDry(session: Session, job: Job, call: CallOptions): Promise<void> {
  const { place, target, tags, descriptor } = job;
  const { made, into } = await makeDry(job, call);
  const named = tags
    .filter((tag) => !isDigest(tag))
    .map((tag): CopiedTag => ({ tag, digest: made.digest, size: made.size, outcome: "tagged" }));
  const fields = await copiedInto(previewPlace(target), into, made, named, call);
  await printCopied(session, { ...tell(place, descriptor, fields), dryRun: true });
}

function tell(place: Place, { digest }: Descriptor, made: CopiedFields): Made {
  return { source: place.describe(), before: digest, ...made };
}

/** @throws {UnsupportedError} for archives. */
function sameLocation({ location, name }: Place): Location {
  if (location.transport === "registry" || location.transport === "oci") return location;
  throw new UnsupportedError(`change "${name}"`, { answer: "archives are written whole, so name another place with --output" });
}

function tagsHere(place: Place, tags: readonly string[], isReplaced: boolean): readonly string[] {
  return isReplaced && namesTag(place) ? [...new Set([place.reference, ...tags])] : tags;
}

/** Whether it is named by a tag: where there is a digest as well, that is meant. */
function namesTag({ reference, location }: Place): boolean {
  if (reference === "" || isDigest(reference)) return false;
  return location.transport !== "registry" || location.reference.digest === undefined;
}

function without(fields: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith(prefix)));
}
