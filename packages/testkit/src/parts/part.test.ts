import { mkdir, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findPart, MissingPartError, partsFolder, requirePart } from "./part.ts";
import { createScratch, type Scratch } from "./scratch.ts";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
  vi.stubEnv("BERTH_PARTS", scratch.path);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await scratch.remove();
});

test("findPart() gives the path and version of a part that is unpacked", async () => {
  await mkdir(scratch.join("crane", "usr", "bin"), { recursive: true });
  await writeFile(scratch.join("crane", "usr", "bin", "crane"), "");
  await writeFile(scratch.join("crane", ".version"), "crane 1.2.3-4\nmore 5\n");
  const part = findPart("crane");
  expect(part?.version).toBe("crane 1.2.3-4");
  expect(part?.command("crane")).toBe(scratch.join("crane", "usr", "bin", "crane"));
  expect(() => part?.command("krane")).toThrow(TypeError);
});

test("findPart() wants every file of a part", async () => {
  await mkdir(scratch.join("docker-sid", "usr", "bin"), { recursive: true });
  await writeFile(scratch.join("docker-sid", "usr", "bin", "docker"), "");
  expect(findPart("docker-sid")).toBeUndefined();
});

test("requirePart() names a part that is missing and how to get it", () => {
  expect(() => requirePart("oras")).toThrow(MissingPartError);
  expect(() => requirePart("oras")).toThrow("Cannot find oras: run .ci/install-parts oras");
});

test("partsFolder() falls back to the user's cache folder", () => {
  vi.stubEnv("BERTH_PARTS", undefined);
  vi.stubEnv("XDG_CACHE_HOME", "/caches");
  expect(partsFolder()).toBe("/caches/berth-parts");
});
