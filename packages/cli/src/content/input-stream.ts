import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { CommandIo } from "../io.ts";

/**
 * What can be read only once: standard input for `-`, and pipes and devices that have a name, such as `<(command)` of a shell. Their size is
 * not known before the end.
 *
 * @returns undefined for a file or a folder. @throws the error of the file system.
 */
export async function inputStream({ stdin, signal }: CommandIo, path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  if (path === "-") return stdin;
  const found = await stat(path);
  return found.isFile() || found.isDirectory() ? undefined : createReadStream(path, { highWaterMark: 262_144, signal });
}
