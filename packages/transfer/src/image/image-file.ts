import type { Digest } from "@berth/oci";
import type { ImageLayer } from "./read-image.ts";
import type { TarEntry, TarEntryType } from "./tar-entry.ts";

/** A file, folder, link or device of an image. Its owners are numbers: `uid` and `gid`. */
export interface ImageFile {
  /** Relative to the root of the image, which is the empty path itself. */
  readonly path: string;
  readonly type: TarEntryType;
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 unless it is a file. */
  readonly size: number;
  readonly modifiedAt: Date;
  /** Of a symlink as it stands there; of a hard link the path of the file. */
  readonly linkTarget?: string;
  /** The layer that it comes from. */
  readonly layer: {
    /** 0 is the base layer. */
    readonly index: number;
    readonly digest: Digest;
  };
}

/** Describes an entry of a layer. */
export function describeFile(entry: TarEntry, { index, descriptor }: ImageLayer): ImageFile {
  const { path, type, mode, uid, gid, size, mtime, linkTarget } = entry;
  return {
    path,
    type,
    mode,
    uid,
    gid,
    size,
    modifiedAt: new Date(mtime * 1000),
    ...(linkTarget !== "" && { linkTarget }),
    layer: { index, digest: descriptor.digest },
  };
}
