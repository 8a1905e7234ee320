import type { CallOptions, Fetcher } from "../content.ts";
import type { Descriptor } from "../descriptor.ts";
import { digestAlgorithm } from "../digest.ts";
import { DigestMismatchError, LimitExceededError } from "../errors.ts";
import { createDigester } from "./digester.ts";

/** A manifest, and the descriptor that fits it. */
export interface FetchedManifestBytes {
  /** As it was told, with the size of what came. */
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Options of {@link fetchByDigest}. */
export interface FetchByDigestOptions extends CallOptions {
  /** Bytes that are taken at most; default 4 MiB, the usual limit of manifests. */
  readonly maxBytes?: number;
}

/**
 * Reads a manifest that a registry told of, in answer to HEAD or in a list of referrers: its digest counts, its size need not be right there.
 * Harbor's and Google's lists of referrers give the size of all that a manifest leads to. What a manifest says of its own parts is held
 * against it to the byte, by `readAllVerified`.
 *
 * @throws {DigestMismatchError} @throws {LimitExceededError} beyond `maxBytes`, and everything that `fetch` throws.
 */
export async function fetchByDigest(source: Fetcher, told: Descriptor, options: FetchByDigestOptions = {}): Promise<FetchedManifestBytes> {
  const { maxBytes = 4_194_304, signal } = options;
  const digester = createDigester(digestAlgorithm(told.digest));
  const chunks: Uint8Array[] = [];
  for await (const chunk of await source.fetch(told, signal === undefined ? {} : { signal })) {
    signal?.throwIfAborted();
    digester.update(chunk);
    if (digester.size > maxBytes) throw new LimitExceededError({ what: `manifest of more than ${maxBytes} bytes`, limit: maxBytes });
    chunks.push(chunk);
  }
  const actual = digester.digest();
  if (actual !== told.digest) throw new DigestMismatchError({ expected: told.digest, actual });
  const bytes = Buffer.concat(chunks, digester.size);
  return { descriptor: bytes.byteLength === told.size ? told : { ...told, size: bytes.byteLength }, bytes };
}
