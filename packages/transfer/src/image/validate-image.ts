import {
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Fetcher,
  type ImageManifest,
  isForeignLayerMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  LimitExceededError,
  NotFoundError,
  SchemaV1UnsupportedError,
} from "@berth/oci";
import { createVerifier, fetchByDigest, readAllVerified } from "@berth/oci/node";
import { readImageConfig } from "./image-config.ts";
import { layerCompression } from "./layer-compression.ts";
import { LayerBudget, type LayerLimits } from "./layer-limits.ts";
import { type ImageLayer, isImageConfigMediaType, matchLayers, MAX_CONFIG_BYTES } from "./read-image.ts";
import { readLayerArchive } from "./read-layer.ts";

/** Options of {@link validateImage}. */
export interface ValidateImageOptions extends CallOptions {
  /**
   * How much is read: `presence` opens every blob, `digests` reads them all, `layers` also decompresses the layers of images and compares
   * them with the config. Default `layers`.
   */
  readonly depth?: "presence" | "digests" | "layers";
  /** Of each image. */
  readonly limits?: LayerLimits;
  /** Problems that are kept; default 1,000. The check stops there. */
  readonly maxProblems?: number;
  /** Manifests and blobs that are looked at; default 100,000. That there are more is a problem as well. */
  readonly maxNodes?: number;
}

/** Something that is wrong with a graph. */
export interface ImageProblem {
  /** Way from the root, such as `manifests[1].layers[0]`; empty for the root itself. */
  readonly path: string;
  readonly descriptor: Descriptor;
  readonly error: Error;
}

/** What {@link validateImage} found. */
export interface ImageReport {
  /** True when there is no problem. */
  readonly ok: boolean;
  readonly problems: readonly ImageProblem[];
  /** Manifests and indexes that were read. */
  readonly manifests: number;
  /** Configs, layers and other blobs that were looked at. */
  readonly blobs: number;
  /** Foreign layers that are kept elsewhere, which is no problem. */
  readonly foreign: number;
}

/** Indexes within indexes, at most. */
const MAX_DEPTH = 16;
/** Manifests and blobs, at most, unless told otherwise. */
const MAX_NODES = 100_000;

/**
 * Checks all that belongs to a manifest or index, of images and artifacts alike: everything is there, has its digest and size, and the layers
 * of images are those that their configs name. It does not end with the first problem. A subject need not be there and is not looked at.
 *
 * @throws only what stops it: the signal's reason.
 */
export async function validateImage(source: Fetcher, root: Descriptor, options: ValidateImageOptions = {}): Promise<ImageReport> {
  const validation = new Validation(source, options);
  await validation.manifest(root, "", 0);
  const { problems, manifests, blobs, foreign } = validation;
  return { ok: problems.length === 0, problems, manifests, blobs, foreign };
}

class Validation {
  readonly #source: Fetcher;
  readonly #options: ValidateImageOptions;
  readonly #call: CallOptions;
  readonly #seen = new Set<string>();
  /** There was more than may be looked at. */
  #isOver = false;
  readonly problems: ImageProblem[] = [];
  manifests = 0;
  blobs = 0;
  foreign = 0;

  constructor(source: Fetcher, options: ValidateImageOptions) {
    this.#source = source;
    this.#options = options;
    this.#call = options.signal === undefined ? {} : { signal: options.signal };
  }

  async manifest(descriptor: Descriptor, path: string, depth: number): Promise<void> {
    if (!this.#isNew(descriptor, path)) return;
    this.manifests++;
    await this.#attempt(descriptor, path, async () => {
      if (depth > MAX_DEPTH) throw new LimitExceededError({ what: "index within indexes", limit: MAX_DEPTH });
      if (isSchema1MediaType(descriptor.mediaType)) throw new SchemaV1UnsupportedError(); // its digest is not that of its bytes
      const manifest = decodeManifest(await this.#read(descriptor, depth), descriptor.mediaType);
      if (manifest.kind === "image" && isImageConfigMediaType(manifest.configMediaType)) return await this.#image(manifest, path);
      for (const [name, child] of childrenOf(manifest.references)) {
        if (isManifestMediaType(child.mediaType)) await this.manifest(child, join(path, name), depth + 1);
        else await this.#blob(child, join(path, name));
      }
    });
  }

  /** What nothing stands above was told by the source; what an index says of its entries is held against them. */
  async #read(descriptor: Descriptor, depth: number): Promise<Uint8Array> {
    if (depth === 0) return (await fetchByDigest(this.#source, descriptor, this.#call)).bytes;
    return await readAllVerified(await this.#source.fetch(descriptor, this.#call), descriptor, this.#call);
  }

  async #image(manifest: ImageManifest, path: string): Promise<void> {
    let layers: readonly ImageLayer[] = [];
    this.blobs++;
    await this.#attempt(manifest.config, join(path, "config"), async () => {
      const options = { ...this.#call, maxBytes: MAX_CONFIG_BYTES };
      const bytes = await readAllVerified(await this.#source.fetch(manifest.config, this.#call), manifest.config, options);
      layers = matchLayers(manifest, readImageConfig(bytes));
    });
    const budget = new LayerBudget(this.#options.limits);
    for (const [at, descriptor] of manifest.layers.entries()) {
      const layer = layers[at];
      const where = join(path, `layers[${at}]`);
      if (layer === undefined || this.#depth !== "layers" || layerCompression(descriptor.mediaType) === undefined) {
        await this.#blob(descriptor, where);
      } else if (this.#isNew(descriptor, where, `${descriptor.digest} ${layer.diffId}`)) {
        this.blobs++;
        await this.#attempt(descriptor, where, async () => {
          for await (const _ of readLayerArchive(this.#source, layer, { ...this.#call, budget }));
        });
      }
    }
  }

  async #blob(descriptor: Descriptor, path: string): Promise<void> {
    if (!this.#isNew(descriptor, path)) return;
    this.blobs++;
    await this.#attempt(descriptor, path, async () => {
      const stream = await this.#source.fetch(descriptor, this.#call);
      if (this.#depth === "presence") {
        stream.destroy();
        return;
      }
      const verifier = createVerifier(descriptor);
      for await (const chunk of stream) {
        this.#options.signal?.throwIfAborted();
        verifier.update(chunk);
      }
      verifier.verify();
    });
  }

  get #depth(): "presence" | "digests" | "layers" {
    return this.#options.depth ?? "layers";
  }

  #isNew(descriptor: Descriptor, path: string, key: string = descriptor.digest): boolean {
    const { maxProblems = 1000, maxNodes = MAX_NODES } = this.#options;
    if (this.#isOver || this.problems.length >= maxProblems || this.#seen.has(key)) return false;
    this.#isOver = this.#seen.size >= maxNodes;
    if (this.#isOver)
      this.problems.push({ path, descriptor, error: new LimitExceededError({ what: "graph of more nodes", limit: maxNodes }) });
    else this.#seen.add(key);
    return !this.#isOver;
  }

  async #attempt(descriptor: Descriptor, path: string, check: () => Promise<void>): Promise<void> {
    try {
      await check();
    } catch (cause) {
      this.#options.signal?.throwIfAborted();
      if (cause instanceof NotFoundError && isForeignLayerMediaType(descriptor.mediaType)) {
        this.foreign++;
        return;
      }
      const error = cause instanceof Error ? cause : new Error("Cannot read content", { cause });
      this.problems.push({ path, descriptor, error });
    }
  }
}

/** What a manifest points at, with its place. */
function childrenOf(
  references: readonly { readonly kind: "config" | "layer" | "child" | "blob"; readonly descriptor: Descriptor }[],
): readonly (readonly [name: string, descriptor: Descriptor])[] {
  const names = { config: "config", layer: "layers", child: "manifests", blob: "blobs" };
  const counts = new Map<string, number>();
  return references.map(({ kind, descriptor }) => {
    const at = counts.get(kind) ?? 0;
    counts.set(kind, at + 1);
    return [kind === "config" ? names.config : `${names[kind]}[${at}]`, descriptor] as const;
  });
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
