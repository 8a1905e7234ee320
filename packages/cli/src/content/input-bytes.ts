import { open } from "node:fs/promises";
import { LimitExceededError } from "@berth/oci";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { CommandIo } from "../io.ts";

/** Reads a small file whole; `-` is standard input. @throws {LimitExceededError} @throws {CommandFailure} for a folder. */
export async function inputBytes(io: CommandIo, file: string, maxBytes: number): Promise<Uint8Array> {
  if (file === "-") return await gather(io.stdin, maxBytes, "standard input");
  const handle = await open(file);
  try {
    // the error of the system does not name it
    if ((await handle.stat()).isDirectory()) throw new CommandFailure(EXIT_CODE.usage, `cannot read "${file}": it is a folder`);
    return await gather(handle.createReadStream({ autoClose: false }), maxBytes, `file "${file}"`);
  } finally {
    await handle.close();
  }
}

async function gather(source: AsyncIterable<Uint8Array | string>, limit: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    size += bytes.byteLength;
    if (size > limit) throw new LimitExceededError({ what: `${what} of more bytes`, limit });
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
