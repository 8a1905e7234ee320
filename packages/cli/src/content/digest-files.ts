import { createReadStream } from "node:fs";
import { DIGEST_ALGORITHMS, type DigestAlgorithm, isDigestAlgorithm } from "@berth/oci";
import { createDigester, systemReason } from "@berth/oci/node";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { CommandIo } from "../io.ts";

/** Prints the digest of each file, a tab and its name; `-` or no file at all is standard input. A file that cannot be read fails it in the end. */
export async function digestFiles(io: CommandIo, files: readonly string[], algorithm: string): Promise<void> {
  if (!isDigestAlgorithm(algorithm)) {
    throw new CommandFailure(
      EXIT_CODE.failure,
      `unsupported digest algorithm: "${algorithm}", expected one of ${DIGEST_ALGORITHMS.join(", ")}`,
    );
  }
  let failed = false;
  for (const file of files.length === 0 ? ["-"] : files) {
    try {
      io.stdout.write(`${await digestOfFile(file, algorithm, io)}\t${file}\n`);
    } catch (error) {
      io.signal.throwIfAborted();
      io.stderr.write(`berth digest: cannot read "${file}": ${systemReason(error)}\n`);
      failed = true;
    }
  }
  if (failed) throw new CommandFailure(EXIT_CODE.failure);
}

async function digestOfFile(file: string, algorithm: DigestAlgorithm, io: CommandIo): Promise<string> {
  const digester = createDigester(algorithm);
  const source: AsyncIterable<Uint8Array> =
    file === "-" ? io.stdin : createReadStream(file, { highWaterMark: 256 << 10, signal: io.signal });
  for await (const chunk of source) digester.update(chunk);
  return digester.digest();
}
