import { InvalidPackInputError } from "./errors.ts";

/** A file to pack, and what it is. */
export interface FileReference {
  readonly path: string;
  /** Undefined when none was given. */
  readonly mediaType: string | undefined;
}

/**
 * Reads `path:type`: what stands behind the last colon is the media type. A path with a colon needs one more at its end (`a:b:`), which
 * means the default type. `C:\file` is a path alone.
 *
 * @throws {InvalidPackInputError} when the path is empty. @see oras, "push"
 */
export function parseFileReference(text: string): FileReference {
  const colon = text.lastIndexOf(":");
  const isDrive = colon === 1 && text.length > 2 && /^[A-Za-z]:\\/.test(text);
  const path = colon < 0 || isDrive ? text : text.slice(0, colon);
  const mediaType = colon < 0 || isDrive ? "" : text.slice(colon + 1);
  if (path === "") throw new InvalidPackInputError("file", text, "the path is empty");
  return { path, mediaType: mediaType === "" ? undefined : mediaType };
}
