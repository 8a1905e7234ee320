import { type Descriptor, type ReadOnlyTarget, type Target, UnsupportedError } from "@berth/oci";
import { isTagLister } from "./abilities.ts";
import { copyRoot, lookUp, outcomesOf } from "./copy.ts";
import { atStep } from "./errors.ts";
import { CopyOperation } from "./operation.ts";
import type { CopiedTag, CopyOptions, CopyStats } from "./options.ts";
import { pointTags } from "./publish.ts";

/** Options of {@link copyTags}. */
export interface CopyTagsOptions extends CopyOptions {
  /** Of all tags of the source, the ones to copy; not asked when tags are given. Default all. */
  readonly match?: (tag: string) => boolean;
  /** Tags that are looked up and copied at a time; default 4. */
  readonly tagConcurrency?: number;
  /** Told of each tag when it is done. */
  readonly onTag?: (tag: CopiedTag) => void;
  /** Told of a tag that failed; true: the others are copied all the same. Default: the first failure ends the copy. */
  readonly onTagFailed?: (tag: string, error: unknown) => boolean;
}

/** What {@link copyTags} did. */
export interface CopyTagsResult {
  /** In the order asked for, or that of the source; without those that failed. */
  readonly tags: readonly CopiedTag[];
  readonly stats: CopyStats;
}

const TAG_CONCURRENCY = 4;

/**
 * Copies several tags, or all, under the same names. What they share is moved once. Tags that differ in nothing cost one request to each
 * side.
 *
 * @param tags undefined: all that the source lists.
 * @throws {TagExistsError} and everything that `copyGraph` throws; the first failure ends the copy, unless
 *   `onTagFailed` says otherwise; tags that are done stay.
 */
export async function copyTags(
  source: ReadOnlyTarget,
  tags: readonly string[] | undefined,
  destination: Target,
  options: CopyTagsOptions = {},
): Promise<CopyTagsResult> {
  const operation = new CopyOperation(source, destination, options);
  const { tagConcurrency = TAG_CONCURRENCY, onTag, onTagFailed } = options;
  return await operation.run(async () => {
    const names = tags === undefined ? await listTags(operation, source, options) : [...new Set(tags)];
    const done = new Map<string, CopiedTag>();
    const waiting: { readonly root: Descriptor; readonly copied: CopiedTag }[] = [];
    const finish = (outcome: CopiedTag): void => {
      const copied = operation.asRead(outcome);
      done.set(copied.tag, copied);
      onTag?.(copied);
    };
    const copyOne = async (part: CopyOperation, tag: string): Promise<void> => {
      const { signal } = part;
      const resolving = atStep("resolve", "source", undefined, signal, () => source.resolve(tag, { signal }));
      const [root, before] = await Promise.all([resolving, lookUp(part, [tag])]);
      const { tags: outcomes, later } = await copyRoot(part, root, outcomesOf(root, [tag], before, options));
      for (const copied of outcomes) {
        if (later.includes(copied.tag)) waiting.push({ root, copied });
        else finish(copied);
      }
    };
    const tryOne = async (tag: string, decide: (tag: string, error: unknown) => boolean): Promise<void> => {
      const part = operation.part();
      try {
        await part.run(async () => await copyOne(part, tag));
      } catch (error) {
        if (operation.signal.aborted || !decide(tag, error)) throw error;
      }
    };
    await operation.all(
      names.map((tag) => async () => await (onTagFailed === undefined ? copyOne(operation, tag) : tryOne(tag, onTagFailed))),
      operation.atATime(tagConcurrency),
    );
    for (const { root } of waiting) await options.beforeTags?.(operation.asRead(root));
    for (const { root, copied } of waiting) {
      await pointTags(operation, root, [copied.tag]);
      finish(copied);
    }
    return { tags: names.flatMap((tag) => done.get(tag) ?? []), stats: operation.stats };
  });
}

async function listTags({ signal }: CopyOperation, source: ReadOnlyTarget, options: CopyTagsOptions): Promise<readonly string[]> {
  const { match = () => true } = options;
  return await atStep("list", "source", undefined, signal, async () => {
    if (!isTagLister(source)) throw new UnsupportedError("list tags of the source");
    const found: string[] = [];
    for await (const tag of source.tags({ signal })) if (match(tag)) found.push(tag);
    return found;
  });
}
