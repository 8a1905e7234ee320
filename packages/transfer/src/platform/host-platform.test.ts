import { formatPlatform, parsePlatform } from "@berth/oci";
import { expect, test } from "vitest";
import { type HostFacts, hostPlatform } from "./host-platform.ts";

const V2 = ["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"];
const V3 = [...V2, "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"];
const V4 = [...V3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"];

test.each<[string, HostFacts]>([
  ["linux/amd64", { platform: "linux", arch: "x64", cpuFlags: new Set(["sse2"]) }],
  ["linux/amd64/v2", { platform: "linux", arch: "x64", cpuFlags: new Set(V2) }],
  ["linux/amd64/v3", { platform: "linux", arch: "x64", cpuFlags: new Set(V3) }],
  ["linux/amd64/v4", { platform: "linux", arch: "x64", cpuFlags: new Set(V4) }],
  ["linux/amd64/v2", { platform: "linux", arch: "x64", cpuFlags: new Set(V4.filter((flag) => flag !== "avx2")) }],
  ["linux/arm64", { platform: "linux", arch: "arm64" }],
  ["linux/arm/v6", { platform: "linux", arch: "arm", armVersion: "6" }],
  ["linux/arm/v7", { platform: "linux", arch: "arm", armVersion: "" }],
  ["linux/386", { platform: "linux", arch: "ia32" }],
  ["linux/riscv64", { platform: "linux", arch: "riscv64" }],
  ["linux/arm64", { platform: "darwin", arch: "arm64" }],
  ["linux/amd64", { platform: "darwin", arch: "x64" }],
  ["freebsd/amd64", { platform: "freebsd", arch: "x64" }],
  ["windows(10.0.20348)/amd64", { platform: "win32", arch: "x64", release: "10.0.20348" }],
])("[engine/T19] a machine is %s", (text, facts) => {
  expect(formatPlatform(hostPlatform(facts))).toBe(text);
});

test("[engine/T19] this machine has a platform, the same each time", () => {
  expect(hostPlatform()).toBe(hostPlatform());
  expect(parsePlatform(formatPlatform(hostPlatform()))).toEqual(hostPlatform());
});
