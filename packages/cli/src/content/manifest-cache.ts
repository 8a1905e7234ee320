import type { CallOptions, Descriptor, Digest, Manifest } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { readConfigOf, type ReadConfig } from "./read-config.ts";
import { readDescribed, readManifest, type ReadManifest } from "./read-manifest.ts";

/** Manifests and configs of a place, each read once however many tags lead to it. */
export class ManifestCache {
  readonly #place: Place;
  readonly #call: CallOptions;
  readonly #manifests = new Map<Digest, Promise<ReadManifest>>();
  readonly #configs = new Map<Digest, Promise<ReadConfig | undefined>>();

  constructor(place: Place, call: CallOptions) {
    this.#place = place;
    this.#call = call;
  }

  /** Describes what a tag names: of a registry by one HEAD. @throws {NotFoundError} */
  async resolve(tag: string): Promise<Descriptor> {
    return await this.#place.target.resolve(tag, this.#call);
  }

  /** Reads what a tag names, in one request. @throws {NotFoundError} */
  async readTag(tag: string): Promise<ReadManifest> {
    const found = await readManifest(this.#place, { reference: tag, ...this.#call });
    const { digest } = found.descriptor;
    if (!this.#manifests.has(digest)) this.#manifests.set(digest, Promise.resolve(found));
    return found;
  }

  /** Reads a manifest. @throws {NotFoundError} */
  async read(descriptor: Descriptor): Promise<ReadManifest> {
    const { digest } = descriptor;
    return await once(this.#manifests, digest, async () => await readDescribed(this.#place.target, descriptor, this.#call));
  }

  /** Reads the config of an image. @throws {NotFoundError} */
  async config(manifest: Manifest | undefined): Promise<ReadConfig | undefined> {
    if (manifest?.kind !== "image") return undefined;
    return await once(this.#configs, manifest.config.digest, async () => await readConfigOf(this.#place.target, manifest, this.#call));
  }
}

async function once<T>(known: Map<Digest, Promise<T>>, digest: Digest, read: () => Promise<T>): Promise<T> {
  const found = known.get(digest) ?? read();
  known.set(digest, found);
  return await found;
}
