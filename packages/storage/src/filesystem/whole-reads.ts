import type { File } from "./file.ts";

/** First read of a file: link files, configs and most manifests fit, and need no look at the size. */
const FIRST_READ = 64 * 1024;
const MAX_IDLE_BUFFERS = 16;

/** Reads whole files, the first part into buffers that are used again. */
export class WholeReads {
  readonly #idle: Buffer[] = [];

  /** All bytes of a file, in memory of their own. */
  async read(file: File): Promise<Buffer> {
    const buffer = this.#idle.pop() ?? Buffer.allocUnsafeSlow(FIRST_READ);
    try {
      const bytes = await file.read(buffer, 0);
      return bytes < FIRST_READ ? Buffer.from(buffer.subarray(0, bytes)) : await readRest(file, buffer);
    } finally {
      if (this.#idle.length < MAX_IDLE_BUFFERS) this.#idle.push(buffer);
    }
  }
}

async function readRest(file: File, start: Buffer): Promise<Buffer> {
  const { size } = await file.stat();
  const content = Buffer.allocUnsafeSlow(Math.max(size, start.byteLength));
  start.copy(content);
  let length = start.byteLength;
  while (length < content.byteLength) {
    const bytes = await file.read(content.subarray(length), length);
    if (bytes === 0) break;
    length += bytes;
  }
  return content.subarray(0, length);
}
