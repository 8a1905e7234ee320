import { type Descriptor, type Manifest, matchesPlatform, type Platform, successorsOf } from "@berth/oci";
import { TITLE } from "../files/title.ts";

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

/** The entries of an index for one of the platforms, and those that are attached to them. */
export function forPlatforms(children: readonly Descriptor[], platforms: readonly Platform[]): readonly Descriptor[] {
  const wanted = children.filter(({ platform }) => platform !== undefined && platforms.some((one) => matchesPlatform(one, platform)));
  const digests: ReadonlySet<string> = new Set(wanted.map(({ digest }) => digest));
  return children.filter((child) => digests.has(child.digest) || digests.has(child.annotations?.[ATTACHED_TO] ?? ""));
}
