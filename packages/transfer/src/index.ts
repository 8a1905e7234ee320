export type { CreateDockerArchiveOptions, NewDockerArchive } from "./archive/docker-archive-writer.ts";
export { createDockerArchive } from "./archive/docker-archive-writer.ts";
export type { DockerArchive, OpenDockerArchiveOptions } from "./archive/docker-archive.ts";
export { openDockerArchive } from "./archive/docker-archive.ts";
export { ArchiveChangedError, ArchiveClosedError, InvalidArchiveError, NotAnImageError } from "./archive/errors.ts";
export type { ArchiveLimits } from "./archive/limits.ts";
export type { CreateOciArchiveOptions, NewOciArchive } from "./archive/oci-archive-writer.ts";
export { createOciArchive } from "./archive/oci-archive-writer.ts";
export type { OciArchive } from "./archive/oci-archive.ts";
export { openOciArchive } from "./archive/oci-archive.ts";
export type { OpenArchiveOptions } from "./archive/tar-file.ts";
export type { WriteArchiveOptions } from "./archive/tar-writer.ts";
export { DuplicateTitleError, FileExistsError, UnsafeTitleError } from "./files/errors.ts";
export type { AddFileOptions, FileStore, FileStoreOptions } from "./files/file-store.ts";
export { openFileStore } from "./files/file-store.ts";
export { CopyError, ExternalLayerError, TagExistsError } from "./copy/errors.ts";
export { SparseIndexError } from "./copy/sparse-index.ts";
export type { CopyOrigin, CopyStep } from "./copy/errors.ts";
export { checkDigests } from "./copy/check-digests.ts";
export { copy } from "./copy/copy.ts";
export { checkPlatforms } from "./copy/check-platforms.ts";
export { copyGraph } from "./copy/copy-graph.ts";
export type { CopyTagsOptions, CopyTagsResult } from "./copy/copy-tags.ts";
export { copyTags } from "./copy/copy-tags.ts";
export type { CopiedTag, CopyGraphOptions, CopyOptions, CopyResult, CopyStats, MountRefusal, ReferrerSelection } from "./copy/options.ts";
export type { UploadJournalOptions } from "./copy/file-journal.ts";
export { openUploadJournal } from "./copy/file-journal.ts";
export type { UploadJournal, UploadKey } from "./copy/upload-journal.ts";
export type { TransferAction, TransferEvent, TransferEvents } from "./events.ts";
export { createTransferEvents, eventId } from "./events.ts";
export { chainIds } from "./image/chain-ids.ts";
export type { ImagePathErrorCode } from "./image/errors.ts";
export {
  ArtifactError,
  FolderNotEmptyError,
  ImagePathError,
  InvalidLayerError,
  RootfsMismatchError,
  UnsafeEntryError,
} from "./image/errors.ts";
export type { ExistingContent } from "./image/extract-root.ts";
export type { ExtractEntriesOptions, ExtractResult, SkipReason } from "./image/extract-tar.ts";
export { extractEntries } from "./image/extract-tar.ts";
export type { ExtractOptions } from "./image/extract.ts";
export { extract } from "./image/extract.ts";
export type { FlattenOptions } from "./image/flatten.ts";
export { flatten } from "./image/flatten.ts";
export type { ImageFile } from "./image/image-file.ts";
export type { LayerLimits } from "./image/layer-limits.ts";
export { DEFAULT_LAYER_LIMITS, LayerBudget } from "./image/layer-limits.ts";
export type { OpenedLayer, OpenLayerOptions } from "./image/layer.ts";
export { openLayer } from "./image/layer.ts";
export { listFiles } from "./image/list-files.ts";
export type { MergedEntriesOptions } from "./image/merged-entries.ts";
export type { OpenedImageFile, ReadFileOptions } from "./image/read-file.ts";
export { readFileOf } from "./image/read-file.ts";
export type { ReadImageOptions } from "./image/read-image.ts";
export type { TarEntry, TarEntryType, TarEntryWithContent } from "./image/tar-entry.ts";
export { readTar } from "./image/tar-reader.ts";
export type { ImageProblem, ImageReport, ValidateImageOptions } from "./image/validate-image.ts";
export { validateImage } from "./image/validate-image.ts";
export type { VerifiedImage, VerifiedLayer, VerifyImageOptions } from "./image/verify-image.ts";
export { verifyImage } from "./image/verify-image.ts";
export type { FetchContentOptions } from "./layout/blob-files.ts";
export type { CheckLayoutOptions, LayoutCheck, LayoutProblem } from "./layout/check-layout.ts";
export type { GcOptions, GcRemoval, GcReport } from "./layout/collect-garbage.ts";
export type { Durability } from "./layout/durable-files.ts";
export { AmbiguousNameError, InvalidLayoutError, LayoutBusyError, LayoutNotFoundError } from "./layout/errors.ts";
export type { OciLayout } from "./layout/oci-layout.ts";
export type { OpenLayoutOptions } from "./layout/open-layout.ts";
export { openLayout } from "./layout/open-layout.ts";
export { TransferFailedError } from "./manager/errors.ts";
export { isRetryable } from "./manager/retryable.ts";
export type { TransferOutcome, TransferState, WatchOptions } from "./manager/transfer.ts";
export type {
  TransferContext,
  TransferDirection,
  TransferJob,
  TransferLimits,
  TransferManager,
  TransferManagerOptions,
} from "./manager/transfer-manager.ts";
export { createTransferManager } from "./manager/transfer-manager.ts";
export type { EngineAction, EngineLog, EngineLogEvent } from "./engine/engine-log.ts";
export type { Engine, EngineStarters } from "./engine/engine.ts";
export { createEngine } from "./engine/engine.ts";
export { connectEndpoint } from "./engine/connect-endpoint.ts";
export type { EndpointFailure, EndpointWarning, OverEndpointsOptions } from "./engine/fall-through.ts";
export { overEndpoints } from "./engine/fall-through.ts";
export type { Endpoint, EndpointCapability, HostOptions, HostsTable, MirrorOptions } from "./engine/hosts.ts";
export { endpointsFor } from "./engine/hosts.ts";
export type { RunningOperation } from "./engine/operation.ts";
export type {
  ArchiveCompression,
  EngineCopyOptions,
  EngineCopyResult,
  EngineOptions,
  OperationOptions,
  Place,
  PullOptions,
  PullResult,
  PushOptions,
  PushResult,
  ReferenceStore,
  RegistryOptions,
  ResolveOptions,
} from "./engine/options.ts";
export type { MemoryReferenceStore } from "./engine/reference-store.ts";
export { createReferenceStore } from "./engine/reference-store.ts";
export type { ErrorHint, HintKind } from "./error-hints.ts";
export type { ErrorClass } from "./error-classes.ts";
export type { ErrorClassification } from "./errors.ts";
export { EngineError, classifyError, toEngineError } from "./errors.ts";
export { NoSpaceError } from "./no-space.ts";
export { InvalidLocationError, type InvalidLocationErrorOptions, LOCATION_FORMS } from "./location/errors.ts";
export type { FileLocation, Location, RegistryLocation } from "./location/location.ts";
export { formatLocation, isSameRegistry, namesWithin, parseLocation, referenceWithin } from "./location/location.ts";
export type {
  ConnectRepository,
  OpenDestinationOptions,
  OpenedDestination,
  OpenedSource,
  OpenedStore,
  OpenOptions,
  OpenSourceOptions,
} from "./location/open.ts";
export { openDestination, openSource, openStore } from "./location/open.ts";
export type { MemoryStoreOptions, MemoryTarget } from "./memory/memory-store.ts";
export { createMemoryStore } from "./memory/memory-store.ts";
export type { AnnotationsFile } from "./pack/annotations-file.ts";
export { parseAnnotations, parseAnnotationsFile } from "./pack/annotations-file.ts";
export type { AppendLayerOptions, LayerInput } from "./pack/append-layer.ts";
export { appendLayer } from "./pack/append-layer.ts";
export type { CompressedFile, CompressToFileOptions, Compression } from "./pack/compress-to-file.ts";
export { compressToFile } from "./pack/compress-to-file.ts";
export type { ConfigEdits, HistoryEntry } from "./pack/config-edits.ts";
export type { ConvertImageOptions } from "./pack/convert-image.ts";
export { convertImage } from "./pack/convert-image.ts";
export type { Schema1Source } from "./pack/convert-schema1.ts";
export type { CopyContent, EditOptions } from "./pack/copy-content.ts";
export type { SignatureStyle } from "./pack/copy-signatures.ts";
export { copySignatures } from "./pack/copy-signatures.ts";
export type { ConfigDiff } from "./pack/diff-configs.ts";
export { diffConfigs } from "./pack/diff-configs.ts";
export type { JsonChange } from "./pack/diff-json.ts";
export type { ItemState, ListItem } from "./pack/diff-lists.ts";
export type { EntryDiff, LayerDiff, ManifestDiff, SizeDiff } from "./pack/diff-manifests.ts";
export { diffManifests } from "./pack/diff-manifests.ts";
export type { CreateIndexOptions, IndexChanges, IndexDestination } from "./pack/edit-index.ts";
export { createIndex, editIndex } from "./pack/edit-index.ts";
export {
  BaseMismatchError,
  IndexEntryUnknownError,
  InvalidImageConfigError,
  InvalidPackError,
  InvalidPackInputError,
  UnpackableFileError,
} from "./pack/errors.ts";
export type { FileReference } from "./pack/file-reference.ts";
export { parseFileReference } from "./pack/file-reference.ts";
export type { EnvEdits } from "./pack/env-edits.ts";
export type { FlattenImageOptions } from "./pack/flatten-image.ts";
export { flattenImage } from "./pack/flatten-image.ts";
export type { EntrySelector, IndexEdits } from "./pack/index-edits.ts";
export type { IndexAddition } from "./pack/index-entry.ts";
export type { FileLayer, LayerFromFilesOptions } from "./pack/layer-from-files.ts";
export { layerFromFiles } from "./pack/layer-from-files.ts";
export type { Edit, MapEdits } from "./pack/member-edits.ts";
export type { ImageEdits, MutateImageOptions } from "./pack/mutate-image.ts";
export { mutateImage } from "./pack/mutate-image.ts";
export type { PackArtifactOptions } from "./pack/pack-artifact.ts";
export { attachArtifact, CREATED_ANNOTATION, packArtifact, UNKNOWN_ARTIFACT_TYPE, UNKNOWN_CONFIG_TYPE } from "./pack/pack-artifact.ts";
export type { BlobToPack, PackPart } from "./pack/pack-blob.ts";
export type { BaseImage, RebaseOptions } from "./pack/rebase-image.ts";
export { BASE_DIGEST_ANNOTATION, BASE_NAME_ANNOTATION, rebaseImage } from "./pack/rebase-image.ts";
export type { RecompressLayersOptions } from "./pack/recompress-layers.ts";
export { recompressLayers } from "./pack/recompress-layers.ts";
export type { RewriteOptions } from "./pack/rewrite-images.ts";
export type { TarFolderOptions, TarInput } from "./pack/tar-folder.ts";
export { tarFolder } from "./pack/tar-folder.ts";
export { formatEpoch, isTimestamp, MAX_EPOCH, parseEpoch } from "./pack/timestamps.ts";
export type { ChooseImageOptions, ChosenImage } from "./platform/choose-image.ts";
export { chooseImage } from "./platform/choose-image.ts";
export type { HostFacts } from "./platform/host-platform.ts";
export { hostPlatform } from "./platform/host-platform.ts";
export type { FileSourcesOptions } from "./sources/file-sources.ts";
export { openSourceStore } from "./sources/file-sources.ts";
export type { SourceMarker } from "./sources/mark-source.ts";
export { createSourceMarker } from "./sources/mark-source.ts";
export type { MemorySourcesOptions } from "./sources/memory-sources.ts";
export { createSourceStore } from "./sources/memory-sources.ts";
export type { CopyPlaces, MarkedPlace } from "./sources/source-hooks.ts";
export { sourceHooks } from "./sources/source-hooks.ts";
export type { KnownSource, RepositoryPlace, SourceStore } from "./sources/source-store.ts";
export { VERSION } from "./version.ts";
