import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type ReplayableSource, replayableSource } from "../replayable.ts";

/**
 * A file as content that can be read again. Its size is looked up once: a file that grows later is read up to that size.
 *
 * @throws the error of the file system when there is no such file.
 */
export async function fileSource(path: string): Promise<ReplayableSource> {
  const { size } = await stat(path);
  return replayableSource(size, (start) =>
    start >= size ? nothing() : createReadStream(path, { start, end: size - 1, highWaterMark: 262_144 }),
  );
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
