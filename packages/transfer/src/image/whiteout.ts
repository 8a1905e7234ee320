import { UnsafeEntryError } from "./errors.ts";
import { baseName, childOf, parentOf } from "./tar-path.ts";

/** What an entry with a reserved name says about the layers below. */
export type Whiteout =
  /** What they have at `path` is gone. */
  | { readonly kind: "removed"; readonly path: string }
  /** What they have within the folder `path` is gone, the folder itself is not. */
  | { readonly kind: "opaque"; readonly path: string }
  /** Notes of AUFS, which mean nothing any more. */
  | { readonly kind: "ignored" };

const PREFIX = ".wh.";
const OPAQUE = ".wh..wh..opq";
const NOTES = ".wh..wh.";

/**
 * Reads the path of an entry as a whiteout; undefined when it is none.
 *
 * @throws {UnsafeEntryError} when it says to remove its own folder or the one above, or lies within a whiteout.
 * @see OCI image-spec, layer.md, "Whiteouts"
 */
export function readWhiteout(path: string): Whiteout | undefined {
  if (!path.includes(PREFIX)) return undefined;
  const name = baseName(path);
  const folder = parentOf(path);
  const above = folder.split("/");
  if (name !== OPAQUE && [...above, name].some((part) => part.startsWith(NOTES))) return { kind: "ignored" };
  if (above.some((part) => part.startsWith(PREFIX))) throw new UnsafeEntryError(path, "it lies within a whiteout");
  if (name === OPAQUE) return { kind: "opaque", path: folder };
  if (!name.startsWith(PREFIX)) return undefined;
  const removed = name.slice(PREFIX.length);
  if (removed === "" || removed === "." || removed === "..") throw new UnsafeEntryError(path, "it removes no file");
  return { kind: "removed", path: childOf(folder, removed) };
}
