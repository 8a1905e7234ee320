import { expect, test } from "vitest";
import type { Descriptor } from "./descriptor.ts";
import { parseDigest } from "./digest.ts";
import { MEDIA_TYPES } from "./media-types.ts";
import { type Platform, parsePlatform } from "./platform.ts";
import { findPlatform, rankPlatforms, selectPlatform } from "./select-platform.ts";

test.each([
  ["linux/arm/v7", ["linux/arm/v5", "linux/arm/v6", "linux/arm64"], 1],
  ["linux/arm/v6", ["linux/arm/v7"], -1],
  ["linux/arm64", ["linux/arm/v7", "linux/amd64", "linux/arm64"], 2],
  ["linux/arm64", ["linux/amd64", "linux/arm/v7"], 1],
  ["linux/amd64/v3", ["linux/386", "linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], 2],
  ["linux/amd64", ["linux/amd64/v2", "linux/386"], 1],
  ["linux/s390x", ["linux/amd64"], -1],
])("findPlatform(%j, %j) is %i", (wanted, candidates, index) => {
  expect(findPlatform(parsePlatform(wanted), candidates.map(parsePlatform))).toBe(index);
});

test("findPlatform() passes over entries without a platform", () => {
  expect(findPlatform(parsePlatform("linux/amd64"), [undefined, { os: "linux", architecture: "amd64" }])).toBe(1);
});

/** "-": no platform; "index": an index; "attestation": what buildx writes. */
function entry(text: string, at: number): Descriptor {
  const digest = parseDigest(`sha256:${String(at).padStart(64, "0")}`);
  const base = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 1 };
  if (text === "-") return base;
  if (text === "index") return { ...base, mediaType: MEDIA_TYPES.ociIndex };
  if (text.startsWith("index ")) return { ...base, mediaType: MEDIA_TYPES.ociIndex, platform: platformOf(text.slice(6)) };
  if (text === "attestation") {
    const annotations = { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest };
    return { ...base, annotations, platform: { os: "unknown", architecture: "unknown" } };
  }
  return { ...base, platform: platformOf(text) };
}

/** As it stands in an index: not normalised. */
function platformOf(text: string): Platform {
  const [first = "", architecture = "", variant] = text.split("/");
  const [, os = first, version] = /^(\w+)\((.*)\)$/.exec(first) ?? [];
  return { os, architecture, ...(version && { "os.version": version }), ...(variant !== undefined && { variant }) };
}

test.each<[wanted: string, entries: readonly string[], loose: readonly number[], strict: readonly number[]]>([
  ["linux/amd64", ["linux/arm64", "linux/amd64"], [1], [1]],
  ["linux/x86_64", ["linux/amd64"], [0], [0]],
  ["linux/amd64", ["linux/x86_64"], [0], [0]],
  ["linux/amd64", ["linux/386", "linux/amd64"], [1, 0], [1]],
  ["linux/amd64/v2", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64"], [1, 2], [1]],
  ["linux/amd64/v4", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v3", "linux/386"], [2, 1, 0, 3], []],
  ["linux/amd64", ["linux/amd64/v3"], [], [0]],
  ["linux/arm/v7", ["linux/arm/v6"], [0], []],
  ["linux/arm/v6", ["linux/arm/v7"], [], []],
  ["linux/arm/v7", ["linux/arm/v5", "linux/arm", "linux/arm/v6"], [1, 2, 0], [1]],
  ["linux/arm", ["linux/arm/v8", "linux/arm/v7"], [1], [1]],
  ["linux/arm64", ["linux/arm64/v8"], [0], [0]],
  ["linux/aarch64", ["linux/arm64"], [0], [0]],
  ["linux/arm64/v8.2", ["linux/arm64/v8.3", "linux/arm64", "linux/arm64/v8.1"], [2, 1], []],
  ["linux/arm64/v9.1", ["linux/arm64/v8.6", "linux/arm64/v8.7", "linux/arm64/v9.0", "linux/arm64/v9.2"], [2, 0], []],
  ["linux/arm64", ["linux/arm/v7", "linux/arm64/v9"], [0], [1]],
  ["linux/amd64", ["-", "linux/amd64"], [1, 0], [0, 1]],
  ["linux/s390x", ["-", "linux/amd64"], [0], []],
  ["linux/amd64", ["attestation", "linux/amd64", "attestation"], [1], [1]],
  ["linux/amd64", ["unknown/unknown"], [], []],
  ["unknown/unknown", ["attestation", "linux/amd64"], [0], [0]],
  [
    "windows(10.0.20348.1)/amd64",
    ["windows(10.0.26100.1)/amd64", "windows(10.0.17763.9)/amd64", "windows(10.0.20348.7)/amd64"],
    [2, 1],
    [],
  ],
  ["windows(10.0.17763.1)/amd64", ["windows/amd64", "windows(10.0.17763.1)/amd64", "linux/amd64"], [1, 0], [1]],
  ["windows/amd64", ["windows(10.0.20348.1)/amd64", "windows(10.0.17763.1)/amd64"], [0, 1], [0, 1]],
  ["linux/amd64", ["linux/amd64", "linux/arm64", "linux/amd64"], [0, 2], [0, 2]],
  ["linux/arm64", ["index", "linux/arm64"], [1, 0], [0, 1]],
  ["linux/arm64", ["index linux/amd64", "index linux/arm64"], [1], [1]],
  ["linux/riscv64", ["linux/amd64", "linux/riscv64"], [1], [1]],
  ["freebsd/amd64", ["linux/amd64"], [], []],
])("[engine/T19] for %s of %j: %j, strictly %j", (wanted, texts, loose, strict) => {
  const entries = texts.map(entry);
  const platform = wanted.includes("x86_64") || wanted.includes("aarch64") ? platformOf(wanted) : parsePlatform(wanted);
  const places = (strictly: boolean): readonly number[] =>
    selectPlatform(entries, platform, { strict: strictly }).map((one) => entries.indexOf(one));
  expect(places(false)).toEqual(loose);
  expect(places(true)).toEqual(strict);
});

test("[engine/T19] every OS feature asked for must be there", () => {
  const windows = { os: "windows", architecture: "amd64" };
  const candidates = [windows, { ...windows, "os.features": ["win32k", "more"] }];
  expect(rankPlatforms({ ...windows, "os.features": ["win32k"] }, candidates)).toEqual([1]);
  expect(rankPlatforms(windows, candidates)).toEqual([0, 1]);
  expect(rankPlatforms(windows, [])).toEqual([]);
});
