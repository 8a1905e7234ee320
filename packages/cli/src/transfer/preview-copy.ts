import { type CallOptions, type Descriptor, type Fetcher, type Resolver, isDigest } from "@berth/oci";
import type { CopiedTag, CopyOptions } from "@berth/transfer";
import type { Location } from "@berth/transfer/location";
import { openPlace, type Place } from "../connect/place.ts";
import { describeLocation } from "../connect/describe-location.ts";
import { isMissing } from "../errors/is-missing.ts";
import type { Session } from "../session/session.ts";

/**
 * What tags of a destination would become. Nothing is written, and nothing made.
 *
 * @param wanted digests among the tags are checked.
 * @param onTaken takes what fails for one tag, and the others are looked at all the same; default: it is thrown.
 * @throws {TagExistsError} @throws {InvalidReferenceError} for a digest that is not the content's.
 */
export async function previewTags(
  session: Session,
  to: Location,
  wanted: readonly (readonly [tag: string, descriptor: Descriptor])[],
  existingTags: CopyOptions["existingTags"],
  onTaken: (tag: string, error: Error) => Promise<void> = throwIt,
): Promise<readonly CopiedTag[]> {
  const { checkDigests, TagExistsError } = await import("@berth/transfer");
  for (const [name, descriptor] of wanted) checkDigests([name], descriptor);
  const call = { signal: session.signal };
  const there = await openIfThere(session, to);
  try {
    const tags: CopiedTag[] = [];
    for (const [tag, { digest, size }] of wanted) {
      if (isDigest(tag)) continue;
      const before = there === undefined ? undefined : await find(there.target, tag, call);
      if (before === undefined || (before.digest !== digest && existingTags === "overwrite"))
        tags.push({ tag, digest, size, outcome: "tagged" });
      else if (before.digest === digest) tags.push({ tag, digest, size, outcome: "unchanged" });
      else if (existingTags === "refuse") await onTaken(tag, new TagExistsError(tag, before.digest));
      else tags.push({ tag, digest: before.digest, size: before.size, outcome: "kept" });
    }
    return tags;
  } finally {
    await there?.close();
  }
}

/**
 * Fails, or warns, where a copy of an image would because its index has no image for a platform that is wanted. Of tags that are all left
 * alone nothing is copied.
 *
 * @throws {CopyError}
 */
export async function previewPlatforms(
  source: Fetcher,
  root: Descriptor,
  tags: readonly CopiedTag[],
  options: Pick<CopyOptions, "onPlatformMissing" | "platforms" | "signal">,
): Promise<void> {
  if (options.platforms === undefined || (tags.length > 0 && tags.every(({ outcome }) => outcome === "kept"))) return;
  const { checkPlatforms } = await import("@berth/transfer");
  await checkPlatforms(source, root, options);
}

async function throwIt(_tag: string, error: Error): Promise<never> {
  throw error;
}

/** Opens a destination to be read, unless there is nothing. Archives are written anew: what is there does not count. */
export async function openIfThere(session: Session, to: Location): Promise<Place | undefined> {
  if (to.transport !== "registry" && to.transport !== "oci") return undefined;
  const { source } = session;
  try {
    return await openPlace(session, describeLocation(to), { side: "to" });
  } catch (error) {
    if (isMissing(error) || isNoLayout(error)) return undefined;
    throw error;
  } finally {
    session.source = source; // that is where a copy reads
  }
}

async function find(target: Resolver, tag: string, call: CallOptions): Promise<Descriptor | undefined> {
  try {
    return await target.resolve(tag, call);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isNoLayout(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_LAYOUT_NOT_FOUND";
}
