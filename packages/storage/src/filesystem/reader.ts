import { Readable } from "node:stream";
import { DriverError } from "../errors.ts";
import { FILESYSTEM } from "./errors.ts";
import type { File } from "./file.ts";

/** Bytes read at a time. */
const CHUNK = 256 * 1024;

/** Streams `length` bytes of an open file, which must hold them, and closes it at the end. */
export function readFile(file: File, offset: number, length: number): Readable {
  let position = offset;
  const end = offset + length;
  return new Readable({
    highWaterMark: 2 * CHUNK,
    read() {
      if (position >= end) return void this.push(null);
      const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - position));
      file.read(chunk, position).then(
        (bytes) => {
          if (bytes === 0) return void this.destroy(endedEarly(file.path, end - position));
          position += bytes;
          this.push(bytes === chunk.byteLength ? chunk : chunk.subarray(0, bytes));
        },
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      file.close().then(
        () => callback(error),
        (closeError: Error) => callback(error ?? closeError),
      );
    },
  });
}

/** Silence would pass a damaged file off as a whole one. */
function endedEarly(path: string, missing: number): DriverError {
  return new DriverError(`Cannot read path "${path}": the file ended ${missing} bytes early`, { driver: FILESYSTEM, path });
}
