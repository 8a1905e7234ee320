import {
  type Annotations,
  type CallOptions,
  type Descriptor,
  EMPTY_JSON_DIGEST,
  type JsonObject,
  MEDIA_TYPES,
  parseDigest,
  type Pusher,
  UnsupportedError,
} from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { checkMediaType } from "./check-media-type.ts";
import { descriptorDocument, formatDocument, plainDescriptor, unlessEmpty, withAnnotations } from "./document.ts";
import { InvalidPackError } from "./errors.ts";
import { type PackPart, pushBytes, pushParts } from "./pack-blob.ts";
import { currentEpoch, formatEpoch, isTimestamp } from "./timestamps.ts";

/** The artifact type that `oras push` gives to what has none. */
export const UNKNOWN_ARTIFACT_TYPE = "application/vnd.unknown.artifact.v1";

/** The config type of image-spec 1.0 for what has none. */
export const UNKNOWN_CONFIG_TYPE = "application/vnd.unknown.config.v1+json";

/** The annotation that says when a manifest was made. */
export const CREATED_ANNOTATION = "org.opencontainers.image.created";

/** What {@link packArtifact} makes a manifest of. */
export interface PackArtifactOptions extends CallOptions {
  /** Of image-spec 1.1: needed, unless the config says what the artifact is. Of 1.0: the media type of the config. */
  readonly artifactType?: string;
  /** Default: the empty config `{}`. */
  readonly config?: PackPart;
  /** Of the descriptor of the empty config; a config that is given has its own. */
  readonly configAnnotations?: Annotations;
  /** Default none: an artifact of 1.1 then names the empty blob as its only layer. */
  readonly layers?: readonly PackPart[];
  /** Of the manifest. `org.opencontainers.image.created` is added unless it is there. */
  readonly annotations?: Annotations;
  /** The manifest that this one is about; it need not exist. Not in 1.0. */
  readonly subject?: Descriptor;
  /** Which rules hold; default `1.1`. */
  readonly imageSpec?: "1.0" | "1.1";
  /** The time that is written when the annotations name none, in seconds since 1970; default now. */
  readonly epoch?: number;
  /** Layers that are pushed at a time; default 3. */
  readonly concurrency?: number;
}

/** The empty config, as the specification has it: with its content. */
const EMPTY: Descriptor = { mediaType: MEDIA_TYPES.ociEmpty, digest: parseDigest(EMPTY_JSON_DIGEST), size: 2, data: "e30=" };
const EMPTY_BYTES = new TextEncoder().encode("{}");

/**
 * Makes an artifact: pushes its config and layers where they are not there yet, and then its manifest, whose bytes are those that oras
 * writes for the same parts. Nothing is pushed when what was asked for breaks the rules.
 *
 * @returns the descriptor of the manifest, with its artifact type and annotations.
 * @throws {InvalidPackError} for media types and times that are none, and an artifact without a type.
 * @throws {UnsupportedError} for a subject in an artifact of image-spec 1.0.
 * @see oras-go, PackManifest; OCI image-spec, manifest.md, "Guidelines for Artifact Usage"
 */
export async function packArtifact(destination: Pusher, options: PackArtifactOptions): Promise<Descriptor> {
  const { artifactType, config: given, subject, signal } = options;
  const isOld = options.imageSpec === "1.0";
  checkParts(options);
  const annotations = withCreated(options);
  const call = signal === undefined ? {} : { signal };

  const empty = isOld ? { ...descriptorOf(artifactType ?? UNKNOWN_CONFIG_TYPE, EMPTY_BYTES) } : EMPTY;
  const fallback = withAnnotations(empty, options.configAnnotations);
  const layers = options.layers ?? [];
  if (given === undefined) await pushBytes(destination, fallback, EMPTY_BYTES, call);
  else if (!isOld && layers.length === 0) await pushBytes(destination, EMPTY, EMPTY_BYTES, call);
  const concurrency = { ...call, concurrency: options.concurrency ?? 3 };
  const [config = fallback] = given === undefined ? [] : await pushParts(destination, [given], concurrency);
  const pushed = await pushParts(destination, layers, concurrency);

  const document: JsonObject = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: isOld ? undefined : artifactType,
    config: descriptorDocument(config),
    layers: (pushed.length === 0 && !isOld ? [EMPTY] : pushed).map(descriptorDocument),
    subject: subject && descriptorDocument(subject),
    annotations: unlessEmpty(annotations),
  };
  const bytes = formatDocument(document);
  const described = descriptorOf(MEDIA_TYPES.ociManifest, bytes);
  await pushBytes(destination, described, bytes, call);
  const type = isOld ? config.mediaType : artifactType;
  return { ...described, annotations, ...(type !== undefined && { artifactType: type }) };
}

/**
 * Makes an artifact that is about another manifest: an SBOM, a signature, a note.
 *
 * @throws {InvalidPackError} when there is neither a layer nor an annotation: nothing would be said about the subject.
 * @see oras, "attach"
 */
export async function attachArtifact(
  destination: Pusher,
  subject: Descriptor,
  options: Omit<PackArtifactOptions, "subject" | "imageSpec">,
): Promise<Descriptor> {
  if (!options.layers?.length && Object.keys(options.annotations ?? {}).length === 0) {
    throw new InvalidPackError("layers", "nothing to attach: expected a layer or an annotation");
  }
  return await packArtifact(destination, { ...options, subject: plainDescriptor(subject) });
}

function checkParts({ artifactType, config, layers = [], subject, imageSpec }: PackArtifactOptions): void {
  if (imageSpec === "1.0" && subject !== undefined) throw new UnsupportedError("name a subject in an artifact of image-spec 1.0");
  if (imageSpec !== "1.0" && artifactType === undefined && (config === undefined || config.mediaType === MEDIA_TYPES.ociEmpty)) {
    throw new InvalidPackError("artifactType", "it is missing, and the config does not say what the artifact is");
  }
  const isUsed = imageSpec !== "1.0" || config === undefined;
  if (artifactType !== undefined && isUsed) checkMediaType("artifactType", artifactType);
  if (config !== undefined) checkMediaType("config.mediaType", config.mediaType);
  for (const [i, layer] of layers.entries()) if ("source" in layer) checkMediaType(`layers[${i}].mediaType`, layer.mediaType);
}

function withCreated({ annotations = {}, epoch }: PackArtifactOptions): Annotations {
  const created = annotations[CREATED_ANNOTATION];
  if (created === undefined) return { ...annotations, [CREATED_ANNOTATION]: formatEpoch(epoch ?? currentEpoch()) };
  if (!isTimestamp(created)) throw new InvalidPackError("annotations", `"${CREATED_ANNOTATION}" is no date and time of RFC 3339`);
  return annotations;
}
