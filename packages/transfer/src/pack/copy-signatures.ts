import { isNotFound } from "@berth/client";
import {
  type CallOptions,
  type Descriptor,
  type Fetcher,
  isJsonObject,
  type JsonObject,
  MEDIA_TYPES,
  type ReadOnlyTarget,
  type ReferrerLister,
  referrersTag,
  type Target,
} from "@berth/oci";
import { descriptorOf, fetchByDigest } from "@berth/oci/node";
import { callOf } from "../call-of.ts";
import { isReferrerLister, isResolver } from "../copy/abilities.ts";
import { contentCopier, type EditOptions } from "./copy-content.ts";
import { formatDocument, parseDocument, plainDescriptor } from "./document.ts";
import { fetchBytes, MAX_CONFIG_BYTES } from "./fetch-bytes.ts";
import { configOf, layerDocuments, layersIn, pushManifest } from "./image-document.ts";
import { withMember } from "./member-edits.ts";
import { pushBytes } from "./pack-blob.ts";

/** How signatures of cosign are kept: as referrers of the image, or under the tag of its digest, `sha256-<hex>.sig`. */
export type SignatureStyle = "referrers" | "tags";

/** What cosign calls a signature that refers to its image. */
const SIGNATURE_TYPE = "application/vnd.dev.cosign.artifact.sig.v1+json";
/** What is signed, and stands in a layer. */
const PAYLOAD_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json";

/**
 * Copies the signatures of a manifest that cosign keeps in the one form, in the other form. What was signed stays byte for byte, so that
 * signatures stay good; only the manifest around them is another one. Bundles (`application/vnd.dev.sigstore.bundle...`) and attestations
 * have no other form, and are left alone, and so is what stands under such a tag and is none of cosign's.
 *
 * @param style the form that they get.
 * @returns the manifests that hold them at the destination; none when there are no signatures in the other form.
 * @see cosign, `--registry-referrers-mode`
 */
export async function copySignatures(
  source: ReadOnlyTarget & Partial<ReferrerLister>,
  subject: Descriptor,
  destination: Target,
  style: SignatureStyle,
  options: EditOptions = {},
): Promise<readonly Descriptor[]> {
  const copying = { source, subject, destination, options };
  return style === "referrers" ? await toReferrer(copying) : await toTag(copying);
}

interface Copying {
  readonly source: ReadOnlyTarget & Partial<ReferrerLister>;
  readonly subject: Descriptor;
  readonly destination: Target;
  readonly options: EditOptions;
}

async function toReferrer({ source, subject, destination, options }: Copying): Promise<readonly Descriptor[]> {
  const found = await underTag(source, subject, options);
  if (found === undefined) return [];
  const copy = contentCopier(destination, options);
  for (const blob of [configOf(found.manifest), ...layersIn(found.manifest)]) await copy(asBlob(blob), source);
  const config = { ...plainDescriptor(configOf(found.manifest)), mediaType: SIGNATURE_TYPE };
  const manifest = withMember(withMember(found.manifest, "config", config), "subject", plainDescriptor(subject));
  return [await pushManifest(destination, { ...found.descriptor, mediaType: MEDIA_TYPES.ociManifest }, manifest, callOf(options))];
}

/** Cosign keeps all signatures of an image in one manifest: those that stand there stay. */
async function toTag({ source, subject, destination, options }: Copying): Promise<readonly Descriptor[]> {
  if (!isReferrerLister(source)) return [];
  const call = callOf(options);
  const copy = contentCopier(destination, options);
  const there = isResolver(destination) ? await underTag(destination, subject, options) : undefined;
  const layers: JsonObject[] = there === undefined ? [] : [...layerDocuments(there.manifest)];
  let config: JsonObject | undefined;
  for await (const referrer of source.referrers(subject, { ...call, artifactType: SIGNATURE_TYPE })) {
    const manifest = await signatureManifest(source, referrer, call);
    if (manifest === undefined) continue;
    config ??= parseDocument(await fetchBytes(source, asBlob(configOf(manifest)), { ...call, maxBytes: MAX_CONFIG_BYTES }));
    for (const blob of layersIn(manifest)) await copy(asBlob(blob), source);
    const known = new Set(layers.map((layer) => JSON.stringify(layer)));
    layers.push(...layerDocuments(manifest).filter((layer) => !known.has(JSON.stringify(layer))));
  }
  if (config === undefined) return [];
  const blob = formatDocument(configFor(config, layers));
  const configDescriptor = descriptorOf(MEDIA_TYPES.ociConfig, blob);
  await pushBytes(destination, configDescriptor, blob, call);
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: configDescriptor, layers };
  const pushed = await pushManifest(destination, { ...subject, mediaType: MEDIA_TYPES.ociManifest }, manifest, call);
  await destination.tag(pushed, signatureTag(subject), call);
  return [pushed];
}

/** The config around so many signatures: nothing of it is signed, but its lists are as long as the layers. */
function configFor(config: JsonObject, layers: readonly JsonObject[]): JsonObject {
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) }; // they are not compressed
  return withMember(withMember(config, "rootfs", rootfs), "history", undefined);
}

function signatureTag({ digest }: Descriptor): string {
  return `${referrersTag(digest)}.sig`;
}

interface Signatures {
  readonly descriptor: Descriptor;
  readonly manifest: JsonObject;
}

async function underTag(
  source: Pick<ReadOnlyTarget, "fetch" | "resolve">,
  subject: Descriptor,
  options: EditOptions,
): Promise<Signatures | undefined> {
  const call = callOf(options);
  let descriptor: Descriptor;
  try {
    descriptor = await source.resolve(signatureTag(subject), call);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  const manifest = await signatureManifest(source, descriptor, call);
  return manifest && { descriptor, manifest };
}

/** A manifest that holds nothing but signatures; undefined for all others. */
async function signatureManifest(source: Fetcher, descriptor: Descriptor, call: CallOptions): Promise<JsonObject | undefined> {
  if (descriptor.mediaType !== MEDIA_TYPES.ociManifest && descriptor.mediaType !== MEDIA_TYPES.dockerManifest) return undefined;
  const manifest = parseDocument((await fetchByDigest(source, descriptor, call)).bytes);
  if (!isJsonObject(manifest["config"])) return undefined;
  const layers = layersIn(manifest);
  return layers.length > 0 && layers.every(({ mediaType }) => mediaType === PAYLOAD_TYPE) ? manifest : undefined;
}

/** A blob whatever it calls itself. */
function asBlob(descriptor: Descriptor): Descriptor {
  return { ...plainDescriptor(descriptor), mediaType: MEDIA_TYPES.octetStream };
}
