import type { Descriptor } from "@berth/oci";
import type { SourceMarker } from "./mark-source.ts";
import type { KnownSource, RepositoryPlace } from "./source-store.ts";

/** How much may be tried before a blob is sent. */
export interface MountBudget {
  /** Repositories that a mount is asked for. */
  readonly mounts: number;
  /** Digests that the target is asked for, where an uncompressed layer may have become several. */
  readonly checks: number;
}

const LARGE = 10_485_760;
const MEDIUM = 102_400;

/** What a blob of that size is worth: above 10 MiB much, below 100 KiB little. `size` is bytes. */
export function mountBudget(size: number): MountBudget {
  if (size > LARGE) return { mounts: 4, checks: 3 };
  return size > MEDIUM ? { mounts: 3, checks: 1 } : { mounts: 1, checks: 1 };
}

/**
 * Names of the repositories to ask for a mount, best first: those of the same registry, not the target itself; what the credentials of
 * today reached before, then what has most leading parts of its name in common with the target, then the newest.
 *
 * @param known newest last.
 * @see moby, distribution, getRepositoryMountCandidates
 */
export function rankSources(
  known: readonly KnownSource[],
  target: RepositoryPlace,
  blob: Pick<Descriptor, "digest" | "size">,
  marker: SourceMarker,
): readonly string[] {
  const wanted = target.repository.split("/");
  const rated = known
    .filter(({ registry, repository }) => registry === target.registry && repository !== target.repository)
    .map((source, age) => ({
      repository: source.repository,
      isOurs: source.mark !== undefined && source.mark === marker.mark(blob.digest, source) ? 1 : 0,
      likeness: sharedParts(source.repository.split("/"), wanted),
      age,
    }));
  const ranked = rated.toSorted((a, b) => b.isOurs - a.isOurs || b.likeness - a.likeness || b.age - a.age);
  return ranked.slice(0, mountBudget(blob.size).mounts).map(({ repository }) => repository);
}

function sharedParts(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at < 0 ? a.length : at;
}
