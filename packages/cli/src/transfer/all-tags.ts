import type { CopyTagsOptions, CopyTagsResult } from "@berth/transfer";
import type { Batch } from "./batch.ts";

/**
 * Copies many tags: one that cannot be copied does not hold up the others, and is told of at the end. What would fail for the others, too,
 * ends it: a stop, a full disk, a registry that cannot be reached or wants to know who asks.
 *
 * @param copy does it, with these options.
 * @param nameOf a tag of the source, as it is told.
 */
export async function copyAllTags(
  batch: Batch,
  tags: readonly string[],
  nameOf: (tag: string) => string,
  copy: (options: Pick<CopyTagsOptions, "onTagFailed">) => Promise<CopyTagsResult>,
): Promise<CopyTagsResult> {
  const { classifyError } = await import("@berth/transfer/errors");
  const isOfAll = (error: unknown): boolean => {
    const { class: found, code, status } = classifyError(error);
    if (found === "Denied") return status === undefined || isOfDestination(error);
    if (found === "Unavailable") return status === undefined;
    return found === "Canceled" || found === "NoSpace" || found === "RateLimited" || found === "Unauthorized" || code === "ERR_LAYOUT_BUSY";
  };
  const failed: (readonly [tag: string, error: unknown])[] = [];
  const onTagFailed = (tag: string, error: unknown): boolean => !isOfAll(error) && failed.push([tag, error]) > 0;
  const done = await copy(batch.keepsGoing ? { onTagFailed } : {});
  for (const [tag, error] of failed) await batch.fail(nameOf(tag), error);
  batch.throwIfAll(tags.length);
  return done;
}

/** The shape is looked at: the engine says at which end a copy failed. */
function isOfDestination(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if ("origin" in at) return at.origin === "destination";
  return false;
}
