import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duplex, PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import type { ByteSource, CallOptions, Digest, ReplayableSource } from "@berth/oci";
import { createDigester, type Digester, fileSource, makeWorkFolder } from "@berth/oci/node";
import { writingTo } from "../no-space.ts";

/** How bytes are made smaller; `none` leaves them as they are. */
export type Compression = "gzip" | "zstd" | "none";

/** Options of {@link compressToFile}. */
export interface CompressToFileOptions extends CallOptions {
  /** Default `gzip`. */
  readonly compression?: Compression;
  /** 1 to 9 for gzip, 1 to 19 for zstd; default: 6 and 3. */
  readonly level?: number;
  /** The folder that the file lies in; default that of the system for such files. */
  readonly temporaryFolder?: string;
}

/** Content that was compressed into a file of its own. Dispose of it, or the file stays. */
export interface CompressedFile extends AsyncDisposable {
  /** Of the file. */
  readonly digest: Digest;
  /** Bytes of the file. */
  readonly size: number;
  /** Of what was compressed; for a layer this is its diffID. */
  readonly contentDigest: Digest;
  /** Bytes that were compressed. */
  readonly contentSize: number;
  /** The file, for as long as it was not disposed of. */
  readonly source: ReplayableSource;
}

/** Where the header of gzip names the operating system, and what it says for none in particular (RFC 1952, 2.3.1). */
const GZIP_OS_OFFSET = 9;
const GZIP_OS_UNKNOWN = 255;

/**
 * Compresses content into a temporary file and computes the digests of both in the same pass: what is pushed must be known by its digest
 * first, and may have to be sent twice. The same content gives the same bytes: no name, no time and no operating system stand in them.
 * (Other releases of zlib may compress otherwise: the digest of the content is the one that lasts.)
 */
export async function compressToFile(content: ByteSource, options: CompressToFileOptions = {}): Promise<CompressedFile> {
  const { temporaryFolder = tmpdir() } = options;
  return await writingTo(temporaryFolder, async () => await compressWithin(temporaryFolder, content, options));
}

async function compressWithin(parent: string, content: ByteSource, options: CompressToFileOptions): Promise<CompressedFile> {
  const { signal } = options;
  const folder = await makeWorkFolder("pack", parent);
  const remove = async (): Promise<void> => await folder[Symbol.asyncDispose]();
  try {
    const path = join(folder.path, "content");
    const inside = createDigester();
    const outside = createDigester();
    const [compress, clean] = compressors(options);
    const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
    await pipeline(Readable.from(content, { objectMode: false }), counting(inside), compress, clean, counting(outside), file, { signal });
    return {
      digest: outside.digest(),
      size: outside.size,
      contentDigest: inside.digest(),
      contentSize: inside.size,
      source: await fileSource(path),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    signal?.throwIfAborted(); // pipeline rejects with an error of its own
    throw error;
  }
}

/** What compresses, and what takes out of the result that which would make it differ. */
function compressors({ compression = "gzip", level }: CompressToFileOptions): readonly [compress: Duplex, clean: Duplex] {
  if (compression === "none") return [new PassThrough(), new PassThrough()];
  if (compression === "zstd") {
    return [endingApart(createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level ?? 3 } })), new PassThrough()];
  }
  return [createGzip({ level: level ?? 6 }), withoutSystem()];
}

/**
 * Node hands the last bytes to zstd together with the end when both are there in time, and zstd writes another last block then. Here all
 * bytes are through before the end is told: what comes out does not depend on how fast and in which pieces it went in.
 */
function endingApart(engine: Duplex): Transform {
  const apart = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      engine.write(chunk, done);
    },
    flush(done) {
      engine.once("end", done).end();
    },
    destroy(error, done) {
      engine.destroy();
      done(error);
    },
  });
  engine.on("data", (chunk: Uint8Array) => apart.push(chunk)).on("error", (error: Error) => apart.destroy(error));
  return apart;
}

function counting(digester: Digester): Transform {
  return new Transform({
    highWaterMark: 262_144,
    transform(chunk: Uint8Array, _encoding, done) {
      digester.update(chunk);
      done(null, chunk);
    },
  });
}

/** Takes the name of the operating system out of the header of gzip. */
function withoutSystem(): Transform {
  let at = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      const index = GZIP_OS_OFFSET - at;
      if (index >= 0 && index < chunk.byteLength) chunk[index] = GZIP_OS_UNKNOWN;
      at += chunk.byteLength;
      done(null, chunk);
    },
  });
}
