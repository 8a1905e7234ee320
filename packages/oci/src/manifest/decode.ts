import type { Descriptor } from "../descriptor.ts";
import { InvalidManifestError } from "../errors.ts";
import { isImageMediaType, isIndexMediaType, isSchema1MediaType, MEDIA_TYPES, parseMediaType } from "../media-types.ts";
import { readAnnotations, readDescriptor, readDescriptors, readString } from "./fields.ts";
import { DEFAULT_MAX_DEPTH, type JsonObject, parseJsonObject } from "./json.ts";
import type { ArtifactManifest, ImageManifest, IndexManifest, Manifest, ManifestBase, ManifestReference } from "./manifest.ts";
import { decodeOther } from "./other.ts";
import { readSchema1 } from "./schema1.ts";
import { sniffMediaType } from "./sniff.ts";

/** Limits of {@link decodeManifest}. The size of the bytes is the caller's to limit, before they are read. */
export interface DecodeManifestOptions {
  /** JSON nesting; default 64. */
  readonly maxDepth?: number;
  /** Layers, children or blobs; default 10,000. */
  readonly maxReferences?: number;
}

/** Layers, children or blobs of one manifest, at most, unless told otherwise. */
export const DEFAULT_MAX_REFERENCES = 10_000;

/**
 * Decodes and checks manifest bytes.
 *
 * A media type that Berth does not know gives kind `other`; whether to take such a type at all is the caller's choice.
 *
 * @param contentType the `Content-Type` it came with, parameters allowed; undefined when it is not known: then the
 * body's `mediaType` counts, then its shape.
 * @throws {InvalidManifestError} when the bytes break the rules of their type, or the type cannot be told.
 * @see OCI image-spec, manifest.md and image-index.md; Docker image manifest v2, schema 1 and 2
 */
export function decodeManifest(bytes: Uint8Array, contentType: string | undefined, options: DecodeManifestOptions = {}): Manifest {
  const maxDepth = options.maxDepth ?? DEFAULT_MAX_DEPTH;
  const maxReferences = options.maxReferences ?? DEFAULT_MAX_REFERENCES;
  const declared = contentType === undefined ? undefined : wantMediaType(contentType);
  if (declared !== undefined && !isKnown(declared)) return decodeOther(bytes, declared, { maxDepth, maxReferences });
  const body = parseJsonObject(bytes, maxDepth);
  const mediaType = declared ?? wantSniffed(body);
  if (isSchema1MediaType(mediaType)) return readSchema1(bytes, mediaType, body, maxReferences);
  checkBodyMediaType(body, mediaType);
  checkSchemaVersion(body);
  if (isImageMediaType(mediaType)) return readImage(bytes, mediaType, body, maxReferences);
  if (isIndexMediaType(mediaType)) return readIndex(bytes, mediaType, body, maxReferences);
  if (mediaType === MEDIA_TYPES.ociArtifactManifest) return readArtifact(bytes, mediaType, body, maxReferences);
  return decodeOther(bytes, mediaType, { maxDepth, maxReferences });
}

function isKnown(mediaType: string): boolean {
  return (
    isImageMediaType(mediaType) ||
    isIndexMediaType(mediaType) ||
    isSchema1MediaType(mediaType) ||
    mediaType === MEDIA_TYPES.ociArtifactManifest
  );
}

function wantMediaType(contentType: string): string {
  const mediaType = parseMediaType(contentType);
  if (mediaType === undefined) throw new InvalidManifestError("the content type is not a media type");
  return mediaType;
}

function wantSniffed(body: JsonObject): string {
  const sniffed = sniffMediaType(body);
  if (sniffed === undefined) throw new InvalidManifestError("the media type is missing and the content does not tell it");
  return wantMediaType(sniffed);
}

/** OCI leaves `mediaType` out of the body when it likes; Docker demands it. */
function checkBodyMediaType(body: JsonObject, mediaType: string): void {
  const inBody = readString(body["mediaType"], "mediaType");
  if (inBody === undefined || inBody === "") {
    if (mediaType === MEDIA_TYPES.dockerManifest || mediaType === MEDIA_TYPES.dockerManifestList) {
      throw new InvalidManifestError(`mediaType is missing: "${mediaType}" demands it`);
    }
  } else if (inBody !== mediaType) {
    throw new InvalidManifestError(`mediaType in the body is "${inBody.slice(0, 255)}", the content type is "${mediaType}"`);
  }
}

/** The reference implementation never looked, so content without a schemaVersion exists and stays readable. */
function checkSchemaVersion(body: JsonObject): void {
  const version = body["schemaVersion"];
  if (version !== undefined && version !== 2) throw new InvalidManifestError("schemaVersion: expected 2");
}

function readImage(raw: Uint8Array, mediaType: string, body: JsonObject, maxReferences: number): ImageManifest {
  refuseMembers(body, ["manifests"], "an image manifest");
  const config = readDescriptor(body["config"], "config");
  const layers = readDescriptors(body["layers"], "layers", maxReferences);
  const references: ManifestReference[] = [{ kind: "config", descriptor: config }, ...asReferences("layer", layers)];
  const common = readCommon(raw, mediaType, body, references);
  return { ...common, kind: "image", config, configMediaType: config.mediaType, layers };
}

function readIndex(raw: Uint8Array, mediaType: string, body: JsonObject, maxReferences: number): IndexManifest {
  refuseMembers(body, ["config", "layers"], "an index");
  if (body["manifests"] === undefined) throw new InvalidManifestError("manifests is missing");
  const platformRequired = mediaType === MEDIA_TYPES.dockerManifestList;
  const manifests = readDescriptors(body["manifests"], "manifests", maxReferences, { platformRequired });
  return { ...readCommon(raw, mediaType, body, asReferences("child", manifests)), kind: "index", manifests };
}

function readArtifact(raw: Uint8Array, mediaType: string, body: JsonObject, maxReferences: number): ArtifactManifest {
  refuseMembers(body, ["manifests", "config", "layers"], "an artifact manifest");
  const blobs = readDescriptors(body["blobs"], "blobs", maxReferences);
  return { ...readCommon(raw, mediaType, body, asReferences("blob", blobs)), kind: "artifact", blobs };
}

function readCommon(raw: Uint8Array, mediaType: string, body: JsonObject, references: readonly ManifestReference[]): ManifestBase {
  const annotations = readAnnotations(body["annotations"], "annotations");
  const base = { mediaType, raw, references, ...(annotations && { annotations }) };
  if (mediaType === MEDIA_TYPES.dockerManifest || mediaType === MEDIA_TYPES.dockerManifestList) return base; // these never had the rest
  const subject = body["subject"] === undefined || body["subject"] === null ? undefined : readDescriptor(body["subject"], "subject");
  const artifactType = readString(body["artifactType"], "artifactType");
  return { ...base, ...(subject && { subject }), ...(artifactType && { artifactType }) };
}

function asReferences(kind: ManifestReference["kind"], descriptors: readonly Descriptor[]): readonly ManifestReference[] {
  return descriptors.map((descriptor) => ({ kind, descriptor }));
}

/**
 * Refuses bytes that one reader takes for an image and another for an index (CVE-2021-41190). Go readers match member
 * names without regard to case, so this does too.
 */
function refuseMembers(body: JsonObject, names: readonly string[], what: string): void {
  for (const key of Object.keys(body)) {
    const name = key.length <= 16 ? key.toLowerCase() : key;
    if (names.includes(name)) throw new InvalidManifestError(`${name} must not stand in ${what}`);
  }
}
