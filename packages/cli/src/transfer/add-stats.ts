import type { CopyStats } from "@berth/transfer";

/** Nothing was done yet. */
export const NO_STATS: CopyStats = { copied: 0, mounted: 0, existing: 0, skipped: 0, bytes: 0 };

/** Counts of two copies together. */
export function addStats(a: CopyStats, b: CopyStats): CopyStats {
  return {
    copied: a.copied + b.copied,
    mounted: a.mounted + b.mounted,
    existing: a.existing + b.existing,
    skipped: a.skipped + b.skipped,
    bytes: a.bytes + b.bytes,
  };
}
