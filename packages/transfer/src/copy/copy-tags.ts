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
  /** Tags that are looked up and copied at a time; 0: no limit. Default 4. */
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

/** What is to become of one tag. */
interface Plan {
  readonly root: Descriptor;
  readonly wanted: readonly CopiedTag[];
}

type TagWork = (part: CopyOperation, tag: string) => Promise<void>;

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
  const { onTag, onTagFailed } = options;
  return await operation.run(async () => {
    const names = tags === undefined ? await listTags(operation, source, options) : [...new Set(tags)];
    const done = new Map<string, CopiedTag>();
    const waiting: { readonly root: Descriptor; readonly copied: CopiedTag }[] = [];
    const finish = (outcome: CopiedTag): void => {
      const copied = operation.asRead(outcome);
      done.set(copied.tag, copied);
      onTag?.(copied);
    };
    const planned = new Map<string, Plan>();
    const plan = async (part: CopyOperation, tag: string): Promise<Plan> => {
      const { signal } = part;
      const resolving = atStep("resolve", "source", undefined, signal, () => source.resolve(tag, { signal }));
      const [root, before] = await Promise.all([resolving, lookUp(part, [tag])]);
      return { root, wanted: outcomesOf(root, [tag], before, options) };
    };
    const copyOne = async (part: CopyOperation, tag: string): Promise<void> => {
      const { root, wanted } = planned.get(tag) ?? (await plan(part, tag));
      const { tags: outcomes, later } = await copyRoot(part, root, wanted);
      for (const copied of outcomes) {
        if (later.includes(copied.tag)) waiting.push({ root, copied });
        else finish(copied);
      }
    };
    const tryOne = async (tag: string, work: TagWork): Promise<void> => {
      if (onTagFailed === undefined) return await work(operation, tag);
      const part = operation.part();
      try {
        await part.run(async () => await work(part, tag));
      } catch (error) {
        if (operation.signal.aborted || !onTagFailed(tag, error)) throw error;
      }
    };
    const each = async (some: readonly string[], work: TagWork): Promise<void> => {
      await operation.all(
        some.map((tag) => async () => await tryOne(tag, work)),
        operation.atATime("tagConcurrency", TAG_CONCURRENCY),
      );
    };
    const isRefusing = options.existingTags === "refuse"; // then nothing is moved before all are known
    if (isRefusing) await each(names, async (part, tag) => void planned.set(tag, await plan(part, tag)));
    await each(isRefusing ? names.filter((tag) => planned.has(tag)) : names, copyOne);
    for (const { root } of waiting) await options.beforeTags?.(operation.asRead(root));
    for (const { root, copied } of waiting) {
      await pointTags(operation, root, [copied.tag]);
      finish(copied);
    }
    return { tags: names.flatMap((tag) => done.get(tag) ?? []), stats: operation.tally.stats };
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
