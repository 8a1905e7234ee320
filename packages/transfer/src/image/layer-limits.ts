import { LimitExceededError } from "@berth/oci";

/** What layers may hold, at most. Everything here is decided by whoever made them. */
export interface LayerLimits {
  /** Bytes of the uncompressed archives, of all layers of an image together; default 64 GiB. */
  readonly maxBytes?: number;
  /** Uncompressed bytes for each compressed one, beyond the first GiB; default 1,000. */
  readonly maxRatio?: number;
  /** Entries, of all layers of an image together; default 2,000,000. */
  readonly maxEntries?: number;
  /** Bytes of the extensions of one entry (PAX records, long names); default 1 MiB. */
  readonly maxHeaderBytes?: number;
  /** Bytes of a path or link target; default 4,096. */
  readonly maxPathBytes?: number;
  /** Folders within folders; default 256. */
  readonly maxPathDepth?: number;
}

/** {@link LayerLimits} when nothing is said. */
export const DEFAULT_LAYER_LIMITS: Required<LayerLimits> = {
  maxBytes: 64 * 1024 ** 3,
  maxRatio: 1000,
  maxEntries: 2_000_000,
  maxHeaderBytes: 1_048_576,
  maxPathBytes: 4096,
  maxPathDepth: 256,
};

/** Below this many uncompressed bytes nothing is said about the ratio: a file of zeros is no attack. */
const RATIO_FLOOR = 1024 ** 3;

/** Refuses what no files compress to. @throws {LimitExceededError} */
export function checkRatio(
  what: "archive" | "layer",
  { compressed, uncompressed }: { readonly compressed: number; readonly uncompressed: number },
  maxRatio: number,
): void {
  if (uncompressed <= RATIO_FLOOR || uncompressed <= compressed * maxRatio) return;
  throw new LimitExceededError({ what: `${what} with a higher compression ratio`, limit: maxRatio });
}

/** Counts what layers hold against their limits. One budget serves all layers of an image. */
export class LayerBudget {
  readonly limits: Required<LayerLimits>;
  #bytes = 0;
  #entries = 0;

  constructor(limits: LayerLimits = {}) {
    this.limits = { ...DEFAULT_LAYER_LIMITS, ...limits };
  }

  /** Takes uncompressed bytes. `layer` says how many the layer has made so far, out of how many. @throws {LimitExceededError} */
  takeBytes(count: number, layer: { readonly compressed: number; readonly uncompressed: number }): void {
    const { maxBytes, maxRatio } = this.limits;
    this.#bytes += count;
    if (this.#bytes > maxBytes) throw new LimitExceededError({ what: "layers of more uncompressed bytes", limit: maxBytes });
    checkRatio("layer", layer, maxRatio);
  }

  /** Takes an entry. @throws {LimitExceededError} */
  takeEntry(): void {
    const { maxEntries } = this.limits;
    if (++this.#entries > maxEntries) throw new LimitExceededError({ what: "layers of more entries", limit: maxEntries });
  }
}
