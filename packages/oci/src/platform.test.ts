import { expect, test } from "vitest";
import { formatPlatform, matchesPlatform, normalizePlatform, type Platform, parsePlatform, platformOfConfig } from "./platform.ts";

test.each([
  ["linux/amd64", { os: "linux", architecture: "amd64" }],
  ["Linux/X86_64", { os: "linux", architecture: "amd64" }],
  ["linux/arm64/v8", { os: "linux", architecture: "arm64" }],
  ["linux/aarch64", { os: "linux", architecture: "arm64" }],
  ["linux/arm", { os: "linux", architecture: "arm", variant: "v7" }],
  ["linux/arm/6", { os: "linux", architecture: "arm", variant: "v6" }],
  ["linux/armhf", { os: "linux", architecture: "arm", variant: "v7" }],
  ["linux/armel", { os: "linux", architecture: "arm", variant: "v6" }],
  ["linux/i386", { os: "linux", architecture: "386" }],
  ["linux/amd64/v3", { os: "linux", architecture: "amd64", variant: "v3" }],
  ["macos/arm64", { os: "darwin", architecture: "arm64" }],
  ["windows", { os: "windows", architecture: "amd64" }],
  ["arm64", { os: "linux", architecture: "arm64" }],
  ["windows(10.0.17763)/amd64", { os: "windows", architecture: "amd64", "os.version": "10.0.17763" }],
  ["unknown/unknown", { os: "unknown", architecture: "unknown" }],
])("parsePlatform(%j)", (text, wanted) => {
  expect(parsePlatform(text)).toEqual(wanted);
  expect(parsePlatform(formatPlatform(wanted))).toEqual(wanted);
});

test.each(["", "/", "linux/", "a/b/c/d", "linux/ amd64", "linux/amd64/", "a*b/c", "win(1/amd64", "x".repeat(300)])(
  "parsePlatform(%j) throws a SyntaxError",
  (text) => {
    expect(() => parsePlatform(text)).toThrow(SyntaxError);
  },
);

test("normalizePlatform() keeps what it does not know", () => {
  const platform: Platform = { os: "linux", architecture: "riscv64", variant: "rva23", "os.features": ["x"] };
  expect(normalizePlatform(platform)).toEqual(platform);
});

test.each([
  ["linux/arm64", "linux/arm64/v8", true],
  ["linux/arm64/v8", "linux/arm64", true],
  ["linux/amd64", "linux/amd64/v3", true],
  ["linux/amd64/v3", "linux/amd64", false],
  ["linux/amd64", "windows/amd64", false],
  ["linux/arm/v6", "linux/arm/v7", false],
  ["windows(10.0)/amd64", "windows/amd64", false],
  ["windows/amd64", "windows(10.0)/amd64", true],
])("matchesPlatform(%j, %j) is %j", (wanted, actual, result) => {
  const plain = (text: string): Platform => {
    const [os = "", architecture = "", variant] = text.replace("(10.0)", "").split("/");
    return { os, architecture, ...(variant !== undefined && { variant }), ...(text.includes("(10.0)") && { "os.version": "10.0" }) };
  };
  expect(matchesPlatform(plain(wanted), plain(actual))).toBe(result);
});

test("matchesPlatform() wants every OS feature asked for", () => {
  const base = { os: "windows", architecture: "amd64" };
  expect(matchesPlatform({ ...base, "os.features": ["a"] }, { ...base, "os.features": ["a", "b"] })).toBe(true);
  expect(matchesPlatform({ ...base, "os.features": ["a", "c"] }, { ...base, "os.features": ["a", "b"] })).toBe(false);
});

test("platformOfConfig() takes what is of the right type, and wants OS and architecture", () => {
  const config = { os: "windows", architecture: "amd64", "os.version": "10.0.1", "os.features": ["a", 1], variant: 7, config: {} };
  expect(platformOfConfig(config)).toEqual({ os: "windows", architecture: "amd64", "os.version": "10.0.1", "os.features": ["a"] });
  expect(platformOfConfig({ os: "linux" })).toBeUndefined();
  expect(platformOfConfig({ architecture: "amd64", os: 1 })).toBeUndefined();
});
