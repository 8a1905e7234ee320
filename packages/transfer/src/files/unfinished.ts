import { constants } from "node:fs";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ByteSource, type CallOptions, type Descriptor, digestEncoded, isReplayable, parseDigest } from "@berth/oci";
import { leaveUnfinished, removeAbandoned, takeAbandoned, unfinishedName } from "@berth/oci/node";
import { abortable } from "../archive/abortable.ts";
import { checked, startCheck } from "../archive/checked.ts";
import { fillFile, isWrongContent } from "../fill-file.ts";
import { ignoreMissing } from "../layout/errno.ts";
import { isNoSpace } from "../no-space.ts";
import { UNPACKED_DIGEST } from "./title.ts";
import { type PackedFolder, unpackFolder } from "./unpack-folder.ts";

/** Of what is not finished yet. */
const PREFIX = ".berth-";

/** Of a file that is not whole yet; the digest of its content follows. */
const PARTIAL = ".berth-partial-";

/** A file or folder under a name of its own, in the folder that it is pulled into, until it is whole. Whoever starts it moves or removes it. */
export class Unfinished {
  /** Absolute; perhaps nothing is there yet. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Removes it, if it is still there. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Writes a file, from what an earlier try left of it on where the content can be opened there. */
export async function writeUnfinishedFile(
  root: string,
  expected: Descriptor,
  content: ByteSource,
  { signal }: CallOptions,
): Promise<Unfinished> {
  const prefix = `${PARTIAL}${digestEncoded(expected.digest)}-`;
  const left = isReplayable(content) ? await takeAbandoned(root, prefix) : undefined;
  const unfinished = new Unfinished(left ?? join(root, unfinishedName(prefix)));
  try {
    await using file = await open(unfinished.path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
    await fillFile(file, expected, content, signal);
    return unfinished;
  } catch (error) {
    const size = (await stat(unfinished.path).catch(ignoreMissing))?.size ?? 0;
    // where a disk is full, room is wanted more than what came
    if (size === 0 || isWrongContent(error) || isNoSpace(error)) await unfinished.remove();
    else await leaveUnfinished(unfinished.path, prefix);
    throw error;
  }
}

/** What a packed folder is written with. */
export type UnfinishedFolderOptions = CallOptions & Omit<PackedFolder, "unpackedDigest">;

/** Writes what a packed folder holds; when that fails nothing of it stays. @throws as {@link unpackFolder} @throws {SizeMismatchError} */
export async function writeUnfinishedFolder(
  root: string,
  expected: Descriptor,
  content: ByteSource,
  { signal, ...folder }: UnfinishedFolderOptions,
): Promise<Unfinished> {
  const digest = expected.annotations?.[UNPACKED_DIGEST];
  const unpackedDigest = digest === undefined ? undefined : parseDigest(digest);
  const unfinished = new Unfinished(join(root, unfinishedName(PREFIX)));
  try {
    const bytes = checked(abortable(content, signal), startCheck(expected));
    await unpackFolder(bytes, unfinished.path, { ...folder, unpackedDigest }, { ...(signal && { signal }) });
    return unfinished;
  } catch (error) {
    await unfinished.remove();
    throw error;
  }
}

/** Removes what processes that were killed left of folders; what they left of files stays, for a pull that goes on with it. */
export async function removeUnfinishedFolders(root: string): Promise<void> {
  await removeAbandoned(root, PREFIX);
}

/** Removes what was left of files that nobody asked for since. */
export async function removeUnfinishedFiles(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const prefix = /^\.berth-partial-[0-9a-f]+-/.exec(name)?.[0];
    if (prefix !== undefined) await removeAbandoned(root, prefix);
  }
}
