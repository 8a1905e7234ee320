export type {
  BlobStore, ByteSource, ByteStream, CallOptions, Deleter, FetchOptions, Fetcher, GraphTarget, ListOptions, ManifestStore, Mounter, Paged,
  PredecessorFinder, Pusher, ReadOnlyTarget, ReferrerLister, ReferrersOptions, Registry, Repository, Resolver, TagLister, TagStore, Tagger,
  Target, Untagger,
} from "./content.ts";
export type { Annotations, Descriptor } from "./descriptor.ts";
export { isSameContent } from "./descriptor.ts";
export type { Digest, DigestAlgorithm } from "./digest.ts";
export {
  CANONICAL_ALGORITHM, DIGEST_ALGORITHMS, DIGEST_HEX_LENGTH, digestAlgorithm, digestEncoded, formatDigest, isDigest, isDigestAlgorithm, parseDigest,
} from "./digest.ts";
export type { ErrorCodeDescriptor, OciError, OciErrorCode } from "./error-codes.ts";
export { ERROR_CODES, errorCodeDescriptor } from "./error-codes.ts";
export type { BerthErrorOptions, NotFoundKind } from "./errors.ts";
export {
  BerthError, DigestMismatchError, InvalidDigestError, InvalidManifestError, InvalidReferenceError, LimitExceededError, NotFoundError,
  SizeMismatchError, UnsupportedError,
} from "./errors.ts";
export type { Platform } from "./platform.ts";
export {
  EMPTY_JSON_DIGEST, MANIFEST_MEDIA_TYPES, MEDIA_TYPES, isForeignLayerMediaType, isImageMediaType, isIndexMediaType, isManifestMediaType,
  isSchema1MediaType, parseMediaType,
} from "./media-types.ts";
export type { DecodeManifestOptions } from "./manifest/decode.ts";
export { DEFAULT_MAX_REFERENCES, decodeManifest } from "./manifest/decode.ts";
export { DEFAULT_MAX_DEPTH } from "./manifest/json.ts";
export type { ArtifactManifest, ImageManifest, IndexManifest, Manifest, ManifestReference, OtherManifest, Schema1Manifest } from "./manifest/manifest.ts";
export { effectiveArtifactType } from "./manifest/manifest.ts";
export { sniffMediaType } from "./manifest/sniff.ts";
export type { RepositoryName, Tag } from "./reference.ts";
export {
  DEFAULT_TAG, MAX_REPOSITORY_NAME_LENGTH, MAX_TAG_LENGTH, REFERENCE_REASONS, isRepositoryName, isTag, parseRepositoryName, parseTag,
} from "./reference.ts";
