import { LimitExceededError } from "@berth/oci";
import { UnsafeEntryError } from "./errors.ts";
import type { LayerLimits } from "./layer-limits.ts";

/** What {@link normalizePath} limits. */
export type PathLimits = Required<Pick<LayerLimits, "maxPathBytes" | "maxPathDepth">>;

/**
 * One spelling for each path of an archive: relative to its root, no `.`, no `..`, no empty part, no slash at the end. The root itself is
 * the empty path. A leading slash is dropped, as all container engines do.
 *
 * @throws {UnsafeEntryError} when it leads out of the root. @throws {LimitExceededError}
 */
export function normalizePath(path: string, { maxPathBytes, maxPathDepth }: PathLimits): string {
  if (path.length > maxPathBytes || Buffer.byteLength(path) > maxPathBytes) {
    throw new LimitExceededError({ what: `path of ${Buffer.byteLength(path)} bytes`, limit: maxPathBytes });
  }
  if (path.includes("\0")) throw new UnsafeEntryError(path, "its path holds a zero byte");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw new UnsafeEntryError(path, "its path leads out of the archive");
  }
  if (parts.length > maxPathDepth) throw new LimitExceededError({ what: `path of ${parts.length} parts`, limit: maxPathDepth });
  return parts.join("/");
}

/** The path of the folder that holds `path`; that of an entry of the root is the root: the empty path. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The path of an entry of a folder. */
export function childOf(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The folders that hold `path`, the innermost first; the root is not among them. */
export function* ancestorsOf(path: string): Generator<string> {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) yield path.slice(0, at);
}
