import { stat } from "node:fs/promises";
import { join } from "node:path";
import { makeWorkFolder } from "@berth/oci/node";
import { inputStream } from "../content/input-stream.ts";
import { writeFileOf } from "../output/write-bytes.ts";
import type { Session } from "../session/session.ts";

/**
 * Finds out what a file or folder is, and does something with its place: `docker-archive:app.tar`. What can be read only once lies in a
 * temporary file meanwhile. A text that is a place already stays one.
 */
export async function withArchive<T>(session: Session, text: string, work: (place: string) => Promise<T>): Promise<T> {
  if (/^(?:oci|ocidir|oci-layout|oci-archive|docker-archive):/.test(text)) return await work(text);
  const stream = await inputStream(session, text);
  if (stream === undefined) return await work(await placeOf(session, text));
  await using folder = await makeWorkFolder("load");
  const file = join(folder.path, "input.tar");
  await writeFileOf(file, stream, { signal: session.signal });
  return await work(await placeOf(session, file));
}

async function placeOf(session: Session, path: string): Promise<string> {
  if ((await stat(path)).isDirectory()) return `oci:${path}`;
  const { InvalidArchiveError, openDockerArchive } = await import("@berth/transfer");
  try {
    await (await openDockerArchive(path, { ...session.limits, signal: session.signal })).close();
    return `docker-archive:${path}`;
  } catch (error) {
    if (!(error instanceof InvalidArchiveError)) throw error;
    return `oci-archive:${path}`; // if it is none either, opening it says so
  }
}
