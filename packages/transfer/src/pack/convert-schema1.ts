import {
  type ByteSource,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Digest,
  digestAlgorithm,
  DigestMismatchError,
  type Fetcher,
  InvalidManifestError,
  isJsonObject,
  type JsonObject,
  layersOf,
  LimitExceededError,
  MEDIA_TYPES,
  parseJsonObject,
  type Pusher,
  type Schema1Manifest,
  UnsupportedError,
  verifySchema1,
} from "@berth/oci";
import { createVerifier, descriptorOf, digestOf } from "@berth/oci/node";
import { openLayer } from "../image/layer.ts";
import { LayerBudget } from "../image/layer-limits.ts";
import { contentCopier, type EditOptions } from "./copy-content.ts";
import { descriptorDocument, formatDocument } from "./document.ts";
import { pushBytes } from "./pack-blob.ts";

/** A source of schema 1 images: their manifests name no sizes, so it must tell them. A repository and an OCI layout do. */
export interface Schema1Source {
  /** Goes before `stat`. */
  readonly blobs?: { stat(digest: Digest, options?: CallOptions): Promise<Descriptor> };
  /** The size counts. @throws {NotFoundError} */
  stat?(digest: Digest, options?: CallOptions): Promise<Descriptor>;
}

/** Bytes of a manifest, at most. */
const MAX_MANIFEST_BYTES = 4_194_304;

/**
 * Makes an OCI image of one of schema 1, the way Docker did when it pulled one: the config is that of the top layer, with the diffIDs, which
 * are computed, and a history of all of them.
 *
 * @throws {ManifestUnverifiedError} when a signature does not hold. @throws {DigestMismatchError}
 * @throws {InvalidManifestError} when layers do not stand on each other. @throws {UnsupportedError} when the source tells no sizes.
 * @see docker 1.10, distribution/pull_v2.go, "pullSchema1"; image/v1/imagev1.go, "MakeConfigFromV1Config"
 */
export async function convertSchema1(
  source: Fetcher & Schema1Source,
  descriptor: Descriptor,
  destination: Pusher,
  options: EditOptions,
): Promise<Descriptor> {
  const call = options.signal === undefined ? {} : { signal: options.signal };
  const steps = stepsOf(await readSchema1(source, descriptor, call));
  const budget = new LayerBudget();
  const copy = contentCopier(destination, options);
  const known = new Map<string, Layer>();
  const layers: Layer[] = [];
  for (const { digest, isEmpty } of steps) {
    if (isEmpty) continue;
    const layer = known.get(digest) ?? (await readLayer(source, digest, budget, call));
    known.set(digest, layer);
    layers.push(layer);
    await copy(layer.descriptor, source);
  }
  const config = formatDocument(configOf(steps, layers));
  const described = descriptorOf(MEDIA_TYPES.ociConfig, config, digestAlgorithm(descriptor.digest));
  await pushBytes(destination, described, config, call);
  const manifest = formatDocument({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: descriptorDocument(described),
    layers: layers.map((layer) => descriptorDocument(layer.descriptor)),
  });
  const pushed = descriptorOf(MEDIA_TYPES.ociManifest, manifest, digestAlgorithm(descriptor.digest));
  await pushBytes(destination, pushed, manifest, call);
  return pushed;
}

/** The digest of a schema 1 manifest is that of the part that its signatures cover; only that part is read. */
async function readSchema1(source: Fetcher, descriptor: Descriptor, call: CallOptions): Promise<Schema1Manifest> {
  const { mediaType, digest } = descriptor;
  const bytes = await readBounded(await source.fetch(descriptor, call));
  const isSigned = decodeSchema1(bytes, mediaType).signed;
  const payload = isSigned ? (await verifySchema1(bytes)).payload : bytes;
  const actual = digestOf(payload, digestAlgorithm(digest));
  if (actual !== digest && digestOf(bytes, digestAlgorithm(digest)) !== digest) throw new DigestMismatchError({ expected: digest, actual });
  return decodeSchema1(payload, MEDIA_TYPES.dockerSchema1);
}

function decodeSchema1(bytes: Uint8Array, mediaType: string): Schema1Manifest {
  const manifest = decodeManifest(bytes, mediaType);
  if (manifest.kind !== "schema1") throw new InvalidManifestError("expected a schema 1 manifest");
  return manifest;
}

async function readBounded(content: ByteSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.byteLength;
    if (size > MAX_MANIFEST_BYTES) throw new LimitExceededError({ what: "manifest of more bytes", limit: MAX_MANIFEST_BYTES });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A layer, and the config of the image that ended with it. */
interface Step {
  readonly digest: Digest;
  readonly config: JsonObject;
  /** The step changed no file: its layer is none. */
  readonly isEmpty: boolean;
}

/** The base first; a layer that is there twice in a row counts once. */
function stepsOf(manifest: Schema1Manifest): readonly Step[] {
  const configs = manifest.history.toReversed().map((text) => parseJsonObject(new TextEncoder().encode(text)));
  const steps: Step[] = [];
  for (const [at, { digest }] of layersOf(manifest).entries()) {
    const config = configs[at] ?? {};
    const below = steps.at(-1)?.config;
    if (textOf(config["id"]) === undefined) throw new InvalidManifestError(`history: layer ${at} has no id`); // two of them would seem one
    if (below !== undefined && config["id"] === below["id"]) continue;
    const parent = config["parent"] ?? "";
    const expected = below === undefined ? "" : below["id"];
    if (parent !== expected) throw new InvalidManifestError(`history: layer ${at} does not stand on the one below`);
    steps.push({ digest, config, isEmpty: config["throwaway"] === true });
  }
  if (steps.length === 0) throw new InvalidManifestError("history: there is no layer");
  return steps;
}

interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

async function readLayer(source: Fetcher & Schema1Source, digest: Digest, limits: LayerBudget, call: CallOptions): Promise<Layer> {
  const stated = await (source.blobs?.stat(digest, call) ?? source.stat?.(digest, call));
  if (stated === undefined) throw new UnsupportedError("convert schema 1 from a source that tells no sizes");
  const descriptor: Descriptor = { mediaType: MEDIA_TYPES.ociLayerGzip, digest, size: stated.size };
  const verifier = createVerifier(descriptor);
  const content = await source.fetch(descriptor, call);
  const opened = openLayer(verified(), descriptor.mediaType, { ...call, limits });
  for await (const _ of opened);
  return { descriptor, diffId: opened.diffId };

  async function* verified(): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      verifier.update(chunk);
      yield chunk;
    }
    verifier.verify();
  }
}

/** Members that only schema 1 has. */
const OLD_MEMBERS: ReadonlySet<string> = new Set(["id", "parent", "Size", "parent_id", "layer_id", "throwaway"]);

function configOf(steps: readonly Step[], layers: readonly Layer[]): JsonObject {
  const top = steps.at(-1)?.config ?? {};
  const kept = Object.entries(top).filter(([name]) => !OLD_MEMBERS.has(name));
  return {
    ...Object.fromEntries(kept),
    architecture: textOf(top["architecture"]) ?? "amd64",
    os: textOf(top["os"]) ?? "linux",
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: steps.map(historyEntry),
  };
}

function historyEntry({ config, isEmpty }: Step): JsonObject {
  const container = isJsonObject(config["container_config"]) ? config["container_config"] : {};
  const cmd: unknown = container["Cmd"];
  return {
    created: textOf(config["created"]),
    author: textOf(config["author"]),
    created_by: Array.isArray(cmd) ? cmd.join(" ") : undefined,
    comment: textOf(config["comment"]),
    empty_layer: isEmpty ? true : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
