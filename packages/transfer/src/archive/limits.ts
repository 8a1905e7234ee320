import { DEFAULT_LAYER_LIMITS } from "../image/layer-limits.ts";
import { numbersFromZero } from "../number-from-zero.ts";

/** What an archive may hold, at most. Everything here is decided by whoever made the archive. `Infinity`: no limit. */
export interface ArchiveLimits {
  /** Entries of the archive; default 100,000. */
  readonly maxEntries?: number;
  /** Bytes of one entry's header with its extensions (long names, PAX); default 64 KiB. */
  readonly maxHeaderBytes?: number;
  /** Bytes of what is written to a temporary file: a stream, or what a compressed archive unpacks to; default 64 GiB. */
  readonly maxSpoolBytes?: number;
  /** Unpacked bytes for each compressed one, of an archive that is compressed, and of its layers, beyond `ratioFloor`; default 1,000. */
  readonly maxRatio?: number;
  /** Unpacked bytes that each of them may have whatever its ratio is; default 1 GiB. */
  readonly ratioFloor?: number;
  /** Bytes of one manifest, config or list of images; default 4 MiB. */
  readonly maxMetadataBytes?: number;
  /** Manifests that are read to learn what points at what; default 10,000. */
  readonly maxManifests?: number;
}

/** {@link ArchiveLimits} when nothing is said. */
export const DEFAULT_ARCHIVE_LIMITS: Required<ArchiveLimits> = {
  maxEntries: 100_000,
  maxHeaderBytes: 65_536,
  maxSpoolBytes: 64 * 1024 ** 3,
  maxRatio: DEFAULT_LAYER_LIMITS.maxRatio,
  ratioFloor: DEFAULT_LAYER_LIMITS.ratioFloor,
  maxMetadataBytes: 4_194_304,
  maxManifests: 10_000,
};

/** The limits among options, the rest filled in. @throws {RangeError} on one that is negative or no number. */
export function limitsOf(options: ArchiveLimits): Required<ArchiveLimits> {
  return numbersFromZero(options, DEFAULT_ARCHIVE_LIMITS);
}
