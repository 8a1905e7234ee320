import { MANIFEST_MEDIA_TYPES, parseMediaType } from "../media-types.ts";
import { InvalidManifestError } from "../errors.ts";
import { decodeManifest } from "./decode.ts";
import type { Manifest } from "./manifest.ts";

/** Decodes the bytes of one media type. @throws {InvalidManifestError} */
export type ManifestDecoder = (bytes: Uint8Array, mediaType: string) => Manifest;

/** Which manifest media types are understood, and how. Every user makes one: there is no shared list. */
export class ManifestSchemas {
  readonly #decoders = new Map<string, ManifestDecoder>();

  /**
   * Adds a media type; "" stands for every type that is not added.
   *
   * @throws {TypeError} when it was added before.
   */
  register(mediaType: string, decoder: ManifestDecoder): void {
    if (this.#decoders.has(mediaType)) throw new TypeError(`Cannot register manifest schema "${mediaType}": it exists`);
    this.#decoders.set(mediaType, decoder);
  }

  /** The media types added, without "". */
  mediaTypes(): readonly string[] {
    return [...this.#decoders.keys()].filter((mediaType) => mediaType !== "");
  }

  /**
   * Decodes by `Content-Type`, whose parameters do not count.
   *
   * @throws {InvalidManifestError} when no decoder fits, or by the decoder.
   */
  unmarshal(contentType: string, bytes: Uint8Array): Manifest {
    const mediaType = contentType === "" ? "" : parseMediaType(contentType);
    const decoder = (mediaType === undefined ? undefined : this.#decoders.get(mediaType)) ?? this.#decoders.get("");
    if (decoder === undefined) throw new InvalidManifestError(`unsupported media type "${(mediaType ?? contentType).slice(0, 255)}"`);
    return decoder(bytes, mediaType ?? "");
  }
}

/** Schemas with every type of `MANIFEST_MEDIA_TYPES`, and with "" telling the type by the content. */
export function createManifestSchemas(): ManifestSchemas {
  const schemas = new ManifestSchemas();
  for (const mediaType of MANIFEST_MEDIA_TYPES) schemas.register(mediaType, (bytes) => decodeManifest(bytes, mediaType));
  schemas.register("", (bytes, mediaType) => decodeManifest(bytes, mediaType === "" ? undefined : mediaType));
  return schemas;
}
