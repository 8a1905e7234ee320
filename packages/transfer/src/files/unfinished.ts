import { constants } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ByteSource, type CallOptions, type Descriptor, type Digest, digestEncoded, parseDigest } from "@berth/oci";
import { removeAbandoned, takeAbandoned, unfinishedName } from "@berth/oci/node";
import { abortable } from "../archive/abortable.ts";
import { checked, startCheck } from "../archive/checked.ts";
import { fillFile } from "../fill-file.ts";
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

  /** Writes a file, from what is there of it on. @throws {DigestMismatchError} @throws {SizeMismatchError} */
  async writeFile(expected: Descriptor, content: ByteSource, { signal }: CallOptions): Promise<void> {
    await using file = await open(this.path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
    await fillFile(file, expected, content, signal);
  }

  /** Writes what a packed folder holds. @throws as {@link unpackFolder} @throws {SizeMismatchError} */
  async writeFolder(
    expected: Descriptor,
    content: ByteSource,
    folder: Omit<PackedFolder, "unpackedDigest">,
    call: CallOptions,
  ): Promise<void> {
    const digest = expected.annotations?.[UNPACKED_DIGEST];
    const unpackedDigest = digest === undefined ? undefined : parseDigest(digest);
    await unpackFolder(checked(abortable(content, call.signal), startCheck(expected)), this.path, { ...folder, unpackedDigest }, call);
  }

  /** Removes it, if it is still there. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Starts a folder. */
export function startFolder(root: string): Unfinished {
  return new Unfinished(join(root, unfinishedName(PREFIX)));
}

/** Starts a file with this content, or goes on with what a process that was killed left of one. */
export async function startFile(root: string, digest: Digest): Promise<Unfinished> {
  const prefix = `${PARTIAL}${digestEncoded(digest)}-`;
  return new Unfinished((await takeAbandoned(root, prefix)) ?? join(root, unfinishedName(prefix)));
}

/** Removes what processes that were killed left of folders; what they left of files stays, for a pull that goes on with it. */
export async function removeUnfinishedFolders(root: string): Promise<void> {
  await removeAbandoned(root, PREFIX);
}

/** Removes what processes that were killed left of files that nobody asked for since. */
export async function removeUnfinishedFiles(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const prefix = /^\.berth-partial-[0-9a-f]+-/.exec(name)?.[0];
    if (prefix !== undefined) await removeAbandoned(root, prefix);
  }
}
