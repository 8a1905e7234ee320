import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { Fetcher, Pusher } from "../content.ts";
import { type Descriptor, isSameContent } from "../descriptor.ts";
import { NotFoundError } from "../errors.ts";
import { decodeManifest } from "../manifest/decode.ts";
import { layersOf } from "../manifest/parts.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { limitStorage } from "../limit-storage.ts";
import { bytesSource } from "../replayable.ts";
import { descriptorOf } from "./digester.ts";
import { successors } from "./graph.ts";
import { readAllVerified } from "./verify.ts";

interface MemoryStore extends Fetcher, Pusher {
  readonly fetched: string[];
  add(mediaType: string, body: unknown): Descriptor;
}

function memoryStore(): MemoryStore {
  const content = new Map<string, Uint8Array>();
  const fetched: string[] = [];
  return {
    fetched,
    add(mediaType, body) {
      const bytes = Buffer.from(JSON.stringify(body));
      const descriptor = descriptorOf(mediaType, bytes);
      content.set(descriptor.digest, bytes);
      return descriptor;
    },
    async fetch({ digest }) {
      fetched.push(digest);
      const bytes = content.get(digest);
      if (bytes === undefined) throw new NotFoundError("blob", digest);
      return Readable.from([bytes]);
    },
    async push(expected, source) {
      content.set(expected.digest, await readAllVerified(source, expected));
    },
    exists: async ({ digest }) => content.has(digest),
  };
}

const blob = (text: string): Descriptor => descriptorOf("x/y", Buffer.from(text));
const [config, layer, base] = [blob("config"), blob("layer"), blob("base")];
const subject: Descriptor = { ...blob("subject"), mediaType: MEDIA_TYPES.ociManifest };
const platform = { os: "linux", architecture: "amd64" };

const { ociManifest, dockerManifest, ociIndex, dockerManifestList, ociArtifactManifest, dockerSchema1 } = MEDIA_TYPES;

test.each<[string, string, object, readonly Descriptor[]]>([
  ["an OCI manifest", ociManifest, { config, layers: [base, layer], subject }, [subject, config, base, layer]],
  ["an OCI manifest without a subject", ociManifest, { config, layers: [] }, [config]],
  ["a Docker manifest", dockerManifest, { mediaType: dockerManifest, config, layers: [layer], subject }, [config, layer]],
  ["an OCI index", ociIndex, { manifests: [subject], subject }, [subject, subject]],
  [
    "a Docker list",
    dockerManifestList,
    { mediaType: dockerManifestList, manifests: [{ ...subject, platform }] },
    [{ ...subject, platform }],
  ],
  ["an artifact manifest", ociArtifactManifest, { mediaType: ociArtifactManifest, blobs: [layer], subject }, [subject, layer]],
  ["something else", "application/json", { config, layers: [layer] }, []],
])("[client/B-70] successors() of %s", async (_, mediaType, body, expected) => {
  const store = memoryStore();
  const node = store.add(mediaType, { schemaVersion: 2, ...body });
  expect(await successors(store, node)).toEqual(expected);
  expect(store.fetched).toHaveLength(mediaType === "application/json" ? 0 : 1);
});

test("[client/B-70] successors() checks what it reads, and reads no more than it may", async () => {
  const store = memoryStore();
  const node = store.add(ociManifest, { schemaVersion: 2, config, layers: [] });
  await expect(successors(store, { ...node, size: node.size + 1 })).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  await expect(successors(store, node, { maxBytes: 10 })).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});

test("[client/B-72] limitStorage() takes nothing larger than its limit", async () => {
  const store = memoryStore();
  const limited = limitStorage(store, 5);
  const small = blob("12345");
  const large = blob("123456");
  await limited.push(small, bytesSource("12345"));
  await expect(limited.push(large, bytesSource("123456"))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 5 });
  expect([await limited.exists(small), await limited.exists(large)]).toEqual([true, false]);
  expect((await readAllVerified(await limited.fetch(small), small)).toString()).toBe("12345");
});

test("[client/B-72] descriptors of bytes have a media type, and are equal when they name the same content", () => {
  const plain = descriptorOf(undefined, Buffer.from("x"));
  expect([plain.mediaType, plain.size]).toEqual(["application/octet-stream", 1]);
  expect(descriptorOf("", Buffer.from("x"))).toEqual(plain);
  expect(isSameContent(plain, { ...plain, annotations: { k: "v" }, urls: ["https://x.test"] })).toBe(true);
  for (const change of [{ size: 2 }, { mediaType: "x/y" }, { digest: layer.digest }])
    expect(isSameContent(plain, { ...plain, ...change })).toBe(false);
});

test("[client/C-33] layersOf() gives the layers of schema 1 bottom first too", () => {
  const [top, bottom] = [layer.digest, base.digest];
  const old = {
    schemaVersion: 1,
    name: "a",
    tag: "t",
    architecture: "amd64",
    fsLayers: [top, bottom].map((blobSum) => ({ blobSum })),
    history: [{ v1Compatibility: "{}" }, { v1Compatibility: "{}" }],
  };
  expect(layersOf(decodeManifest(Buffer.from(JSON.stringify(old)), dockerSchema1)).map(({ digest }) => digest)).toEqual([bottom, top]);
  const image = decodeManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [base, layer] })), ociManifest);
  expect(layersOf(image)).toEqual([base, layer]);
  const index = decodeManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] })), ociIndex);
  expect(layersOf(index)).toEqual([]);
});
