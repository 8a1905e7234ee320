import { DEFAULT_LAYER_LIMITS } from "../image/layer-limits.ts";

/** What an archive may hold, at most. Everything here is decided by whoever made the archive. */
export interface ArchiveLimits {
  /** Entries of the archive; default 100,000. */
  readonly maxEntries?: number;
  /** Bytes of one entry's header with its extensions (long names, PAX); default 64 KiB. */
  readonly maxHeaderBytes?: number;
  /** Bytes of what is written to a temporary file: a stream, or what a compressed archive unpacks to; default 64 GiB. */
  readonly maxSpoolBytes?: number;
  /** Of an archive that is compressed: unpacked bytes for each compressed one, beyond the first GiB; default 1,000. */
  readonly maxRatio?: number;
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
  maxMetadataBytes: 4_194_304,
  maxManifests: 10_000,
};
