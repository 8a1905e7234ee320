import { gzipSync, zstdCompressSync } from "node:zlib";
import { decodeManifest, type Descriptor, type ImageManifest, MEDIA_TYPES, NotFoundError, type ReadOnlyTarget } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { Readable } from "node:stream";
import type { TarEntry, TarEntryWithContent } from "../tar-entry.ts";
import { encodeEntry, TAR_END } from "../tar-encode.ts";
import { padding } from "../tar-reader.ts";

/** An entry of a test archive; what is left out is plain. Paths are written as they stand here. */
export type EntrySpec = Partial<Omit<TarEntry, "size">> & { readonly path: string; readonly text?: string };

/** A whole entry. */
export function entryOf({ text = "", ...spec }: EntrySpec): TarEntry {
  const type = spec.type ?? (spec.linkTarget === undefined ? (spec.path.endsWith("/") ? "folder" : "file") : "symlink");
  return {
    mode: type === "folder" ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    userName: "",
    groupName: "",
    mtime: 1_700_000_000,
    linkTarget: "",
    deviceMajor: 0,
    deviceMinor: 0,
    pax: new Map(),
    ...spec,
    path: type === "folder" ? spec.path.replace(/\/$/, "") : spec.path,
    type,
    size: Buffer.byteLength(text),
  };
}

/** The bytes of an archive. */
export function tarOf(...specs: readonly EntrySpec[]): Buffer {
  const blocks = specs.flatMap((spec) => {
    const content = Buffer.from(spec.text ?? "");
    return [encodeEntry(entryOf(spec)), content, Buffer.alloc(padding(content.byteLength))];
  });
  return Buffer.concat([...blocks, TAR_END]);
}

/** Entries as a reader gives them, without having been written: nothing about them was checked. */
export async function* entriesOf(...specs: readonly EntrySpec[]): AsyncGenerator<TarEntryWithContent> {
  for (const spec of specs) yield { entry: entryOf(spec), content: Readable.from(spec.text === undefined ? [] : [Buffer.from(spec.text)]) };
}

/** An image in memory, to be changed at will by tests. */
export interface TestImage extends ReadOnlyTarget {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  /** By digest. */
  readonly content: Map<string, Uint8Array>;
  /** Digests of what was fetched, in order. */
  readonly fetched: string[];
  /** Adds content and describes it. */
  add(mediaType: string, content: Uint8Array | object): Descriptor;
}

/** Options of {@link imageOf}. */
export interface TestImageOptions {
  /** Of the layers; default `gzip`. Layers of docker's family are called gzip whatever they are. */
  readonly compression?: "gzip" | "zstd" | "none";
  /** Members of the config besides those that make it valid. */
  readonly config?: object;
  /** Members of the manifest besides those that make it valid. */
  readonly manifest?: object;
  /** Whose media types; default `oci`. */
  readonly family?: "oci" | "docker";
}

const TYPES = { gzip: MEDIA_TYPES.ociLayerGzip, zstd: MEDIA_TYPES.ociLayerZstd, none: MEDIA_TYPES.ociLayer };

/** An image with these archives as its layers, the base layer first. */
export function imageOf(tars: readonly Uint8Array[], options: TestImageOptions = {}): TestImage {
  const { compression = "gzip", family = "oci" } = options;
  const content = new Map<string, Uint8Array>();
  const fetched: string[] = [];
  const add = (mediaType: string, value: Uint8Array | object): Descriptor => {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value));
    const described = descriptorOf(mediaType, bytes);
    content.set(described.digest, bytes);
    return described;
  };
  const docker = family === "docker";
  const layers = tars.map((tar) => {
    const bytes = compression === "gzip" ? gzipSync(tar) : compression === "zstd" ? zstdCompressSync(tar) : tar;
    return add(docker ? MEDIA_TYPES.dockerLayerGzip : TYPES[compression], bytes);
  });
  const config = add(docker ? MEDIA_TYPES.dockerConfig : MEDIA_TYPES.ociConfig, {
    architecture: "amd64",
    os: "linux",
    ...options.config,
    rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
  });
  const mediaType = docker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest;
  const descriptor = add(mediaType, { schemaVersion: 2, mediaType, config, layers, ...options.manifest });
  const manifest = decodeManifest(content.get(descriptor.digest) ?? new Uint8Array(), mediaType);
  if (manifest.kind !== "image") throw new TypeError("Expected an image");
  return {
    descriptor,
    manifest,
    content,
    fetched,
    add,
    async fetch({ digest }, { offset = 0, length } = {}) {
      fetched.push(digest);
      const bytes = content.get(digest);
      if (bytes === undefined) throw new NotFoundError("blob", digest);
      return Readable.from([bytes.subarray(offset, length === undefined ? undefined : offset + length)]);
    },
    resolve: async () => descriptor,
  };
}

/** Reads a stream to its end. */
export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}
