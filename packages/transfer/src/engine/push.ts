import {
  type CallOptions,
  type Descriptor,
  decodeManifest,
  formatName,
  formatReference,
  InvalidReferenceError,
  isIndexMediaType,
  type Named,
  NotFoundError,
  type ReadOnlyTarget,
  selectPlatform,
  type TagLister,
  UnsupportedError,
  withTag,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { holderOf, isTagLister } from "../copy/abilities.ts";
import { copyTags } from "../copy/copy-tags.ts";
import type { CopiedTag, CopyOptions } from "../copy/options.ts";
import { eventId } from "../events.ts";
import { parseLocation } from "../location/location.ts";
import { openStore } from "../location/open.ts";
import { hostPlatform } from "../platform/host-platform.ts";
import { sourceHooks } from "../sources/source-hooks.ts";
import type { EngineContext } from "./context.ts";
import type { PushOptions, PushResult } from "./options.ts";

/**
 * Pushes one tag, or all tags of a name; what they share is moved once. Mirrors are never asked.
 *
 * @throws {InvalidReferenceError} for a reference with a digest.
 */
export async function push(context: EngineContext, reference: Named, options: PushOptions): Promise<readonly PushResult[]> {
  if (reference.digest !== undefined) {
    throw new InvalidReferenceError(
      formatReference(reference),
      "a digest cannot be pushed to, expected a name or a tag; copy() brings an image to a digest",
    );
  }
  const store = await openFrom(context, reference, options);
  try {
    const tags = await tagsToPush(store.source, reference, options);
    const at = context.origin(reference);
    const { atomic, existingTags, external, platforms, recheck, onEvent, signal } = options;
    const settings: CopyOptions = {
      manager: context.manager,
      ...sourceHooks(context.sources, { destination: await context.placeOf(at) }),
      ...(context.options.journal && { journal: context.options.journal }),
      ...(signal && { signal }),
      ...(atomic !== undefined && { atomic }),
      ...(existingTags !== undefined && { existingTags }),
      ...(external !== undefined && { external }),
      ...(platforms !== undefined && { platforms }),
      ...(recheck !== undefined && { recheck }),
      ...(onEvent && { onEvent }),
    };
    const source = platforms === undefined ? wholeOrPlatform(context, store, options) : store.source;
    const copied = await copyTags(source, tags, at.repository, settings);
    return copied.tags.map((tag) => pushResult(reference, tag));
  } finally {
    await store.close();
    await context.sources.flush();
  }
}

/** What became of a tag, for a reference of a registry. */
export function pushResult(reference: Named, { tag, digest, size, outcome }: CopiedTag): PushResult {
  const { domain, path } = reference;
  return { reference: formatReference(withTag({ domain, path }, tag)), tag, digest, size, outcome };
}

interface PushSource {
  readonly source: ReadOnlyTarget & Partial<TagLister>;
  /** Undefined: it cannot be told. */
  readonly has: ((target: Descriptor, call: CallOptions) => Promise<boolean>) | undefined;
  close(): Promise<void>;
}

async function openFrom(context: EngineContext, reference: Named, { from, ...options }: PushOptions): Promise<PushSource> {
  const close = async (): Promise<void> => undefined;
  if (from === undefined) {
    return { source: context.local.repository(reference), has: async (target, call) => await context.local.has(target, call), close };
  }
  if (typeof from !== "string" && "fetch" in from) return { source: from, has: existsIn(from), close };
  const location = typeof from === "string" ? parseLocation(from) : from;
  const opened = await openStore(location, { ...options, into: "registry", connect: (named) => context.origin(named).repository });
  return { source: opened.target, has: existsIn(opened.target), close: opened.close };
}

function existsIn(source: object): PushSource["has"] {
  const holder = holderOf(source);
  return holder && (async (target, call) => await holder.exists(target, call));
}

async function tagsToPush(
  source: ReadOnlyTarget & Partial<TagLister>,
  reference: Named,
  { allTags = false, signal }: PushOptions,
): Promise<readonly string[]> {
  if (!allTags && reference.tag !== undefined) return [reference.tag];
  if (!isTagLister(source)) throw new UnsupportedError("push all tags from a source that cannot list them");
  const tags = await Array.fromAsync(source.tags(signal === undefined ? {} : { signal }));
  if (tags.length === 0) throw new NotFoundError("tag", formatName(reference));
  return tags;
}

/**
 * The same source, but where an index has children that are not here, its name leads to the best of the images that are: a registry would
 * refuse the index.
 */
function wholeOrPlatform(context: EngineContext, { source, has }: PushSource, options: PushOptions): ReadOnlyTarget {
  if (has === undefined) return source;
  const platform = context.options.platform ?? hostPlatform();
  return {
    fetch: async (target, call) => await source.fetch(target, call),
    async resolve(tag, call = {}) {
      const root = await source.resolve(tag, call);
      if (!isIndexMediaType(root.mediaType)) return root;
      const index = decodeManifest(await readAllVerified(await source.fetch(root, call), root, call), root.mediaType);
      const children = index.kind === "index" ? index.manifests : [];
      const here = await Promise.all(children.map(async (child) => await has(child, call)));
      const present = children.filter((_, at) => here[at]);
      const [best] = selectPlatform(present, platform);
      const chosen = best ?? present[0];
      if (present.length === children.length || chosen === undefined) return root;
      const message = `Pushing only "${chosen.digest}": other images of the index "${root.digest}" are not here`;
      options.onEvent?.({ id: eventId(root.digest), action: "skipped", current: 0, total: root.size, last: true, message });
      return { mediaType: chosen.mediaType, digest: chosen.digest, size: chosen.size };
    },
  };
}
