import { type CallOptions, type Descriptor, isIndexMediaType } from "@berth/oci";
import type { CopyStats } from "@berth/transfer";
import { Option } from "commander";
import type { Destination } from "../connect/destination.ts";
import type { Place } from "../connect/place.ts";
import { readDescribed } from "../content/read-manifest.ts";
import { addStats, NO_STATS } from "./add-stats.ts";
import type { TransferSettings } from "./with-transfer.ts";

const STYLES = ["keep", "api", "tags"] as const;

/** What becomes of signatures. */
export type ReferrersStyle = (typeof STYLES)[number];

/** `--referrers-style`. */
export function referrersStyleOption(): Option {
  const doc =
    "copy cosign's signatures, too, and store those under sha256-....sig as referrers (api), or referrers under such tags (tags); keep, the default, changes nothing";
  return new Option("--referrers-style <style>", doc).choices(STYLES);
}

/** What is to be done about signatures of images that were copied. */
export interface RestyleJob {
  readonly source: Pick<Place, "target">;
  readonly destination: Pick<Destination, "target">;
  /** What was copied. */
  readonly roots: readonly Descriptor[];
  readonly style: ReferrersStyle | undefined;
  /** Whether images of indexes were left out: what is not there gets no signature. */
  readonly isPartial: boolean;
  readonly pace: TransferSettings;
}

/** Indexes within indexes, at most. */
const MAX_DEPTH = 8;

/** Copies signatures of images, and of the images of indexes, in another form. @returns what that moved. */
export async function restyleSignatures({ source, destination, roots, style = "keep", isPartial, pace }: RestyleJob): Promise<CopyStats> {
  if (style === "keep") return NO_STATS;
  const { copyGraph, copySignatures } = await import("@berth/transfer");
  const call: CallOptions = { ...(pace.signal && { signal: pace.signal }) };
  const seen = new Set<string>();
  let stats = NO_STATS;
  const visit = async (subject: Descriptor, depth: number): Promise<void> => {
    if (seen.has(subject.digest) || depth > MAX_DEPTH) return;
    seen.add(subject.digest);
    const made = await copySignatures(source.target, subject, destination.target, style === "api" ? "referrers" : "tags", {
      ...call,
      copy: async (content, from) => void (stats = addStats(stats, await copyGraph(from, content, destination.target, pace))),
    });
    for (const { size } of made) stats = addStats(stats, { ...NO_STATS, copied: 1, bytes: size });
    if (!isIndexMediaType(subject.mediaType)) return;
    const { manifest } = await readDescribed(source.target, subject, call);
    for (const child of manifest.kind === "index" ? manifest.manifests : []) {
      if (!isPartial || (await destination.target.exists(child, call))) await visit(child, depth + 1);
    }
  };
  for (const root of roots) await visit(root, 0);
  return stats;
}
