import { once } from "node:events";
import { createReadStream, type ReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { oneLine } from "../output/plain-text.ts";
import type { Session } from "../session/session.ts";

/**
 * What can be read only once: standard input for `-`, and pipes and devices that have a name, such as `<(command)` of a shell. Their size is
 * not known before the end. Who waits at a terminal for a pipe that nobody writes to is told.
 *
 * @returns undefined for a file or a folder. @throws the error of the file system.
 */
export async function inputStream(session: Session, path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { stdin, signal } = session.io;
  if (path === "-") return stdin;
  const found = await stat(path);
  if (found.isFile() || found.isDirectory()) return undefined;
  const content = createReadStream(path, { highWaterMark: 262_144, signal });
  return found.isFIFO() ? awaited(session, path, content) : content;
}

async function* awaited(session: Session, path: string, content: ReadStream): AsyncGenerator<Uint8Array> {
  content.on("error", () => undefined); // who stops waits no longer, and the stream says so when nobody listens any more
  const came = session.tellIfSlow(`berth: waiting for "${oneLine(path)}": nothing was written to this pipe yet`);
  try {
    if (content.pending) await once(content, "open", { signal: session.io.signal }); // the stream itself would wait for a writer before it ends
    for await (const chunk of content) {
      came();
      yield chunk;
    }
  } finally {
    came();
  }
}
