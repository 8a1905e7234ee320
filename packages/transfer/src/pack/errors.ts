import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** What is on disk cannot go into an archive: a socket, a device, a name that leads out of it, a file that changed while it was read. */
export class UnpackableFileError extends BerthError<"ERR_UNPACKABLE_FILE"> {
  /** As it was given, or as it stands below what was given. */
  readonly path: string;

  constructor(path: string, reason: string, options?: BerthErrorOptions) {
    super("ERR_UNPACKABLE_FILE", `Cannot pack "${path}": ${reason}`, options);
    this.path = path;
  }
}

/** What was asked for makes no manifest: a media type or time that is none, an artifact without a type. */
export class InvalidPackError extends BerthError<"ERR_INVALID_PACK"> {
  /** Which part: `artifactType`, `config.mediaType`, `annotations`. */
  readonly part: string;

  constructor(part: string, reason: string, options?: BerthErrorOptions) {
    super("ERR_INVALID_PACK", `Cannot pack manifest: ${part}: ${reason}`, options);
    this.part = part;
  }
}

/** Annotations, file references or times, as people write them, are malformed. */
export class InvalidPackInputError extends BerthError<"ERR_INVALID_PACK_INPUT"> {
  /** The text, whole; the message may show only its start. */
  readonly input: string;

  constructor(what: string, input: string, reason: string, options?: BerthErrorOptions) {
    super("ERR_INVALID_PACK_INPUT", `Cannot read ${what} "${input.slice(0, 300)}": ${reason}`, options);
    this.input = input;
  }
}

/** The config of an image is no image config, or does not fit the image. */
export class InvalidImageConfigError extends BerthError<"ERR_INVALID_IMAGE_CONFIG"> {
  constructor(reason: string, options?: BerthErrorOptions) {
    super("ERR_INVALID_IMAGE_CONFIG", `Cannot change image config: ${reason}`, options);
  }
}

/** An image does not stand on the base that it was said to stand on. */
export class BaseMismatchError extends BerthError<"ERR_BASE_MISMATCH"> {
  /** Index of the first layer that differs, the lowest being 0; undefined when the image has fewer layers than the base. */
  readonly layer: number | undefined;

  constructor(reason: string, layer?: number) {
    super("ERR_BASE_MISMATCH", `Cannot rebase image: ${reason}`);
    this.layer = layer;
  }
}

/** An edit names an entry that the index does not have. */
export class IndexEntryUnknownError extends BerthError<"ERR_INDEX_ENTRY_UNKNOWN"> {
  /** The digest or platform. */
  readonly wanted: string;

  constructor(wanted: string) {
    super("ERR_INDEX_ENTRY_UNKNOWN", `Cannot change index: it has no entry "${wanted}"`);
    this.wanted = wanted;
  }
}
