import { describe, expect, test } from "vitest";
import { InvalidManifestError } from "../errors.ts";
import { EMPTY_JSON_DIGEST, MEDIA_TYPES } from "../media-types.ts";
import { decodeManifest } from "./decode.ts";
import { effectiveArtifactType, type Manifest } from "./manifest.ts";
import { sniffMediaType } from "./sniff.ts";

const digest = (c: string): string => `sha256:${c.repeat(64)}`;
const config = { mediaType: MEDIA_TYPES.ociConfig, digest: digest("a"), size: 2 };
const layer = (c: string): object => ({ mediaType: MEDIA_TYPES.ociLayerGzip, digest: digest(c), size: 10 });
const image = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer("b"), layer("c")] };
const child = (c: string, more: object = {}): object => ({ mediaType: MEDIA_TYPES.ociManifest, digest: digest(c), size: 5, ...more });
const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [child("d"), child("e")] };
const list = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.dockerManifestList,
  manifests: [child("d", { platform: { architecture: "amd64", os: "linux" } })],
};
const schema1 = {
  schemaVersion: 1,
  name: "a/b",
  tag: "t",
  architecture: "amd64",
  fsLayers: [{ blobSum: digest("b") }],
  history: [{ v1Compatibility: "{}" }],
};

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const decode = (value: unknown, type?: string): Manifest => decodeManifest(bytes(value), type);
const decodeImage = (more: object): Manifest => decode({ ...image, ...more }, MEDIA_TYPES.ociManifest);
const without = (value: object, key: string): object => Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidManifestError) return error.message.replace("Cannot accept manifest: ", "");
    throw error;
  }
  return "accepted";
}

describe("images", () => {
  test("[server/M5] references are the config, then the layers in order", () => {
    const manifest = decode(image, MEDIA_TYPES.ociManifest);
    expect(manifest.kind).toBe("image");
    expect(manifest.references.map(({ kind, descriptor }) => [kind, descriptor.digest])).toEqual([
      ["config", digest("a")],
      ["layer", digest("b")],
      ["layer", digest("c")],
    ]);
  });

  test("[server/M2] the bytes are kept as they came", () => {
    const raw = bytes(`  ${JSON.stringify({ ...image, custom: { deep: [1] } }, undefined, 7)}\n`);
    expect(decodeManifest(raw, MEDIA_TYPES.ociManifest).raw).toBe(raw);
  });

  test.each([
    [{ config: undefined }, "config is missing"],
    [{ config: null }, "config is missing"],
    [{ config: [] }, "config: expected an object"],
    [{ config: without(config, "size") }, "config.size is missing"],
    [{ config: without(config, "digest") }, "config.digest is missing"],
    [{ config: { ...config, mediaType: "" } }, "config.mediaType is missing"],
    [{ config: { ...config, size: -1 } }, /^config.size: expected a whole number/],
    [{ config: { ...config, size: 1.5 } }, /^config.size: expected a whole number/],
    [{ config: { ...config, size: 2 ** 53 } }, /^config.size: expected a whole number/],
    [{ config: { ...config, size: "2" } }, /^config.size: expected a whole number/],
    [{ config: { ...config, digest: "sha256:abc" } }, /^config.digest: .*expected 64 hex digits/],
    [{ config: { ...config, digest: `md5:${"a".repeat(32)}` } }, /^config.digest: .*unsupported algorithm "md5"/],
    [{ config: { ...config, urls: [1] } }, "config.urls[0]: expected a string"],
    [{ config: { ...config, data: 1 } }, "config.data: expected a string"],
    [{ layers: {} }, "layers: expected an array"],
    [{ layers: [layer("b"), null] }, "layers[1] is missing"],
    [{ annotations: { a: 1 } }, "annotations: expected string values"],
    [{ annotations: [] }, "annotations: expected an object"],
    [{ subject: "x" }, "subject: expected an object"],
    [{ subject: { ...config, digest: undefined } }, "subject.digest is missing"],
    [{ artifactType: 1 }, "artifactType: expected a string"],
    [{ schemaVersion: 1 }, "schemaVersion: expected 2"],
  ])("[server/M5] refuses %j: %s", (more, reason) => {
    expect(reasonOf(() => decodeImage(more))).toMatch(reason);
  });

  test("[server/O22] takes empty layers, the empty config, data fields and unknown members", () => {
    const empty = { mediaType: MEDIA_TYPES.ociEmpty, digest: EMPTY_JSON_DIGEST, size: 2, data: "e30=" };
    const manifest = decodeImage({ config: empty, layers: [], artifactType: "application/x", custom: true });
    expect(manifest).toMatchObject({ configMediaType: MEDIA_TYPES.ociEmpty, artifactType: "application/x", layers: [] });
    expect(manifest.references[0]?.descriptor.data).toBe("e30=");
    expect(decodeImage({ layers: null }).references).toHaveLength(1);
  });

  test("reads subject, annotations and the rest of a descriptor", () => {
    const urls = ["https://a.test/x"];
    const manifest = decodeImage({
      subject: child("f"),
      annotations: { k: "v" },
      layers: [{ ...layer("b"), urls, annotations: { l: "w" }, artifactType: "t" }],
    });
    expect(manifest.subject?.digest).toBe(digest("f"));
    expect(manifest.annotations).toEqual({ k: "v" });
    expect(manifest.references[1]?.descriptor).toEqual({ ...layer("b"), urls, annotations: { l: "w" }, artifactType: "t" });
  });

  test("a subject of a Docker manifest means nothing", () => {
    const docker = { ...image, mediaType: MEDIA_TYPES.dockerManifest, subject: child("f") };
    expect(decode(docker, MEDIA_TYPES.dockerManifest).subject).toBeUndefined();
  });
});

describe("media type of the body", () => {
  test("[server/M3] must equal the content type, whose parameters do not count", () => {
    expect(decode(image, `${MEDIA_TYPES.ociManifest}; charset=utf-8`).mediaType).toBe(MEDIA_TYPES.ociManifest);
    expect(reasonOf(() => decode(image, MEDIA_TYPES.dockerManifest))).toMatch(
      /^mediaType in the body is ".*oci.*", the content type is ".*docker.*"$/,
    );
    expect(reasonOf(() => decode(image, "application/x"))).toMatch(/^mediaType in the body is/);
    expect(reasonOf(() => decodeImage({ mediaType: 7 }))).toBe("mediaType: expected a string");
  });

  test("[server/M3] may be absent for OCI, not for Docker", () => {
    expect(decode(without(image, "mediaType"), MEDIA_TYPES.ociManifest).kind).toBe("image");
    expect(decode(without(index, "mediaType"), MEDIA_TYPES.ociIndex).kind).toBe("index");
    expect(reasonOf(() => decode(without(image, "mediaType"), MEDIA_TYPES.dockerManifest))).toMatch(/^mediaType is missing/);
    expect(reasonOf(() => decode(without(list, "mediaType"), MEDIA_TYPES.dockerManifestList))).toMatch(/^mediaType is missing/);
  });

  test("refuses a content type that is none", () => {
    expect(reasonOf(() => decode(image, "nonsense"))).toBe("the content type is not a media type");
  });
});

describe("confusion", () => {
  test.each([
    [{ ...image, manifests: [] }, MEDIA_TYPES.ociManifest, "manifests must not stand in an image manifest"],
    [{ ...image, Manifests: [] }, MEDIA_TYPES.ociManifest, "manifests must not stand in an image manifest"],
    [{ ...index, config }, MEDIA_TYPES.ociIndex, "config must not stand in an index"],
    [{ ...index, layers: [] }, MEDIA_TYPES.ociIndex, "layers must not stand in an index"],
    [{ ...index, LAYERS: null }, MEDIA_TYPES.ociIndex, "layers must not stand in an index"],
    [{ ...list, config }, MEDIA_TYPES.dockerManifestList, "config must not stand in an index"],
    [
      { ...image, mediaType: MEDIA_TYPES.dockerManifest, manifests: [] },
      MEDIA_TYPES.dockerManifest,
      "manifests must not stand in an image manifest",
    ],
    [{ ...without(image, "mediaType"), manifests: [] }, undefined, "config must not stand in an index"],
    [{ ...schema1, layers: [] }, MEDIA_TYPES.dockerSchema1, "layers must not stand in a schema 1 manifest"],
  ])("[server/M4] refuses bytes that are two things at once (%#)", (body, type, reason) => {
    expect(reasonOf(() => decode(body, type))).toBe(reason);
  });
});

describe("indexes", () => {
  test("[server/M5] references are the children in order", () => {
    expect(decode(index, MEDIA_TYPES.ociIndex).references.map(({ kind, descriptor }) => [kind, descriptor.digest])).toEqual([
      ["child", digest("d")],
      ["child", digest("e")],
    ]);
  });

  test("[server/M7] a Docker list entry needs its platform, an OCI one does not", () => {
    expect(decode(list, MEDIA_TYPES.dockerManifestList).references[0]?.descriptor.platform).toEqual({ architecture: "amd64", os: "linux" });
    const broken = (platform: unknown): string =>
      reasonOf(() => decode({ ...list, manifests: [child("d", { platform })] }, MEDIA_TYPES.dockerManifestList));
    expect(broken(undefined)).toBe("manifests[0].platform is missing");
    expect(broken({ os: "linux" })).toBe("manifests[0].platform.architecture is missing");
    expect(broken({ architecture: "amd64" })).toBe("manifests[0].platform.os is missing");
    expect(broken([])).toBe("manifests[0].platform: expected an object");
  });

  test("[server/M7,P4] keeps every platform field", () => {
    const platform = {
      architecture: "arm",
      os: "windows",
      variant: "v7",
      "os.version": "10.0",
      "os.features": ["win32k"],
      features: ["sse4"],
    };
    expect(decode({ ...index, manifests: [child("d", { platform })] }, MEDIA_TYPES.ociIndex).references[0]?.descriptor.platform).toEqual(
      platform,
    );
  });

  test("[server/O22] takes zero manifests and nested indexes", () => {
    expect(decode({ ...index, manifests: [] }, MEDIA_TYPES.ociIndex).references).toEqual([]);
    const nested = { ...index, manifests: [child("d", { mediaType: MEDIA_TYPES.ociIndex })] };
    expect(decode(nested, MEDIA_TYPES.ociIndex).references[0]?.descriptor.mediaType).toBe(MEDIA_TYPES.ociIndex);
    expect(reasonOf(() => decode(without(index, "manifests"), MEDIA_TYPES.ociIndex))).toBe("manifests is missing");
  });
});

describe("other kinds", () => {
  test("[server/M5] artifact manifests name their blobs", () => {
    const artifact = {
      mediaType: MEDIA_TYPES.ociArtifactManifest,
      artifactType: "application/x",
      blobs: [layer("b")],
      subject: child("f"),
    };
    const manifest = decode(artifact, MEDIA_TYPES.ociArtifactManifest);
    expect(manifest).toMatchObject({ kind: "artifact", artifactType: "application/x" });
    expect(manifest.references.map(({ kind }) => kind)).toEqual(["blob"]);
    expect(manifest.subject?.digest).toBe(digest("f"));
  });

  test("[server/M9] schema 1 names its layers, without sizes", () => {
    const manifest = decode(schema1, MEDIA_TYPES.dockerSchema1);
    expect(manifest).toMatchObject({ kind: "schema1", name: "a/b", tag: "t", architecture: "amd64", history: ["{}"], signed: false });
    expect(manifest.references).toEqual([{ kind: "layer", descriptor: expect.objectContaining({ digest: digest("b"), size: 0 }) }]);
    expect(reasonOf(() => decode({ ...schema1, history: [] }, MEDIA_TYPES.dockerSchema1))).toBe("history: has 0 entries, fsLayers has 1");
    expect(reasonOf(() => decode({ ...schema1, schemaVersion: 2 }, MEDIA_TYPES.dockerSchema1))).toBe("schemaVersion: expected 1");
    expect(reasonOf(() => decode({ ...schema1, fsLayers: [{}] }, MEDIA_TYPES.dockerSchema1))).toBe("fsLayers[0].blobSum is missing");
  });

  test("[server/M10] other types are taken as they are", () => {
    for (const raw of ["not json", "[1]", "{}", '{"config":1}', "\xff"]) {
      expect(decode(raw, "application/vnd.x")).toMatchObject({ kind: "other", mediaType: "application/vnd.x", references: [] });
    }
  });

  test("[server/M10] other types shaped like OCI name their parts", () => {
    const manifest = decode(
      { schemaVersion: 2, config, layers: [layer("b"), 7], manifests: [child("d")], subject: child("f"), artifactType: "t" },
      "application/vnd.x",
    );
    expect(manifest.references.map(({ kind }) => kind)).toEqual(["config", "layer", "child"]);
    expect(manifest).toMatchObject({ kind: "other", artifactType: "t", configMediaType: MEDIA_TYPES.ociConfig });
    expect(manifest.subject?.digest).toBe(digest("f"));
  });

  test("effectiveArtifactType() falls back to an image's config type only", () => {
    expect(effectiveArtifactType(decodeImage({ artifactType: "t" }))).toBe("t");
    expect(effectiveArtifactType(decodeImage({ artifactType: "" }))).toBe(MEDIA_TYPES.ociConfig);
    expect(effectiveArtifactType(decode(index, MEDIA_TYPES.ociIndex))).toBeUndefined();
  });
});

describe("type by shape", () => {
  test.each([
    [image, MEDIA_TYPES.ociManifest],
    [{ ...image, mediaType: MEDIA_TYPES.dockerManifest }, MEDIA_TYPES.dockerManifest],
    [list, MEDIA_TYPES.dockerManifestList],
    [without(image, "mediaType"), MEDIA_TYPES.ociManifest],
    [without(without(image, "mediaType"), "layers"), MEDIA_TYPES.ociManifest],
    [without(index, "mediaType"), MEDIA_TYPES.ociIndex],
    [schema1, MEDIA_TYPES.dockerSchema1],
    [{ schemaVersion: 2, mediaType: "application/vnd.x" }, "application/vnd.x"],
  ])("[server/M8] is found when the stored type is lost (%#)", (body, mediaType) => {
    expect(decode(body).mediaType).toBe(mediaType);
  });

  test("[server/M8] signatures tell the two forms of schema 1 apart", () => {
    expect(sniffMediaType({ ...schema1, signatures: [{}] })).toBe(MEDIA_TYPES.dockerSchema1Signed);
    expect(reasonOf(() => decode({ ...schema1, signatures: [{}] }))).toBe("signatures: Cannot verify manifest: a signature has no key");
  });

  test("[server/M8] an error says when nothing fits", () => {
    expect(reasonOf(() => decode({ schemaVersion: 2 }))).toBe("the media type is missing and the content does not tell it");
  });
});

describe("hostile bytes", () => {
  test.each([
    ["", "expected JSON"],
    ["nonsense", "expected JSON"],
    ["null", "expected a JSON object"],
    ["[]", "expected a JSON object"],
    ["\ufeff{}", "expected JSON"],
    ['{"a":'.repeat(100), "JSON is nested deeper than 64 levels"],
    ["[".repeat(4 << 20), "JSON is nested deeper than 64 levels"],
  ])("refuses them with a reason (%#)", (text, reason) => {
    expect(reasonOf(() => decode(text, MEDIA_TYPES.ociManifest))).toBe(reason);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(reasonOf(() => decodeManifest(Uint8Array.of(0x7b, 0xff, 0x7d), MEDIA_TYPES.ociManifest))).toBe("expected UTF-8");
  });

  test("brackets in strings are no nesting", () => {
    expect(decodeImage({ annotations: { k: `${'{[\\"'.repeat(200)}` } }).kind).toBe("image");
  });

  test("counts and depth are limited by options", () => {
    const raw = bytes(image);
    expect(reasonOf(() => decodeManifest(raw, MEDIA_TYPES.ociManifest, { maxReferences: 1 }))).toBe(
      "layers: has 2 entries, the limit is 1",
    );
    expect(reasonOf(() => decodeManifest(raw, MEDIA_TYPES.ociManifest, { maxDepth: 2 }))).toBe("JSON is nested deeper than 2 levels");
    const many = { ...index, manifests: Array.from({ length: 10_001 }, () => child("d")) };
    expect(reasonOf(() => decode(many, MEDIA_TYPES.ociIndex))).toBe("manifests: has 10001 entries, the limit is 10000");
  });

  test("a member named __proto__ stays a member", () => {
    const manifest = decode(JSON.stringify(image).replace("{", '{"annotations":{"__proto__":"x"},'), MEDIA_TYPES.ociManifest);
    expect(Object.keys(manifest.annotations ?? {})).toEqual(["__proto__"]);
    expect(reasonOf(() => decode('{"__proto__":{"config":{},"layers":[]}}', MEDIA_TYPES.ociManifest))).toBe("config is missing");
  });
});
