import { type Descriptor, type ReplayableSource, UnsupportedError } from "@berth/oci";
import { isTagger, isTagsPusher, manifestsOf } from "./abilities.ts";
import { atStep } from "./errors.ts";
import type { CopyOperation } from "./operation.ts";

/** Stores a manifest, and points tags at it: in one step each, or in one for all, where the destination can. */
export async function publish(
  operation: CopyOperation,
  told: Descriptor,
  content: ReplayableSource,
  tags: readonly string[],
): Promise<void> {
  const { destination } = operation;
  const target = operation.asRead(told);
  const manifests = manifestsOf(destination);
  const [only] = tags;
  // copies that share a manager share what they move, but each has tags of its own
  await operation.transfer(target, ["manifest", ...tags].join(" "), async ({ signal }) => {
    const put = async (): Promise<void> => {
      if (manifests === undefined || only === undefined) {
        await destination.push(target, content, { signal });
        for (const tag of tags) await taggerOf(operation).tag(target, tag, { signal });
      } else if (tags.length > 1 && isTagsPusher(manifests)) await manifests.pushTags(target, content, tags, { signal });
      else for (const tag of tags) await manifests.pushReference(target, content, tag, { signal });
    };
    await atStep("push", "destination", target, signal, put);
    return "transferred";
  });
  for (const tag of tags) operation.tellTag(target, tag);
}

/** Points tags at a manifest that the destination holds. */
export async function pointTags(operation: CopyOperation, told: Descriptor, tags: readonly string[]): Promise<void> {
  const { signal } = operation;
  const target = operation.asRead(told);
  await atStep("tag", "destination", target, signal, async () => {
    for (const tag of tags) {
      await taggerOf(operation).tag(target, tag, { signal });
      operation.tellTag(target, tag);
    }
  });
}

function taggerOf({ destination }: CopyOperation): {
  tag: (target: Descriptor, tag: string, options: { signal: AbortSignal }) => Promise<void>;
} {
  if (!isTagger(destination)) throw new UnsupportedError("tag at the destination");
  return destination;
}
