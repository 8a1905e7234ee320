import { randomBytes } from "node:crypto";
import { type ByteSource, type Descriptor, MEDIA_TYPES, type ReplayableSource, replayableSource } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { onTestFinished } from "vitest";
import { createUndiciTransport } from "../../transport/undici-transport.ts";
import type { Connection } from "../connection.ts";
import { createConnection } from "../create-connection.ts";

/** Where scripted registries start uploads. */
export const UPLOADS = "/v2/a/b/blobs/uploads/";

/** An upload that was started. */
export const UPLOAD: string = `${UPLOADS}u`;

/** Bytes, and what describes them. */
export interface BlobFixture {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

/** A blob of these bytes. */
export function blobOf(bytes: Buffer | string, algorithm?: "sha256" | "sha512"): BlobFixture {
  const content = Buffer.from(bytes);
  return { bytes: content, descriptor: descriptorOf(MEDIA_TYPES.octetStream, content, algorithm) };
}

/** Bytes that nobody has. */
export function randomBlob(size: number): BlobFixture {
  return blobOf(randomBytes(size));
}

/** Content that can be read once. */
export async function* once(bytes: Uint8Array, pieceSize = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
}

/** Content that can be read again, and that remembers from where it was. */
export function recorded(bytes: Uint8Array, pieceSize?: number): { readonly source: ReplayableSource; readonly opened: readonly number[] } {
  const opened: number[] = [];
  const open = (offset: number): ByteSource => {
    opened.push(offset);
    return once(bytes.subarray(offset), pieceSize);
  };
  return { source: replayableSource(bytes.byteLength, open), opened };
}

/** A scripted registry, and the way to it. */
export async function startScripted(): Promise<{ readonly registry: ScriptedRegistry; readonly connection: Connection }> {
  const registry = await startScriptedRegistry();
  const transport = createUndiciTransport(); // no layers, so that the journal shows nothing but uploads
  const connection = createConnection(registry.host, { transport, plainHttp: true });
  onTestFinished(async () => {
    await transport.close();
    await registry.close();
  });
  return { registry, connection };
}

/** For tests that do not wait. */
export const noWait = (): number => 0;

/** What a registry answers. */
interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers a chunk: the upload has a new name, and holds the bytes up to `last`. */
export function taken(name: string, last: number): Reply {
  return { status: 202, headers: { location: `${UPLOADS}${name}`, range: `0-${last}` } };
}

/** Answers who asks where an upload stands: it holds the bytes up to `last`. */
export function standsAt(last: number): Reply {
  return { status: 204, headers: { location: UPLOAD, range: `0-${last}` } };
}

/** The ranges of the chunks that arrived. */
export function rangesOf(registry: ScriptedRegistry): readonly (string | undefined)[] {
  return registry.requests.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["content-range"]);
}
