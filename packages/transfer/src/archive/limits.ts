import { DEFAULT_LAYER_LIMITS } from "../image/layer-limits.ts";

/** What an archive may hold, at most. Everything here is decided by whoever made the archive. */
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

/** The limits among options, the rest filled in. */
export function limitsOf(options: ArchiveLimits): Required<ArchiveLimits> {
  const {
    maxEntries = DEFAULT_ARCHIVE_LIMITS.maxEntries,
    maxHeaderBytes = DEFAULT_ARCHIVE_LIMITS.maxHeaderBytes,
    maxSpoolBytes = DEFAULT_ARCHIVE_LIMITS.maxSpoolBytes,
    maxRatio = DEFAULT_ARCHIVE_LIMITS.maxRatio,
    ratioFloor = DEFAULT_ARCHIVE_LIMITS.ratioFloor,
    maxMetadataBytes = DEFAULT_ARCHIVE_LIMITS.maxMetadataBytes,
    maxManifests = DEFAULT_ARCHIVE_LIMITS.maxManifests,
  } = options;
  return { maxEntries, maxHeaderBytes, maxSpoolBytes, maxRatio, ratioFloor, maxMetadataBytes, maxManifests };
}
