import { LimitExceededError } from "@berth/oci";
import { numbersFromZero } from "../number-from-zero.ts";
import type { TarEntry } from "./tar-entry.ts";

/** What layers may hold, at most. Everything here is decided by whoever made them. `Infinity`: no limit. */
export interface LayerLimits {
  /** Bytes of the uncompressed archives, of all layers of an image together; default 64 GiB. */
  readonly maxBytes?: number;
  /** Uncompressed bytes for each compressed one, of a layer beyond `ratioFloor`; default 1,000. */
  readonly maxRatio?: number;
  /** Uncompressed bytes that a layer may have whatever its ratio is, for a file of zeros is no attack; default 1 GiB. */
  readonly ratioFloor?: number;
  /** Entries, of all layers of an image together; default 2,000,000. */
  readonly maxEntries?: number;
  /** Bytes of the extensions of one entry (PAX records, long names); default 1 MiB. */
  readonly maxHeaderBytes?: number;
  /** Bytes of a path or link target; default 4,096. */
  readonly maxPathBytes?: number;
  /** Folders within folders; default 256. */
  readonly maxPathDepth?: number;
  /** Memory that paths, link targets and PAX records of all layers of an image together would take, about, in bytes; default 1 GiB. */
  readonly maxEntryMemory?: number;
}

/** {@link LayerLimits} when nothing is said. */
export const DEFAULT_LAYER_LIMITS: Required<LayerLimits> = {
  maxBytes: 64 * 1024 ** 3,
  maxRatio: 1000,
  ratioFloor: 1024 ** 3,
  maxEntries: 2_000_000,
  maxHeaderBytes: 1_048_576,
  maxPathBytes: 4096,
  maxPathDepth: 256,
  maxEntryMemory: 1024 ** 3,
};

/** What a path, a folder or a record costs whoever remembers it, besides its text. Bytes. */
const ITEM_COST = 64;

/** Refuses what no files compress to. @throws {LimitExceededError} */
export function checkRatio(
  what: "archive" | "layer",
  { compressed, uncompressed }: { readonly compressed: number; readonly uncompressed: number },
  maxRatio: number,
  ratioFloor: number,
): void {
  if (uncompressed <= ratioFloor || uncompressed <= compressed * maxRatio) return;
  throw new LimitExceededError({ what: `${what} with a higher compression ratio`, limit: maxRatio, option: "maxRatio" });
}

/** Counts what layers hold against their limits. One budget serves all layers of an image. */
export class LayerBudget {
  readonly limits: Required<LayerLimits>;
  #bytes = 0;
  #entries = 0;
  #entryMemory = 0;
  #lastPath = "";

  /** @throws {RangeError} on a limit that is negative or no number. */
  constructor(limits: LayerLimits = {}) {
    this.limits = numbersFromZero(limits, DEFAULT_LAYER_LIMITS);
  }

  /** Takes uncompressed bytes. `layer` says how many the layer has made so far, out of how many. @throws {LimitExceededError} */
  takeBytes(count: number, layer: { readonly compressed: number; readonly uncompressed: number }): void {
    const { maxBytes, maxRatio, ratioFloor } = this.limits;
    this.#bytes += count;
    if (this.#bytes > maxBytes) throw new LimitExceededError({ what: "layers of more uncompressed bytes", limit: maxBytes });
    checkRatio("layer", layer, maxRatio, ratioFloor);
  }

  /** Takes the texts of an entry: its path, each folder in it that the path before did not have, and the rest. @throws {LimitExceededError} */
  takeTexts({ path, linkTarget, pax }: Pick<TarEntry, "path" | "linkTarget" | "pax">): void {
    const { maxEntryMemory } = this.limits;
    const end = Math.min(path.length, this.#lastPath.length);
    let at = 0;
    while (at < end && path.charCodeAt(at) === this.#lastPath.charCodeAt(at)) at++;
    this.#lastPath = path;
    let cost = ITEM_COST + path.length + linkTarget.length;
    for (let slash = path.indexOf("/", at); slash >= 0; slash = path.indexOf("/", slash + 1)) cost += ITEM_COST;
    for (const [key, value] of pax) cost += ITEM_COST + key.length + value.byteLength;
    this.#entryMemory += cost;
    if (this.#entryMemory > maxEntryMemory) {
      throw new LimitExceededError({ what: "layers whose entries take more memory", limit: maxEntryMemory });
    }
  }

  /** Takes an entry. @throws {LimitExceededError} */
  takeEntry(): void {
    const { maxEntries } = this.limits;
    if (++this.#entries > maxEntries) throw new LimitExceededError({ what: "layers of more entries", limit: maxEntries });
  }
}
