import { InvalidPackInputError } from "./errors.ts";

/** A file to pack, and what it is. */
export interface FileReference {
  readonly path: string;
  /** Undefined when none was given. */
  readonly mediaType: string | undefined;
}

/**
 * Reads `path:type`: what stands behind the last colon is the media type if it has a slash, as all media types do; otherwise it belongs to
 * the path (`12:30.log`). A path with a colon and a slash behind it needs one more at its end (`a:b/c:`), which means the default type.
 *
 * @throws {InvalidPackInputError} when the path is empty. @see oras, "push"
 */
export function parseFileReference(text: string): FileReference {
  const colon = text.lastIndexOf(":");
  const behind = colon < 0 ? "" : text.slice(colon + 1);
  const isPath = behind !== "" && !behind.includes("/");
  const path = colon < 0 || isPath ? text : text.slice(0, colon);
  const mediaType = isPath ? "" : behind;
  if (path === "") throw new InvalidPackInputError("file", text, "the path is empty");
  return { path, mediaType: mediaType === "" ? undefined : mediaType };
}
