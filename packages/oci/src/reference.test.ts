import { describe, expect, test } from "vitest";
import { InvalidReferenceError } from "./errors.ts";
import { isRepositoryName, isTag, parseRepositoryName, parseTag } from "./reference.ts";

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidReferenceError) return error.reason;
    throw error;
  }
  return "";
}

describe("parseRepositoryName()", () => {
  test.each([
    "a",
    "0",
    "library/alpine",
    "a/b/c/d",
    "a.b",
    "a_b",
    "a__b",
    "a-b",
    "a---b",
    "a1.b2_c3__d4-e5/f",
    "a/blobs/uploads",
    "x/manifests/y",
    "a".repeat(255),
  ])("[server/F1,F2,O33] takes %j", (name) => {
    expect(parseRepositoryName(name)).toBe(name);
  });

  test.each([
    ["", "repository name must have at least one component"],
    ["A", "repository name must be lowercase"],
    ["library/Alpine", "repository name must be lowercase"],
    ["a".repeat(256), "repository name must not be more than 255 characters"],
    ["a..b", "invalid reference format"],
    ["a___b", "invalid reference format"],
    ["a._b", "invalid reference format"],
    ["a-_b", "invalid reference format"],
    ["-a", "invalid reference format"],
    ["a-", "invalid reference format"],
    ["a/", "invalid reference format"],
    ["/a", "invalid reference format"],
    ["a//b", "invalid reference format"],
    ["a/-b", "invalid reference format"],
    ["a/../b", "invalid reference format"],
    ["..", "invalid reference format"],
    ["a%2fb", "invalid reference format"],
    ["a\0b", "invalid reference format"],
    ["a b", "invalid reference format"],
    ["a:b", "invalid reference format"],
    ["é", "invalid reference format"],
    ["\u212a", "invalid reference format"], // the Kelvin sign, which lower-cases to a plain k
    ["a\n", "invalid reference format"],
    ["..".repeat(5000), "invalid reference format"],
  ])("[server/F1,F2,F3] refuses %j: %s", (name, reason) => {
    expect(reasonOf(() => parseRepositoryName(name))).toBe(reason);
    expect(isRepositoryName(name)).toBe(false);
  });
});

describe("parseTag()", () => {
  test.each(["a", "_", "1.0", "V1.0-rc_1", "a".repeat(128)])("[server/F1] takes %j", (tag) => {
    expect(parseTag(tag)).toBe(tag);
  });

  test.each(["", ".a", "-a", "a/b", "a:b", "a b", "é", "a\n", "a".repeat(129), "sha256:aa", "a+b"])("[server/F1,F3] refuses %j", (tag) => {
    expect(reasonOf(() => parseTag(tag))).toBe("invalid tag format");
    expect(isTag(tag)).toBe(false);
  });
});
