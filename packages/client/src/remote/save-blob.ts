import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Descriptor } from "@berth/oci";
import { createChunkWriter, removeAbandoned, unfinishedName } from "@berth/oci/node";
import type { FetchBlobOptions } from "./blob-fetch.ts";
import type { RepositoryContext } from "./context.ts";
import { fetchPassing } from "./fetch-passing.ts";

/** Options of {@link RemoteBlobStore.save}. */
export type SaveBlobOptions = Pick<FetchBlobOptions, "signal" | "verify" | "onProgress">;

/** Pulls a blob into a file, which appears only when it is right. What a killed process left there goes away. @see RemoteBlobStore.save */
export async function saveBlob(context: RepositoryContext, target: Descriptor, path: string, options: SaveBlobOptions = {}): Promise<void> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.partial-`;
  await removeAbandoned(folder, prefix);
  const temporary = join(folder, unfinishedName(prefix)); // beside it, so that it can be renamed
  const file = await open(temporary, "wx");
  try {
    try {
      const writer = createChunkWriter(file);
      for await (const chunk of fetchPassing(context, target, options)) await writer.write(chunk);
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
