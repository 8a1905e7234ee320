import { lstatSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { BerthError, type Descriptor } from "@berth/oci";
import { openChunkWriter, removeAbandonedBeside, unfinishedBeside } from "@berth/oci/node";
import type { FetchBlobOptions } from "./blob-fetch.ts";
import type { RepositoryContext } from "./context.ts";
import { fetchPassing } from "./fetch-passing.ts";
import { SaveError } from "./save-error.ts";

/** Options of {@link RemoteBlobStore.save}. */
export type SaveBlobOptions = Pick<FetchBlobOptions, "signal" | "verify" | "onProgress">;

/** Content up to this size is written by the thread that got it, all at once: each call of another one would cost more than the writing. Bytes. */
const SMALL = 65_536;

/** Pulls a blob into a file, which appears only when it is right. What a killed process left there goes away. @see RemoteBlobStore.save */
export async function saveBlob(context: RepositoryContext, target: Descriptor, path: string, options: SaveBlobOptions = {}): Promise<void> {
  try {
    await save(context, target, path, options);
  } catch (error) {
    const code = options.signal?.aborted === true ? undefined : systemCode(error);
    throw code === undefined ? error : new SaveError({ path, digest: target.digest, code }, { cause: error });
  }
}

async function save(context: RepositoryContext, target: Descriptor, path: string, options: SaveBlobOptions): Promise<void> {
  mustBeReplaceable(path, target);
  const content = fetchPassing(context, target, options);
  if (target.size <= SMALL) return writeSmall(await Array.fromAsync(content), unfinishedBeside(path), path);
  await removeAbandonedBeside(path);
  const temporary = unfinishedBeside(path);
  const file = await open(temporary, "wx");
  try {
    try {
      const writer = await openChunkWriter(file, { size: target.size });
      try {
        for await (const chunk of content) await writer.write(chunk);
      } catch (error) {
        await writer.finish().catch(() => undefined); // the first error is the one to be told
        throw error;
      }
      await writer.finish();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function writeSmall(chunks: readonly Uint8Array[], temporary: string, path: string): void {
  try {
    writeFileSync(temporary, Buffer.concat(chunks), { flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A folder would be found out after everything has come; a device or a pipe would be lost. @throws {SaveError} `EISDIR` or `EEXIST`. */
function mustBeReplaceable(path: string, { digest }: Descriptor): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined || there.isFile() || there.isSymbolicLink()) return;
  if (there.isDirectory()) throw new SaveError({ path, digest, code: "EISDIR" });
  throw new SaveError({ path, digest, code: "EEXIST", reason: "it is no file but a device, a pipe or the like" });
}

/** The code of an error that the file system gave; undefined: somebody else's. What comes from the network has a code of ours. */
function systemCode(error: unknown): string | undefined {
  if (BerthError.is(error) || !(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
