import { PlatformNotFoundError } from "@berth/client";
import { type Descriptor, formatPlatform, type Manifest, matchesPlatform, type Platform, successorsOf } from "@berth/oci";
import { TITLE } from "../files/title.ts";
import { CopyError } from "./errors.ts";
import type { CopyGraphOptions } from "./options.ts";

/** Annotation by which entries of an index say which entry they are about. @see moby/buildkit, attestation-storage.md */
export const ATTACHED_TO = "vnd.docker.reference.digest";

/**
 * What a manifest needs to be whole: config and layers, children, or blobs. Its subject need not exist. Content is moved once, so where
 * the same is meant twice and only one of them is a file, both are: else a file that equals the config would not be written.
 */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  const all = successorsOf(manifest);
  const children = manifest.subject === undefined ? all : all.slice(1);
  if (manifest.kind === "index") return children;
  const files = new Map(children.flatMap((child) => (child.annotations?.[TITLE] ? [[child.digest, child]] : [])));
  return children.map((child) => (child.annotations?.[TITLE] ? child : (files.get(child.digest) ?? child)));
}

/** An index, and where it stands in a copy. */
interface IndexPlace {
  readonly descriptor: Descriptor;
  /** Whether the copy is of that very index. */
  readonly isRoot: boolean;
}

/** What of a manifest is copied with it. @throws {CopyError} caused by a {@link PlatformNotFoundError}. */
export function chosenChildren(
  manifest: Manifest,
  index: IndexPlace,
  { platforms, selectChildren, onPlatformMissing }: CopyGraphOptions,
): readonly Descriptor[] {
  const children = childrenOf(manifest);
  if (manifest.kind !== "index") return children;
  if (selectChildren !== undefined) return selectChildren(index.descriptor, children);
  if (platforms === undefined) return children;
  if (index.isRoot) mustHave(children, platforms, index.descriptor, onPlatformMissing);
  return forPlatforms(children, platforms);
}

/** Platforms that an error names, at most. */
const MAX_NAMED = 20;

/** Where somebody is to be told, one of them is enough. */
function mustHave(
  children: readonly Descriptor[],
  wanted: readonly Platform[],
  index: Descriptor,
  tell: CopyGraphOptions["onPlatformMissing"],
): void {
  const missing = missingPlatforms(children, wanted);
  if (missing.length === 0) return;
  if (tell !== undefined && missing.length < wanted.length) return missing.forEach((platform) => tell(index, platform));
  throw new CopyError("resolve", "source", index, platformsNotFound(children, missing));
}

/** Those of the platforms that entries of an index have no image for. */
export function missingPlatforms(children: readonly Descriptor[], wanted: readonly Platform[]): readonly Platform[] {
  const here = platformsIn(children);
  return wanted.filter((one) => !here.some((platform) => matchesPlatform(one, platform)));
}

/** The error for platforms that entries of an index have no image for. */
export function platformsNotFound(children: readonly Descriptor[], missing: readonly Platform[]): PlatformNotFoundError {
  const names = [...new Set(platformsIn(children).map(formatPlatform))].slice(0, MAX_NAMED);
  return new PlatformNotFoundError(missing.map(formatPlatform).join(", "), names);
}

function platformsIn(children: readonly Descriptor[]): readonly Platform[] {
  return children.flatMap(({ platform }) => (platform === undefined || platform.os === "unknown" ? [] : [platform]));
}

/** The entries of an index for one of the platforms, and those that are attached to them. */
export function forPlatforms(children: readonly Descriptor[], platforms: readonly Platform[]): readonly Descriptor[] {
  const wanted = children.filter(({ platform }) => platform !== undefined && platforms.some((one) => matchesPlatform(one, platform)));
  const digests: ReadonlySet<string> = new Set(wanted.map(({ digest }) => digest));
  return children.filter((child) => digests.has(child.digest) || digests.has(child.annotations?.[ATTACHED_TO] ?? ""));
}
