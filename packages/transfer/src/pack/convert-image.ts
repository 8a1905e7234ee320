import {
  type CallOptions,
  type Descriptor,
  type Fetcher,
  InvalidManifestError,
  isJsonObject,
  type JsonObject,
  type ManifestFamily,
  isSchema1MediaType,
  MEDIA_TYPES,
  platformOfConfig,
  type Pusher,
  UnsupportedError,
} from "@berth/oci";
import { ArtifactError } from "../image/errors.ts";
import { convertSchema1, type Schema1Source } from "./convert-schema1.ts";
import { parseDocument } from "./document.ts";
import { fetchBytes, MAX_CONFIG_BYTES } from "./fetch-bytes.ts";
import { configOf, hasImageConfig, layerDocuments, layersIn, pushManifest } from "./image-document.ts";
import { mediaTypeIn } from "./layer-types.ts";
import { withMember } from "./member-edits.ts";
import { rewriteImages, type RewriteOptions, type Rewriting } from "./rewrite-images.ts";

/** Options of {@link convertImage}. */
export interface ConvertImageOptions extends RewriteOptions {
  /** `oci`: image manifests and indexes of OCI; `docker`: schema 2 and manifest lists. */
  readonly to: ManifestFamily;
}

/**
 * Makes an OCI image of a Docker one or the other way round, or of every image of an index, and pushes it with all that it needs. Config
 * and layers are the same content under the other family's media types, so they keep their digests. Attestations and artifacts in an index
 * stay as they are. An image of schema 1 becomes an OCI image: its signatures are checked, and its config is made of its history.
 *
 * Docker manifests have no annotations: those of the manifest and of an index are left out.
 *
 * @returns the descriptor of the new manifest, which has no tag yet; that of the old one when it is of that family already.
 * @throws {UnsupportedError} for what Docker cannot express: artifacts, manifests with a subject, entries without a platform; and for
 * schema 1 as a goal. @throws {ManifestUnverifiedError} when a signature does not hold. @throws {InvalidManifestError} @throws {NotFoundError}
 */
export async function convertImage(
  source: Fetcher & Schema1Source,
  descriptor: Descriptor,
  destination: Pusher,
  options: ConvertImageOptions,
): Promise<Descriptor> {
  const { to, ...rewriteOptions } = options;
  if (isSchema1MediaType(descriptor.mediaType)) {
    if (to === "docker") throw new UnsupportedError("convert schema 1 to Docker's schema 2 (to OCI it can be)");
    return await convertSchema1(source, descriptor, destination, rewriteOptions);
  }
  const platforms = new Map<string, JsonObject>();
  return await rewriteImages(source, descriptor, destination, rewriteOptions, {
    image: async (rewriting, image, manifest) => await convertOne(rewriting, to, image, manifest, platforms),
    entry: ({ platform }, { mediaType, digest }) => ({
      mediaType,
      ...(platform === undefined && platforms.has(digest) && { platform: platforms.get(digest) }),
    }),
    index: (document, mediaType) => convertIndex(document, mediaType, to),
  });
}

async function convertOne(
  { source, destination, options, copy }: Rewriting,
  to: ManifestFamily,
  { mediaType: before, digest }: Descriptor,
  manifest: JsonObject,
  platforms: Map<string, JsonObject>,
): Promise<Descriptor | undefined> {
  const mediaType = mediaTypeIn(to, before);
  if (mediaType === before) return undefined;
  if (to === "docker") checkDocker(manifest);
  else if (!hasImageConfig(manifest)) throw new ArtifactError("convert", configOf(manifest).mediaType);
  const layers = layersIn(manifest);
  const config = configOf(manifest);
  await copy(config, source);
  for (const layer of layers) await copy(layer, source);
  let after = withMember(manifest, "mediaType", mediaType);
  after = withMember(after, "config", converted(manifest["config"], config, to));
  const documents = layerDocuments(manifest);
  after = withMember(
    after,
    "layers",
    layers.map((layer, at) => converted(documents[at], layer, to)),
  );
  if (to === "docker") after = withMember(after, "annotations", undefined);
  const pushed = await pushManifest(destination, { mediaType, digest }, after, options);
  if (to === "docker") await notePlatform(source, config, pushed, platforms, options);
  return pushed;
}

/** Entries of a manifest list need a platform, those of an index need none. */
async function notePlatform(
  source: Fetcher,
  config: Descriptor,
  pushed: Descriptor,
  platforms: Map<string, JsonObject>,
  options: CallOptions,
): Promise<void> {
  const { signal } = options;
  const document = parseDocument(await fetchBytes(source, config, { ...(signal && { signal }), maxBytes: MAX_CONFIG_BYTES }));
  const platform = platformOfConfig(document);
  if (platform !== undefined) platforms.set(pushed.digest, { ...platform });
}

function converted(document: unknown, { mediaType }: Descriptor, to: ManifestFamily): JsonObject {
  return withMember(isJsonObject(document) ? document : {}, "mediaType", mediaTypeIn(to, mediaType));
}

/** Docker knows neither artifacts nor what refers to others. */
function checkDocker(manifest: JsonObject): void {
  const { mediaType } = configOf(manifest);
  if (!hasImageConfig(manifest)) throw new ArtifactError("make a Docker manifest of", mediaType);
  if (manifest["subject"] !== undefined || manifest["artifactType"] !== undefined) {
    throw new UnsupportedError("make a Docker manifest of one with a subject or an artifact type");
  }
}

function convertIndex(
  document: JsonObject,
  before: string,
  to: ManifestFamily,
): { readonly document: JsonObject; readonly mediaType: string } {
  const mediaType = mediaTypeIn(to, before);
  if (mediaType === before) return { document, mediaType };
  let after = withMember(document, "mediaType", mediaType);
  if (mediaType === MEDIA_TYPES.dockerManifestList) {
    if (document["subject"] !== undefined || document["artifactType"] !== undefined) {
      throw new UnsupportedError("make a Docker manifest list of an index with a subject or an artifact type");
    }
    const entries: unknown = document["manifests"];
    if (!Array.isArray(entries)) throw new InvalidManifestError("manifests: expected an array");
    if (!entries.every((entry) => isJsonObject(entry) && isJsonObject(entry["platform"]))) {
      throw new UnsupportedError("make a Docker manifest list of an index with an entry that has no platform");
    }
    after = withMember(after, "annotations", undefined);
  }
  return { document: after, mediaType };
}
