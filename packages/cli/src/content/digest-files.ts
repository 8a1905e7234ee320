import { createReadStream } from "node:fs";
import { type Digest, DIGEST_ALGORITHMS, type DigestAlgorithm, isDigestAlgorithm } from "@berth/oci";
import { createDigester, systemReason } from "@berth/oci/node";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { CommandIo } from "../io.ts";
import type { Session } from "../session/session.ts";

/**
 * Prints the digest of each file, a tab and its name, or what `--format` says; `-` or no file at all is standard input. A file that cannot
 * be read fails it in the end.
 */
export async function digestFiles(session: Session, files: readonly string[], algorithm: string): Promise<void> {
  if (!isDigestAlgorithm(algorithm)) {
    throw new CommandFailure(
      EXIT_CODE.failure,
      `unsupported digest algorithm: "${algorithm}", expected one of ${DIGEST_ALGORITHMS.join(", ")}`,
    );
  }
  let failed = false;
  for (const file of files.length === 0 ? ["-"] : files) {
    const found = await digestOfFile(file, algorithm, session.io).catch((error: unknown) => {
      session.signal.throwIfAborted();
      session.io.stderr.write(`berth digest: cannot read "${file}": ${systemReason(error)}\n`);
      failed = true;
    });
    if (found !== undefined) await session.print({ data: { ...found, file }, text: () => `${found.digest}\t${file}\n` });
  }
  if (failed) throw new CommandFailure(EXIT_CODE.failure);
}

async function digestOfFile(
  file: string,
  algorithm: DigestAlgorithm,
  io: CommandIo,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const digester = createDigester(algorithm);
  const source: AsyncIterable<Uint8Array> =
    file === "-" ? io.stdin : createReadStream(file, { highWaterMark: 256 << 10, signal: io.signal });
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    digester.update(chunk);
  }
  return { digest: digester.digest(), size };
}
