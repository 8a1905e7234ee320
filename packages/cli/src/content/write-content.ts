import type { ByteStream, CallOptions } from "@berth/oci";
import { writeBytes, writeFileOf } from "../output/write-bytes.ts";
import { counted, type CountedContent } from "../progress/counted.ts";
import type { Session } from "../session/session.ts";

/**
 * Writes content to a file, which is there when all of it is, and shows how far that is. The content is let go, however it ends.
 *
 * @param file undefined: standard output.
 */
export async function writeContent(
  session: Session,
  content: ByteStream,
  file: string | undefined,
  about: CountedContent,
  call: CallOptions,
): Promise<void> {
  const view = await session.openView({ stdoutIsData: file === undefined });
  let size = 0;
  try {
    const source = counted(
      sized(content, (bytes) => (size += bytes)),
      view,
      about,
    );
    await (file === undefined ? writeBytes(session.io.stdout, source, call) : writeFileOf(file, source, call));
  } finally {
    content.destroy();
    view.end();
  }
  if (session.tellsRecords) await session.print({ data: { output: file ?? "-", size }, text: () => "" });
}

async function* sized(content: ByteStream, add: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    add(chunk.byteLength);
    yield chunk;
  }
}
