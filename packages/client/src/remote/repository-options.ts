import { MEDIA_TYPES } from "@berth/oci";
import { wholeNumber } from "../number-option.ts";

/** How a client of repositories works: limits on what a registry answers, sizes of pages, media types. All have defaults. */
export interface RepositoryOptions {
  /**
   * Bytes of a manifest, an index or one page of a list that are taken at most, in either direction; 0 or less: the default, 4 MiB;
   * `Infinity`: no limit.
   */
  readonly maxMetadataBytes?: number;
  /**
   * What is asked for when a tag is looked up, and what tells a manifest from a blob: content of another type lives under `/blobs/`,
   * but for schema 1. Empty: the default, the manifests and indexes of OCI and Docker v2, and OCI's deprecated artifact manifest.
   */
  readonly manifestMediaTypes?: readonly string[];
  /** Tags a page; 0: as the registry likes. Default 1000, the most that all registries take. */
  readonly tagListPageSize?: number;
  /** Pages of tags at most; 0 or `Infinity`: no limit. Default 10,000. */
  readonly tagListMaxPages?: number;
  /** Referrers a page; 0, the default: as the registry likes. */
  readonly referrerListPageSize?: number;
  /** Pages of referrers at most; 0 or `Infinity`: no limit. Default 10,000. */
  readonly referrerListMaxPages?: number;
  /** Where a registry has no list of referrers: keeps each replaced index instead of deleting it. Default false. */
  readonly skipReferrersGc?: boolean;
  /** How often in a row a download is taken up again without any byte having come; default 5, `Infinity`: no limit. */
  readonly downloadRetries?: number;
  /** Milliseconds before the second such try in a row; doubled for each further one, up to 5 s. Default 250. */
  readonly downloadRetryDelayMs?: number;
}

/** {@link RepositoryOptions} with the defaults filled in. */
export type RepositorySettings = Readonly<Required<RepositoryOptions>>;

/** Asked for by default; the order is that of preference. */
export const DEFAULT_MANIFEST_MEDIA_TYPES: readonly string[] = [
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociArtifactManifest,
];

/** Pages of a list at most, unless told otherwise. */
export const DEFAULT_MAX_PAGES = 10_000;

/** Items of a page of a list, unless told otherwise. */
export const DEFAULT_PAGE_SIZE = 1000;

/** Bytes of metadata at most, unless told otherwise: 4 MiB. */
export const DEFAULT_MAX_METADATA_BYTES = 4_194_304;

/**
 * Copies options, so that what happens to the original later changes nothing, and fills in the defaults.
 *
 * @throws {RangeError} on a number that is none, or negative where that means nothing.
 */
export function repositorySettings(options: RepositoryOptions = {}): RepositorySettings {
  const mediaTypes = options.manifestMediaTypes ?? [];
  const maxMetadataBytes = wholeNumber("maxMetadataBytes", options.maxMetadataBytes, 0, {
    from: Number.MIN_SAFE_INTEGER,
    orInfinity: true,
  });
  return {
    maxMetadataBytes: maxMetadataBytes > 0 ? maxMetadataBytes : DEFAULT_MAX_METADATA_BYTES,
    manifestMediaTypes: [...(mediaTypes.length === 0 ? DEFAULT_MANIFEST_MEDIA_TYPES : mediaTypes)],
    tagListPageSize: wholeNumber("tagListPageSize", options.tagListPageSize, DEFAULT_PAGE_SIZE),
    tagListMaxPages: wholeNumber("tagListMaxPages", options.tagListMaxPages, DEFAULT_MAX_PAGES, { orInfinity: true }),
    referrerListPageSize: wholeNumber("referrerListPageSize", options.referrerListPageSize, 0),
    referrerListMaxPages: wholeNumber("referrerListMaxPages", options.referrerListMaxPages, DEFAULT_MAX_PAGES, { orInfinity: true }),
    skipReferrersGc: options.skipReferrersGc ?? false,
    downloadRetries: wholeNumber("downloadRetries", options.downloadRetries, 5, { orInfinity: true }),
    downloadRetryDelayMs: wholeNumber("downloadRetryDelayMs", options.downloadRetryDelayMs, 250),
  };
}
