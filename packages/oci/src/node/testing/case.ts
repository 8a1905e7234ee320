import assert from "node:assert/strict";
import type { ByteSource, ByteStream, Paged, Registry } from "../../content.ts";
import type { Descriptor } from "../../descriptor.ts";
import { BerthError } from "../../errors.ts";
import { MEDIA_TYPES } from "../../media-types.ts";
import { descriptorOf } from "../digester.ts";

/** One thing that the contract asks of a registry. */
export interface ContentCase {
  readonly title: string;
  /** Gets an empty registry. */
  run(registry: Registry): Promise<void>;
}

/** Content at hand, with its descriptor. */
export interface Sample {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** A blob of that text. */
export function blobOf(text: string): Sample {
  const bytes = new TextEncoder().encode(text);
  return { bytes, descriptor: descriptorOf(MEDIA_TYPES.octetStream, bytes) };
}

/** An image manifest of that config, with what else it is to have. */
export function imageOf(config: Sample, more: Readonly<Record<string, unknown>> = {}): Sample {
  const mediaType = MEDIA_TYPES.ociManifest;
  const { digest, size } = config.descriptor;
  const body = { schemaVersion: 2, mediaType, config: { mediaType: MEDIA_TYPES.ociConfig, digest, size }, layers: [], ...more };
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return { bytes, descriptor: descriptorOf(mediaType, bytes) };
}

/** The bytes in two chunks. */
export async function* source(sample: Pick<Sample, "bytes">): AsyncGenerator<Uint8Array> {
  const middle = sample.bytes.byteLength >>> 1;
  yield sample.bytes.subarray(0, middle);
  yield sample.bytes.subarray(middle);
}

/** Reads a stream to its end. */
export async function textOf(stream: ByteStream | ByteSource): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads a list to its end. */
export async function itemsOf<T>(list: Paged<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** The call rejects with an error of one of these codes. */
export async function fails(codes: string | readonly string[], call: () => Promise<unknown>): Promise<void> {
  const error: unknown = await call().then(
    () => assert.fail(`expected ${String(codes)}, but the call succeeded`),
    (reason: unknown) => reason,
  );
  assert.ok(BerthError.is(error), `expected ${String(codes)}, got ${String(error)}`);
  assert.ok(codes === error.code || codes.includes(error.code), `expected ${String(codes)}, got ${error.code}`);
}
