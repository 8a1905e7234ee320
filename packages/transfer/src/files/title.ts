import type { Descriptor } from "@berth/oci";
import { UnsafeTitleError } from "./errors.ts";

/** The annotation that names a blob of an artifact. @see OCI image-spec, annotations.md */
export const TITLE = "org.opencontainers.image.title";

/** Set to `true` on a blob that is a folder, packed: it is unpacked when it is pulled. @see oras-go, content/file */
export const UNPACK = "io.deis.oras.content.unpack";

/** The digest of such a folder before it was compressed. */
export const UNPACKED_DIGEST = "io.deis.oras.content.digest";

/** File systems hold no longer names. */
const MAX_PART_BYTES = 255;
const MAX_BYTES = 4096;

const CONTROL = /[\u0000-\u001f\u007f]/;
const DRIVE = /^[A-Za-z]:/;
/** What Windows takes for devices, with whatever extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:\.|$)/i;

/**
 * The folders and the file that a title names, below some folder. Titles come from others: what would be another place on any system is
 * refused on all of them, what is no name on Windows is refused there.
 *
 * @throws {UnsafeTitleError}
 */
export function titleParts(title: string, platform: NodeJS.Platform = process.platform): readonly string[] {
  const refuse = (reason: string): never => {
    throw new UnsafeTitleError(title, reason);
  };
  if (CONTROL.test(title)) refuse("it holds control characters");
  if (!title.isWellFormed()) refuse("it is no text");
  if (title.startsWith("/") || title.startsWith("\\")) refuse("it is an absolute path");
  if (DRIVE.test(title)) refuse("it begins with what names a drive on some systems");
  if (title.includes("\\")) refuse("it holds a backslash, which separates folders on some systems");
  if (Buffer.byteLength(title) > MAX_BYTES) refuse("it is too long");
  const parts = title.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0 || title.endsWith("/.")) refuse("it names no file");
  for (const part of parts) {
    if (part === "..") refuse("it leads out of the folder");
    if (Buffer.byteLength(part) > MAX_PART_BYTES) refuse("it is too long");
    if (platform === "win32" && !isWindowsName(part)) refuse("it means something else on this system");
  }
  return parts;
}

/** What tells titles apart on this system: some take upper and lower case for one, or two spellings of a letter. */
export function titleKey(parts: readonly string[], platform: NodeJS.Platform = process.platform): string {
  const key = parts.join("/");
  return platform === "win32" || platform === "darwin" ? key.normalize("NFC").toLowerCase() : key;
}

/** Dots and spaces at the end are dropped there, a colon names a hidden part of a file. */
function isWindowsName(part: string): boolean {
  return !/[<>:"|?*]|[. ]$/.test(part) && !DEVICE.test(part);
}

/** The title of a blob, if it has one. */
export function titleOf({ annotations }: Pick<Descriptor, "annotations">): string | undefined {
  return annotations?.[TITLE] || undefined;
}

/** True for a blob that is a folder, packed. */
export function isPacked({ annotations }: Pick<Descriptor, "annotations">): boolean {
  return annotations?.[UNPACK] === "true";
}
