import { BerthError, type BerthErrorOptions, UnsupportedError } from "@berth/oci";

/** An artifact was given where an image is wanted: it has files of its own, not a file system in layers. */
export class ArtifactError extends UnsupportedError {
  /** Of its config. */
  readonly mediaType: string;
  readonly isArtifact = true;

  /** @param what fits between "Cannot" and "an artifact": `read layers of`. */
  constructor(what: string, mediaType: string) {
    const type = mediaType.slice(0, 255);
    super(`${what} an artifact of type "${type}"`, { answer: "it is no image" });
    this.mediaType = type;
  }
}

/** The layers of a manifest are not those that its config names: their number, their order or their content differs. */
export class RootfsMismatchError extends BerthError<"ERR_ROOTFS_MISMATCH"> {
  /** Index of the layer that differs, the base layer being 0; undefined when their numbers differ. */
  readonly layer: number | undefined;

  constructor(reason: string, { layer, ...options }: BerthErrorOptions & { readonly layer?: number } = {}) {
    super("ERR_ROOTFS_MISMATCH", `Cannot accept image: layers do not match the config: ${reason}`, options);
    this.layer = layer;
  }
}

/** A layer is no tar archive, is damaged, or cut short. */
export class InvalidLayerError extends BerthError<"ERR_INVALID_LAYER"> {
  constructor(reason: string, options?: BerthErrorOptions) {
    super("ERR_INVALID_LAYER", `Cannot read layer: ${reason}`, options);
  }
}

/** An entry of an archive leads out of the folder that it is for, or stands in the way of another. */
export class UnsafeEntryError extends BerthError<"ERR_UNSAFE_ENTRY"> {
  /** As it stands in the archive. */
  readonly path: string;

  constructor(path: string, reason: string, options?: BerthErrorOptions) {
    super("ERR_UNSAFE_ENTRY", `Cannot unpack "${printable(path)}": ${reason}`, options);
    this.path = path;
  }
}

/** What is wrong with a path within an image. */
export type ImagePathErrorCode =
  | "ERR_IMAGE_PATH_NOT_FOUND"
  | "ERR_IMAGE_PATH_IS_FOLDER"
  | "ERR_IMAGE_PATH_NOT_FILE"
  | "ERR_IMAGE_PATH_LOOP";

/** A path within an image leads to no file. */
export class ImagePathError extends BerthError<ImagePathErrorCode> {
  /** As it was asked for. */
  readonly path: string;

  constructor(code: ImagePathErrorCode, path: string, reason: string) {
    super(code, `Cannot read "${printable(path)}" from the image: ${reason}`);
    this.path = path;
  }
}

/** A folder to unpack into has content already. */
export class FolderNotEmptyError extends BerthError<"ERR_FOLDER_NOT_EMPTY"> {
  /** As it was given. */
  readonly folder: string;

  constructor(folder: string) {
    super("ERR_FOLDER_NOT_EMPTY", `Cannot unpack into "${folder}": it is not empty`);
    this.folder = folder;
  }
}

/** Keeps names that others chose from flooding messages, and control characters from reaching a terminal. */
export function printable(name: string): string {
  const plain = name.replace(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/g, "?");
  return plain.length <= 300 ? plain : `${plain.slice(0, 300)}...`;
}
