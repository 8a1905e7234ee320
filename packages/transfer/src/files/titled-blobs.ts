import { type Descriptor, isManifestMediaType } from "@berth/oci";
import { UnsafeTitleError } from "./errors.ts";
import { isPacked, titleKey, titleOf, titleParts } from "./title.ts";

/** A blob that is to become a file or folder. */
export interface TitledBlob {
  readonly blob: Descriptor;
  readonly digest: string;
  readonly title: string;
  /** Folders on the way, and the name. */
  readonly parts: readonly string[];
  /** See {@link titleKey}. */
  readonly key: string;
}

/** Those of an artifact's blobs that have a title. @throws {UnsafeTitleError} */
export function titledBlobs(blobs: readonly Descriptor[]): readonly TitledBlob[] {
  return blobs.flatMap((blob) => {
    const title = titleOf(blob);
    if (title === undefined || isManifestMediaType(blob.mediaType)) return [];
    const parts = titleParts(title);
    return [{ blob, digest: blob.digest, title, parts, key: titleKey(parts) }];
  });
}

/** Checks that no file stands where another one needs a folder. @throws {UnsafeTitleError} */
export function checkNesting(blobs: readonly TitledBlob[]): void {
  const files = new Set(blobs.filter(({ blob }) => !isPacked(blob)).map(({ key }) => key));
  for (const { title, parts } of blobs) {
    const above = parts.slice(0, -1).findIndex((_, at) => files.has(titleKey(parts.slice(0, at + 1))));
    if (above >= 0) throw new UnsafeTitleError(title, `"${parts[above]}" is no folder`);
  }
}
