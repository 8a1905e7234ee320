import { lstatSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import type { Descriptor } from "@berth/oci";
import { openChunkWriter, removeAbandonedBeside, unfinishedBeside } from "@berth/oci/node";
import type { FetchBlobOptions } from "./blob-fetch.ts";
import type { RepositoryContext } from "./context.ts";
import { fetchPassing } from "./fetch-passing.ts";

/** Options of {@link RemoteBlobStore.save}. */
export type SaveBlobOptions = Pick<FetchBlobOptions, "signal" | "verify" | "onProgress">;

/** Content up to this size is written by the thread that got it, all at once: each call of another one would cost more than the writing. Bytes. */
const SMALL = 65_536;

/** Pulls a blob into a file, which appears only when it is right. What a killed process left there goes away. @see RemoteBlobStore.save */
export async function saveBlob(context: RepositoryContext, target: Descriptor, path: string, options: SaveBlobOptions = {}): Promise<void> {
  mustBeReplaceable(path);
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

/** A folder would be found out after everything has come; a device or a pipe would be lost. @throws an error of code `EISDIR` or `EEXIST`. */
function mustBeReplaceable(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined || there.isFile() || there.isSymbolicLink()) return;
  const [what, code] = there.isDirectory() ? ["a folder", "EISDIR"] : ["no file but a device, a pipe or the like", "EEXIST"];
  throw Object.assign(new Error(`Cannot save a blob to "${path}": it is ${what}`), { code });
}
