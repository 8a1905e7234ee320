import { type Descriptor, isManifestMediaType, type ReplayableSource, UnsupportedError } from "@berth/oci";
import { isTagger, isTagsPusher, manifestsFor, manifestsOf } from "./abilities.ts";
import { atStep } from "./errors.ts";
import type { CopyOperation } from "./operation.ts";

/** Stores a manifest, and points tags at it: in one step each, or in one for all, where the destination can. */
export async function publish(
  operation: CopyOperation,
  told: Descriptor,
  content: ReplayableSource,
  tags: readonly string[],
): Promise<void> {
  const target = operation.asRead(told);
  // copies that share a manager share what they move, but each has tags of its own
  await operation.transfer(target, ["manifest", ...tags].join(" "), async ({ signal }) => {
    await atStep("push", "destination", target, signal, () => put(operation, target, content, tags, { signal }));
    return "transferred";
  });
  for (const tag of tags) operation.tally.tellTag(target, tag);
}

async function put(
  operation: CopyOperation,
  target: Descriptor,
  content: ReplayableSource,
  tags: readonly string[],
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const { destination } = operation;
  const manifests = manifestsOf(destination);
  const store = manifests ?? destination;
  const takesAll = isTagsPusher(store) && (tags.length > 1 || manifests === undefined);
  // without tags only what a layout would take for a blob, as it does not know the type
  if (takesAll && (tags.length > 0 || !isManifestMediaType(target.mediaType))) return await store.pushTags(target, content, tags, options);
  if (manifests !== undefined && tags.length > 0) {
    for (const tag of tags) await manifests.pushReference(target, content, tag, options);
    return;
  }
  await manifestsFor(destination, target).push(target, content, options);
  for (const tag of tags) await taggerOf(operation).tag(target, tag, options);
}

/** Points tags at a manifest that the destination holds. */
export async function pointTags(operation: CopyOperation, told: Descriptor, tags: readonly string[]): Promise<void> {
  const { signal } = operation;
  const target = operation.asRead(told);
  await atStep("tag", "destination", target, signal, async () => {
    for (const tag of tags) {
      await taggerOf(operation).tag(target, tag, { signal });
      operation.tally.tellTag(target, tag);
    }
  });
}

function taggerOf({ destination }: CopyOperation): {
  tag: (target: Descriptor, tag: string, options: { signal: AbortSignal }) => Promise<void>;
} {
  if (!isTagger(destination)) throw new UnsupportedError("tag at the destination");
  return destination;
}
