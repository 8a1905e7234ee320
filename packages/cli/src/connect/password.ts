import type { CommandIo } from "../io.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";

/** Bytes of a password at most: more is a file that was piped in by mistake. */
const MAX_PASSWORD = 65_536;

/** Reads a password from standard input, without the line's end. @throws {CommandFailure} when there is none. */
export async function readPassword(io: CommandIo): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const source: AsyncIterable<Uint8Array | string> = io.stdin;
  for await (const chunk of source) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    size += bytes.byteLength;
    if (size > MAX_PASSWORD) throw new CommandFailure(EXIT_CODE.usage, "standard input is too long for a password");
    chunks.push(bytes);
  }
  const password = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (password === "") throw new CommandFailure(EXIT_CODE.usage, "standard input holds no password");
  return password;
}
