import {
  type CallOptions,
  type Descriptor,
  digestAlgorithm,
  type Fetcher,
  InvalidManifestError,
  isJsonObject,
  type JsonObject,
  MEDIA_TYPES,
  type Pusher,
  readDescriptor,
  UnsupportedError,
} from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { ArtifactError } from "../image/errors.ts";
import { formatDocument, parseDocument, plainDescriptor } from "./document.ts";
import { fetchBytes, MAX_CONFIG_BYTES } from "./fetch-bytes.ts";
import { editMapMember, inManifestOrder, type MapEdits, withMember } from "./member-edits.ts";
import { pushBytes } from "./pack-blob.ts";

/** An image as it is changed: its manifest and its config. */
export interface ImageDocument {
  /** Of the manifest as it was read. */
  readonly descriptor: Descriptor;
  readonly manifest: JsonObject;
  readonly config: JsonObject;
}

const IMAGE_CONFIGS: ReadonlySet<string> = new Set([MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig]);

/** True for an image that can be run, false for artifacts. */
export function hasImageConfig(manifest: JsonObject): boolean {
  return IMAGE_CONFIGS.has(configOf(manifest).mediaType);
}

/** The config that a manifest names. @throws {InvalidManifestError} */
export function configOf(manifest: JsonObject): Descriptor {
  return readDescriptor(manifest["config"], "config");
}

/** The layers that a manifest names, bottom first. @throws {InvalidManifestError} */
export function layersIn(manifest: JsonObject): readonly Descriptor[] {
  const layers = manifest["layers"] ?? [];
  if (!Array.isArray(layers)) throw new InvalidManifestError("layers: expected an array");
  return layers.map((layer, i) => readDescriptor(layer, `layers[${i}]`));
}

/** The layers as they stand in a manifest, with members that a descriptor does not have. Check them with {@link layersIn}. */
export function layerDocuments(manifest: JsonObject): readonly JsonObject[] {
  const layers: readonly unknown[] = Array.isArray(manifest["layers"]) ? manifest["layers"] : [];
  return layers.map((layer) => (isJsonObject(layer) ? layer : {}));
}

/** Reads the config of an image. @throws {UnsupportedError} for an artifact, which has none. */
export async function readImageDocument(
  source: Fetcher,
  descriptor: Descriptor,
  manifest: JsonObject,
  options: CallOptions,
): Promise<ImageDocument> {
  if (!hasImageConfig(manifest)) throw new ArtifactError("change the config of", configOf(manifest).mediaType);
  const config = parseDocument(await fetchBytes(source, configOf(manifest), { ...options, maxBytes: MAX_CONFIG_BYTES }));
  return { descriptor, manifest, config };
}

/** The manifest with the annotations changed. @throws {UnsupportedError} for a Docker manifest, which has none. */
export function annotateManifest(manifest: JsonObject, mediaType: string, annotations: MapEdits | undefined): JsonObject {
  const after = editMapMember(manifest, "annotations", annotations);
  if (after !== manifest && mediaType === MEDIA_TYPES.dockerManifest) {
    throw new UnsupportedError("annotate a Docker manifest", { answer: "only OCI manifests have annotations; convert it first" });
  }
  return after;
}

/**
 * Pushes an image that was changed, its config first; what did not change keeps its digest.
 *
 * @param before the image as it was read.
 */
export async function pushImageDocument(
  destination: Pusher,
  before: ImageDocument,
  after: ImageDocument,
  options: CallOptions,
): Promise<Descriptor> {
  const manifest = after.config === before.config ? after.manifest : await pushConfig(destination, after, options);
  if (manifest === before.manifest) return plainDescriptor(before.descriptor);
  return await pushManifest(destination, before.descriptor, manifest, options);
}

/**
 * Pushes a manifest or index that was changed.
 *
 * @param like media type of the new one; its digest is computed with the algorithm of this one.
 */
export async function pushManifest(
  destination: Pusher,
  like: Pick<Descriptor, "mediaType" | "digest">,
  document: JsonObject,
  options: CallOptions,
): Promise<Descriptor> {
  const bytes = formatDocument(inManifestOrder(document));
  const pushed = descriptorOf(like.mediaType, bytes, digestAlgorithm(like.digest));
  await pushBytes(destination, pushed, bytes, options);
  return pushed;
}

async function pushConfig(destination: Pusher, { manifest, config }: ImageDocument, options: CallOptions): Promise<JsonObject> {
  const { mediaType, digest, data } = configOf(manifest);
  const bytes = formatDocument(config);
  const pushed = descriptorOf(mediaType, bytes, digestAlgorithm(digest));
  await pushBytes(destination, pushed, bytes, options);
  const old = manifest["config"];
  const entry = { ...(isJsonObject(old) ? old : {}), digest: pushed.digest, size: pushed.size };
  return withMember(manifest, "config", data === undefined ? entry : { ...entry, data: Buffer.from(bytes).toString("base64") });
}
