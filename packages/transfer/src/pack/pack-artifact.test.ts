import { readFile, writeFile } from "node:fs/promises";
import { bytesSource, decodeManifest, type Descriptor, type Digest, EMPTY_JSON_DIGEST, MEDIA_TYPES, UnsupportedError } from "@berth/oci";
import { descriptorOf, digestOf, fileSource, readAllVerified } from "@berth/oci/node";
import { createScratch } from "@berth/testkit/parts";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { parseAnnotationsFile } from "./annotations-file.ts";
import { InvalidPackError } from "./errors.ts";
import { attachArtifact, CREATED_ANNOTATION, packArtifact, type PackArtifactOptions } from "./pack-artifact.ts";
import type { BlobToPack } from "./pack-blob.ts";

const created = { [CREATED_ANNOTATION]: "2026-01-02T03:04:05Z" };
const title = "org.opencontainers.image.title";
const hi: BlobToPack = { source: bytesSource("hi <&> there"), mediaType: MEDIA_TYPES.ociLayer, annotations: { [title]: "hi.txt" } };
const config: BlobToPack = { source: bytesSource('{"a":1}\n'), mediaType: "application/vnd.c" };

async function manifestOf(store: MemoryTarget, descriptor: Descriptor) {
  return decodeManifest(await readAllVerified(await store.fetch(descriptor), descriptor), descriptor.mediaType);
}

/** What oras 1.3 prints for the same files, types and annotations. */
const ORAS: readonly (readonly [title: string, options: PackArtifactOptions, digest: string])[] = [
  [
    "a file and characters that Go escapes",
    { artifactType: "application/vnd.berth.test", annotations: { ...created, k: "<v>&w" }, layers: [{ ...hi, mediaType: "text/plain" }] },
    "sha256:bbbdd0b520b377b844f47874f43f85627d9dc4e180ed8ed9be07bf5a0df0d1da",
  ],
  [
    "no files",
    { artifactType: "application/vnd.berth.test", annotations: created },
    "sha256:3edbe52b45f3a0d1502be84a22a0dae827e546667af4e7ec1ae6a70eefaa7370",
  ],
  [
    "image-spec 1.0 with a config type",
    { imageSpec: "1.0", artifactType: "application/vnd.my.config", annotations: created, layers: [hi] },
    "sha256:feb43828c2fa00b52d9daefacbc3b097a6a8f9101e0f321020c7ba7b2cd14d6f",
  ],
  [
    "a config and a type",
    { artifactType: "application/x.y", config, annotations: created, layers: [hi] },
    "sha256:0f96411977be07a9d7ad56f6b80065c3f08cbf3fb22a8c0e6d2ffef9ab1b11dd",
  ],
  [
    "image-spec 1.0 with a config and no files",
    { imageSpec: "1.0", config: { ...config, mediaType: "application/vnd.unknown.config.v1+json" }, annotations: created },
    "sha256:088c0ed237afcb56aec3ac3afb95e78072ac8dea401f308fd08bcdb25d50e41d",
  ],
];

test.each(ORAS)("packArtifact() makes of %s the manifest that oras makes", async (_title, options, digest) => {
  const store = createMemoryStore();
  const packed = await packArtifact(store, options);
  expect(packed.digest).toBe(digest);
  for (const { descriptor } of (await manifestOf(store, packed)).references) expect(await store.exists(descriptor)).toBe(true);
});

test("packArtifact() takes the annotations of a file of annotations as oras does", async () => {
  const file = parseAnnotationsFile(
    JSON.stringify({
      $manifest: { 10: "x", 9: "y", é: "<b>&c", [CREATED_ANNOTATION]: "2026-01-02T03:04:05+01:00" },
      $config: { k: "v" },
      "hi.txt": { z: "1" },
    }),
  );
  const layers = [{ ...hi, annotations: { ...hi.annotations, ...file.files.get("hi.txt") } }];
  const packed = await packArtifact(createMemoryStore(), {
    artifactType: "a/b",
    annotations: file.manifest,
    configAnnotations: file.config,
    layers,
  });
  expect(packed.digest).toBe("sha256:0776e569cc96c0474f8b44bff8c55d36019f345e0d613d19aad9c2fbcd0f5bb8");
});

test("[engine/T16] an artifact with the empty config stores one manifest and its blobs, the empty one once", async () => {
  const pushed: string[] = [];
  const store = createMemoryStore();
  const counting = {
    exists: store.exists.bind(store),
    push: async (...args: Parameters<typeof store.push>) => {
      pushed.push(args[0].digest);
      await store.push(...args);
    },
  };
  const packed = await packArtifact(counting, { artifactType: "a/b", layers: [hi], annotations: created });
  expect(pushed).toEqual([EMPTY_JSON_DIGEST, digestOf("hi <&> there"), packed.digest]);
  pushed.length = 0;
  const empty = await packArtifact(counting, { artifactType: "a/b", annotations: created });
  expect(pushed).toEqual([empty.digest]);
  expect(empty).toMatchObject({ artifactType: "a/b", annotations: created });
});

test("packArtifact() names content that is there, pushes what is not, and reads what can be read once through a file", async () => {
  await using scratch = { ...(await createScratch()), [Symbol.asyncDispose]: async () => undefined };
  const store = createMemoryStore();
  const there = descriptorOf("text/plain", Buffer.from("there"));
  await writeFile(scratch.join("file"), "from disk");
  async function* once(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("on");
    yield Buffer.from("ce");
  }
  const packed = await packArtifact(store, {
    artifactType: "a/b",
    epoch: 0,
    layers: [there, { source: await fileSource(scratch.join("file")), mediaType: "a/file" }, { source: once(), mediaType: "a/once" }],
  });
  const manifest = await manifestOf(store, packed);
  expect(manifest.references.slice(1).map(({ descriptor }) => descriptor)).toEqual([
    there,
    descriptorOf("a/file", await readFile(scratch.join("file"))),
    descriptorOf("a/once", Buffer.from("once")),
  ]);
  expect(manifest.annotations).toEqual({ [CREATED_ANNOTATION]: "1970-01-01T00:00:00Z" });
  expect(await store.exists(there)).toBe(false);
  await scratch.remove();
});

test("packArtifact() refuses what breaks the rules, and pushes nothing", async () => {
  const store = createMemoryStore();
  const subject = descriptorOf(MEDIA_TYPES.ociManifest, Buffer.from("{}"));
  const refused: readonly (readonly [options: PackArtifactOptions, part: string])[] = [
    [{ layers: [hi] }, "artifactType"],
    [{ config: { ...config, mediaType: MEDIA_TYPES.ociEmpty }, layers: [hi] }, "artifactType"],
    [{ artifactType: "no type", layers: [hi] }, "artifactType"],
    [{ artifactType: "", layers: [hi] }, "artifactType"],
    [{ imageSpec: "1.0", artifactType: "-/x", layers: [hi] }, "artifactType"],
    [{ config: { ...config, mediaType: "x" } }, "config.mediaType"],
    [{ artifactType: "a/b", layers: [hi, { ...hi, mediaType: "" }] }, "layers[1].mediaType"],
    [{ artifactType: "a/b", annotations: { [CREATED_ANNOTATION]: "yesterday" } }, "annotations"],
    [{ artifactType: "a/b", annotations: { [CREATED_ANNOTATION]: "2026-02-29T00:00:00Z" } }, "annotations"],
  ];
  for (const [options, part] of refused) {
    const error: unknown = await packArtifact(store, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidPackError);
    expect(error).toMatchObject({ part });
  }
  await expect(packArtifact(store, { imageSpec: "1.0", subject })).rejects.toThrow(UnsupportedError);
  await expect(packArtifact(store, { artifactType: "a/b", epoch: -1 })).rejects.toThrow(RangeError);
  expect(store.bytes).toBe(0);
});

test("attachArtifact() names its subject plainly, and wants something to say", async () => {
  const store = createMemoryStore();
  const subject = await packArtifact(store, { artifactType: "a/b", annotations: created });
  const attached = await attachArtifact(store, subject, { artifactType: "a/sbom", layers: [hi], annotations: created });
  const { mediaType, digest, size } = subject;
  expect((await manifestOf(store, attached)).subject).toEqual({ mediaType, digest, size });
  expect(await Array.fromAsync(store.referrers(subject))).toMatchObject([{ digest: attached.digest, artifactType: "a/sbom" }]);
  await attachArtifact(store, subject, { artifactType: "a/note", annotations: { note: "x" } });
  await expect(attachArtifact(store, subject, { artifactType: "a/b" })).rejects.toThrow(InvalidPackError);
});

test("packArtifact() ends with the reason of its signal, or with the error of the first layer that fails", async () => {
  const reason = new Error("enough");
  const store = createMemoryStore();
  await expect(packArtifact(store, { artifactType: "a/b", layers: [hi], signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const failure = new Error("no room");
  const failing = {
    exists: async () => false,
    push: async ({ digest }: { readonly digest: Digest }) => {
      if (digest === digestOf("bad")) throw failure;
    },
  };
  const layers = ["a", "bad", "b", "c"].map((text) => ({ source: bytesSource(text), mediaType: "a/b" }));
  await expect(packArtifact(failing, { artifactType: "a/b", layers, concurrency: 1 })).rejects.toBe(failure);
});
