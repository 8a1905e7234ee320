import {
  type Annotations,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Fetcher,
  type ImageManifest,
  isJsonObject,
  type Platform,
  platformOfConfig,
  UnsupportedError,
} from "@berth/oci";
import { fetchByDigest } from "@berth/oci/node";
import { plainDescriptor } from "./document.ts";
import { fetchBytes, MAX_CONFIG_BYTES } from "./fetch-bytes.ts";
import { annotated } from "./index-edits.ts";

/** A manifest that is to become an entry of an index. */
export interface IndexAddition {
  readonly descriptor: Descriptor;
  /** Where it is; default: where the index goes. */
  readonly from?: Fetcher;
  /** Default: what the image's config says. */
  readonly platform?: Platform;
  /** Of the entry. */
  readonly annotations?: Annotations;
  /** Of an index: adds its entries, as they are, and not the index itself. Default false. */
  readonly flatten?: boolean;
}

/**
 * The entries that an addition makes: media type, digest and size, the artifact type of the manifest, and of an image the platform.
 *
 * @throws {NotFoundError} @throws {InvalidManifestError} @throws {UnsupportedError} for what cannot stand in an index.
 */
export async function describeEntries(source: Fetcher, addition: IndexAddition, options: CallOptions): Promise<readonly Descriptor[]> {
  const { platform, annotations, flatten = false } = addition;
  const { descriptor, bytes } = await fetchByDigest(source, addition.descriptor, options);
  const manifest = decodeManifest(bytes, descriptor.mediaType);
  if (manifest.kind === "schema1" || manifest.kind === "other") {
    throw new UnsupportedError(`put content of type "${descriptor.mediaType}" into an index`);
  }
  if (flatten && manifest.kind === "index") return manifest.manifests.map((entry) => annotated(entry, annotations));
  const found = platform ?? (manifest.kind === "image" ? await readPlatform(source, manifest, options) : undefined);
  const { artifactType } = manifest;
  const entry = { ...plainDescriptor(descriptor), ...(found && { platform: found }), ...(artifactType !== undefined && { artifactType }) };
  return [annotated(entry, annotations)];
}

/** The platform of an image; the config of an artifact may be anything, and names none. */
async function readPlatform(source: Fetcher, { config }: ImageManifest, options: CallOptions): Promise<Platform | undefined> {
  if (!config.mediaType.endsWith("json") || config.size > MAX_CONFIG_BYTES) return undefined;
  const body = parseJson(await fetchBytes(source, config, { ...options, maxBytes: MAX_CONFIG_BYTES }));
  const platform = isJsonObject(body) ? platformOfConfig(body) : undefined;
  return platform === undefined || (platform.architecture === "" && platform.os === "") ? undefined : platform;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined; // the config of an artifact may be anything
  }
}
