import type { Annotations, CallOptions, Descriptor } from "@berth/oci";
import { UnsupportedError } from "@berth/oci";
import type { Place } from "../connect/place.ts";

/** A manifest, and what refers to it. */
export interface ReferrerNode {
  readonly descriptor: Descriptor;
  readonly referrers: readonly ReferrerNode[];
}

/** What orders referrers. */
export const REFERRER_ORDERS = ["created", "size", "type", "none"] as const;

/** Options of {@link referrerTree}. */
export interface ReferrerTreeOptions extends CallOptions {
  readonly artifactType?: string;
  /** Names, and values unless they do not matter, that annotations must have. */
  readonly annotations: readonly (readonly [name: string, value: string | undefined])[];
  /** Levels of referrers of referrers. */
  readonly depth: number;
  /** Default `created`: the oldest first, by their own word. */
  readonly order?: (typeof REFERRER_ORDERS)[number];
  /** Whether only the last one of each list is wanted. */
  readonly latest?: boolean;
}

/** Manifests of a tree, at most. */
const MAX_NODES = 10_000;

const CREATED = "org.opencontainers.image.created";

/** Lists what refers to a manifest, and what refers to that. @throws {UnsupportedError} where nobody can tell. */
export async function referrerTree(
  { target, name }: Place,
  subject: Descriptor,
  options: ReferrerTreeOptions,
): Promise<readonly ReferrerNode[]> {
  const { artifactType, signal, depth } = options;
  const { referrers } = target;
  if (referrers === undefined) throw new UnsupportedError(`list referrers in "${name}"`);
  const seen = new Set<string>([subject.digest]);
  const below = async (parent: Descriptor, level: number): Promise<readonly ReferrerNode[]> => {
    if (level > depth) return [];
    const found: Descriptor[] = [];
    for await (const one of target.referrers?.(parent, { ...(artifactType && { artifactType }), ...(signal && { signal }) }) ?? []) {
      if (seen.size >= MAX_NODES) break;
      if (seen.has(one.digest) || !matches(one, options)) continue;
      seen.add(one.digest);
      found.push(one);
    }
    const sorted = ordered(found, options);
    const nodes: ReferrerNode[] = [];
    for (const descriptor of sorted) nodes.push({ descriptor, referrers: await below(descriptor, level + 1) });
    return nodes;
  };
  return await below(subject, 1);
}

function matches({ artifactType, annotations }: Descriptor, options: ReferrerTreeOptions): boolean {
  if (options.artifactType !== undefined && artifactType !== options.artifactType) return false;
  return options.annotations.every(([name, value]) => hasAnnotation(annotations, name, value));
}

function hasAnnotation(annotations: Annotations | undefined, name: string, value: string | undefined): boolean {
  const found = annotations !== undefined && Object.hasOwn(annotations, name) ? annotations[name] : undefined;
  return found !== undefined && (value === undefined || found === value);
}

function ordered(found: readonly Descriptor[], { order = "created", latest }: ReferrerTreeOptions): readonly Descriptor[] {
  const keys: Readonly<Record<typeof order, (one: Descriptor) => string | number>> = {
    created: ({ annotations }) => annotations?.[CREATED] ?? "",
    size: ({ size }) => size,
    type: ({ artifactType = "" }) => artifactType,
    none: () => 0,
  };
  const key = keys[order];
  const sorted = found.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return latest === true ? sorted.slice(-1) : sorted;
}
