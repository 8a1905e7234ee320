import { describe, expect, test } from "vitest";
import type { ByteSource, Pusher } from "../content.ts";
import type { Descriptor } from "../descriptor.ts";
import { computeDigest, parseDigest } from "../digest.ts";
import { InvalidManifestError } from "../errors.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { createImageBuilder, createIndexBuilder } from "./builder.ts";

class Blobs implements Pusher {
  readonly calls: string[] = [];
  readonly content = new Map<string, Uint8Array>();

  async push(expected: Descriptor, content: ByteSource): Promise<void> {
    this.calls.push("push");
    for await (const chunk of content) this.content.set(expected.digest, chunk);
  }

  async exists(target: Descriptor): Promise<boolean> {
    this.calls.push("exists");
    return this.content.has(target.digest);
  }
}

const config = new TextEncoder().encode('{"os":"linux"}');
const layer = (c: string): Descriptor => ({ size: 3, digest: parseDigest(`sha256:${c.repeat(64)}`), mediaType: MEDIA_TYPES.ociLayerGzip });
const child: Descriptor = { ...layer("d"), mediaType: MEDIA_TYPES.ociManifest, platform: { architecture: "amd64", os: "linux" } };

describe("createImageBuilder()", () => {
  test("[server/M6] stats the config first and pushes it only when absent", async () => {
    const blobs = new Blobs();
    const builder = createImageBuilder({ blobs, config });
    const manifest = await builder.build();
    expect(blobs.calls).toEqual(["exists", "push"]);
    expect(blobs.content.get(await computeDigest(config))).toEqual(config);
    await builder.build();
    expect(blobs.calls).toEqual(["exists", "push", "exists"]);
    expect(manifest.references[0]?.descriptor).toEqual({
      mediaType: MEDIA_TYPES.ociConfig,
      digest: await computeDigest(config),
      size: config.byteLength,
    });
  });

  test.each([
    ["oci", MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociConfig],
    ["docker", MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerConfig],
  ] as const)(
    "[server/M6] writes %s manifests indented by three spaces, the same bytes each time",
    async (family, mediaType, configMediaType) => {
      const builder = createImageBuilder({ family, blobs: new Blobs(), config });
      builder.appendReference(layer("b"));
      const manifest = await builder.build();
      const text = new TextDecoder().decode(manifest.raw);
      const digest = await computeDigest(config);
      expect(text).toBe(`{
   "schemaVersion": 2,
   "mediaType": "${mediaType}",
   "config": {
      "mediaType": "${configMediaType}",
      "digest": "${digest}",
      "size": 14
   },
   "layers": [
      {
         "mediaType": "${MEDIA_TYPES.ociLayerGzip}",
         "digest": "${layer("b").digest}",
         "size": 3
      }
   ]
}`);
      expect((await builder.build()).raw).toEqual(manifest.raw);
    },
  );

  test("[server/P5] lists references in the order added and refuses manifests as layers", () => {
    const builder = createImageBuilder({ blobs: new Blobs(), config });
    builder.appendReference(layer("b"));
    builder.appendReference({ descriptor: layer("c") });
    expect(builder.references()).toEqual([layer("b"), layer("c")]);
    expect(() => builder.appendReference(child)).toThrow(InvalidManifestError);
  });

  test("writes subject, artifact type and annotations for OCI", async () => {
    const options = { blobs: new Blobs(), config, artifactType: "application/x", subject: child, annotations: { k: "v" } };
    expect(await createImageBuilder(options).build()).toMatchObject({
      artifactType: "application/x",
      subject: child,
      annotations: { k: "v" },
    });
    expect((await createImageBuilder({ ...options, family: "docker" }).build()).subject).toBeUndefined();
  });
});

describe("createIndexBuilder()", () => {
  test("[server/M6] Docker lists take descriptors with a platform only", async () => {
    const builder = createIndexBuilder({ family: "docker" });
    expect(() => builder.appendReference(layer("b"))).toThrow(InvalidManifestError);
    builder.appendReference(child);
    const manifest = await builder.build();
    expect([manifest.kind, manifest.mediaType]).toEqual(["index", MEDIA_TYPES.dockerManifestList]);
    expect(builder.references()).toEqual([child]);
  });

  test("[server/M6] OCI indexes take any, or none", async () => {
    const builder = createIndexBuilder({ subject: child, artifactType: "application/x" });
    expect((await builder.build()).references).toEqual([]);
    builder.appendReference({ ...child, platform: { os: "", architecture: "" } });
    builder.appendReference(layer("b"));
    const manifest = await builder.build();
    expect([manifest.mediaType, manifest.references.length, manifest.subject?.digest]).toEqual([MEDIA_TYPES.ociIndex, 2, child.digest]);
  });
});

test("[server/P4] digest, size and media type are always written", async () => {
  const builder = createIndexBuilder();
  builder.appendReference({ ...layer("b"), size: 0 });
  const body: unknown = JSON.parse(new TextDecoder().decode((await builder.build()).raw));
  expect(body).toMatchObject({ manifests: [{ mediaType: MEDIA_TYPES.ociLayerGzip, digest: layer("b").digest, size: 0 }] });
});
