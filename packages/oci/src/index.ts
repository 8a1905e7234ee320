export type {
  BlobStore,
  ByteSource,
  ByteStream,
  CallOptions,
  Deleter,
  FetchOptions,
  Fetcher,
  GraphTarget,
  ListOptions,
  ManifestStore,
  Mounter,
  Paged,
  PassingFetcher,
  PredecessorFinder,
  Pusher,
  ReadOnlyTarget,
  ReferrerLister,
  ReferrersOptions,
  Registry,
  Repository,
  Resolver,
  TagLister,
  TagStore,
  Tagger,
  Target,
  Untagger,
} from "./content.ts";
export type { ByteSpan } from "./byte-span.ts";
export { spanOf } from "./byte-span.ts";
export type { Annotations, Descriptor } from "./descriptor.ts";
export { isSameContent } from "./descriptor.ts";
export type { Digest, DigestAlgorithm } from "./digest.ts";
export {
  CANONICAL_ALGORITHM,
  DIGEST_ALGORITHMS,
  DIGEST_HEX_LENGTH,
  computeDigest,
  digestAlgorithm,
  digestEncoded,
  formatDigest,
  isDigest,
  isDigestAlgorithm,
  isDigestShape,
  parseDigest,
} from "./digest.ts";
export type { ErrorCodeDescriptor, OciError, OciErrorCode } from "./error-codes.ts";
export { ERROR_CODES, errorCodeDescriptor } from "./error-codes.ts";
export type { AnsweredRequest, AnswerErrorOptions, BerthErrorOptions, ContentErrorOptions, NotFoundKind } from "./errors.ts";
export {
  BerthError,
  DigestMismatchError,
  InvalidDigestError,
  InvalidLinkError,
  InvalidManifestError,
  InvalidReferenceError,
  LimitExceededError,
  NotFoundError,
  SizeMismatchError,
  UnsupportedError,
} from "./errors.ts";
export type { Platform } from "./platform.ts";
export {
  EMPTY_JSON_DIGEST,
  MANIFEST_MEDIA_TYPES,
  MEDIA_TYPES,
  isForeignLayerMediaType,
  isImageMediaType,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  parseMediaType,
} from "./media-types.ts";
export type { ContainerConfig, ImageConfigFile, ImageHistory, ImageRootfs } from "./image-config.ts";
export { decodeImageConfig } from "./image-config.ts";
export type { DecodeManifestOptions } from "./manifest/decode.ts";
export { DEFAULT_MAX_REFERENCES, decodeManifest } from "./manifest/decode.ts";
export { readDescriptor } from "./manifest/fields.ts";
export type { DescriptorRules } from "./manifest/fields.ts";
export type { JsonObject } from "./manifest/json.ts";
export { DEFAULT_MAX_DEPTH, isJsonObject, parseJsonObject } from "./manifest/json.ts";
export type {
  ArtifactManifest,
  ImageManifest,
  IndexManifest,
  Manifest,
  ManifestReference,
  OtherManifest,
  Schema1Manifest,
} from "./manifest/manifest.ts";
export { effectiveArtifactType } from "./manifest/manifest.ts";
export { sniffMediaType } from "./manifest/sniff.ts";
export type { RepositoryName, Tag } from "./reference.ts";
export {
  DEFAULT_TAG,
  MAX_REPOSITORY_NAME_LENGTH,
  MAX_TAG_LENGTH,
  REFERENCE_REASONS,
  isRepositoryName,
  isTag,
  parseRepositoryName,
  parseTag,
} from "./reference.ts";
export {
  DEFAULT_MAX_ERROR_BODY,
  ERROR_BODY_CONTENT_TYPE,
  MAX_ERRORS,
  errorCodeText,
  errorStatus,
  errorText,
  formatErrorBody,
  isOciErrorCode,
  ociError,
  parseErrorBody,
  withArgs,
  withDetail,
  withMessage,
} from "./error-body.ts";
export type { MediaRange } from "./http/accept.ts";
export { MAX_MEDIA_RANGES, acceptQuality, accepts, namesMediaType, parseAccept } from "./http/accept.ts";
export type { ContentRange } from "./http/content-range.ts";
export {
  formatChunkRange,
  formatContentRange,
  formatUnsatisfiedRange,
  formatUploadRange,
  parseContentRange,
  parseUnsatisfiedRange,
  parseUploadRange,
} from "./http/content-range.ts";
export type { OriginHeaders, RequestOrigin } from "./http/forwarded.ts";
export { parseForwarded, requestOrigin } from "./http/forwarded.ts";
export type { EntityTag } from "./http/if-none-match.ts";
export { formatEntityTag, matchesIfNoneMatch, parseEntityTags } from "./http/if-none-match.ts";
export type { Link } from "./http/link.ts";
export { formatLink, nextPage, parseLinks } from "./http/link.ts";
export type { ByteRange, RangeRequest, RangeSelection, RangeSpec } from "./http/range.ts";
export { formatRange, parseRange, resolveRange, selectRange } from "./http/range.ts";
export type { HeaderFields } from "./http/scanner.ts";
export { MAX_HEADER_LENGTH } from "./http/scanner.ts";
export type { Scope } from "./http/scope.ts";
export { MAX_SCOPE_LENGTH, cleanScopes, formatScope, formatScopes, mergeScopes, parseScope, parseScopes } from "./http/scope.ts";
export type { Warning } from "./http/warning.ts";
export { MAX_WARNINGS_LENGTH, formatWarning, formatWarnings, parseWarning } from "./http/warning.ts";
export type { BearerChallenge, Challenge } from "./http/www-authenticate.ts";
export { formatBearerChallenge, formatChallenge, parseChallenges } from "./http/www-authenticate.ts";
export { DigestAmbiguousError, DigestNotFoundError, DigestSet, shortCodeTable } from "./digest-set.ts";
export {
  DEFAULT_DOMAIN,
  familiarMatch,
  familiarName,
  familiarString,
  parseAnyReference,
  parseDockerRef,
  parseNormalizedNamed,
  tagNameOnly,
} from "./docker-reference.ts";
export { isDomain, isRegistryHost } from "./domain.ts";
export type { GlobOptions } from "./glob.ts";
export { matchesGlob } from "./glob.ts";
export type { Canonical, Digested, Named, NamedTagged, Reference, Tagged } from "./image-reference.ts";
export {
  formatName,
  formatReference,
  isCanonical,
  isNameOnly,
  isNamed,
  isTagged,
  parseReference,
  trimNamed,
  withDigest,
  withName,
  withTag,
} from "./image-reference.ts";
export { formatPlatform, matchesPlatform, normalizePlatform, parsePlatform, platformOfConfig } from "./platform.ts";
export type { RegistryReference } from "./registry-reference.ts";
export {
  formatRegistryReference,
  parseReferenceWithin,
  parseRegistryHost,
  parseRegistryReference,
  referenceOrDefault,
  registryTrafficHost,
} from "./registry-reference.ts";
export type { BlobUpload, BlobUploader, CommitTarget, CreateUploadOptions, MountSource } from "./blob-upload.ts";
export {
  AccessDeniedError,
  BlobExistsError,
  BlobMountedError,
  BlobUnknownError,
  BlobUploadUnknownError,
  ManifestBlobUnknownError,
  ManifestNameInvalidError,
  ManifestNotModifiedError,
  ManifestUnknownError,
  ManifestUnknownRevisionError,
  ManifestUnverifiedError,
  ManifestVerificationError,
  RepositoryNameInvalidError,
  RepositoryUnknownError,
  SchemaV1UnsupportedError,
  TagUnknownError,
} from "./content-errors.ts";
export type { Describable } from "./describable.ts";
export { toDescriptor } from "./describable.ts";
export type {
  BlobAccessController,
  BlobDescriptorStore,
  BlobEnumerator,
  ManifestEnumerator,
  RepositoryEnumerator,
  RepositoryRemover,
  TagHistory,
  TagLookup,
} from "./enumerate.ts";
export type { AnyErrorCodeDescriptor } from "./error-code-table.ts";
export { ERROR_CODE_GROUPS, ErrorCodeTable, createErrorCodeTable } from "./error-code-table.ts";
export type { ImageBuilderOptions, IndexBuilderOptions, ManifestBuilder, ManifestFamily } from "./manifest/builder.ts";
export { createImageBuilder, createIndexBuilder } from "./manifest/builder.ts";
export type { PublicJwk } from "./manifest/jws.ts";
export { SCHEMA1_LAYER_MEDIA_TYPE } from "./manifest/schema1.ts";
export type { SigningKey, VerifiedSchema1 } from "./manifest/schema1-signature.ts";
export { schema1Payload, signSchema1, verifySchema1 } from "./manifest/schema1-signature.ts";
export { layersOf, successorsOf } from "./manifest/parts.ts";
export type { ManifestDecoder } from "./manifest/schemas.ts";
export { ManifestSchemas, createManifestSchemas } from "./manifest/schemas.ts";
export type { ReferrersChange, ReferrersEntry, ReferrersIndex } from "./manifest/referrers-index.ts";
export { changeReferrers, decodeReferrersIndex, encodeReferrersIndex, hasChanges } from "./manifest/referrers-index.ts";
export type { Storage } from "./limit-storage.ts";
export { limitStorage } from "./limit-storage.ts";
export type { NameScope } from "./name-scope.ts";
export { GLOBAL_SCOPE, prefixScope } from "./name-scope.ts";
export type { ReplayableSource } from "./replayable.ts";
export { bytesSource, isReplayable, replayableSource } from "./replayable.ts";
export type { ReferrersOfOptions } from "./referrers-of.ts";
export { referrersOf } from "./referrers-of.ts";
export { referrersTag } from "./referrers-tag.ts";
export type { SelectPlatformOptions } from "./select-platform.ts";
export { findPlatform, rankPlatforms, selectPlatform } from "./select-platform.ts";
export { withoutUserinfo } from "./userinfo.ts";
