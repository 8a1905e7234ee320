import { describe, expect, test } from "vitest";
import { DigestSet } from "./digest-set.ts";
import {
  familiarMatch,
  familiarName,
  familiarString,
  parseAnyReference,
  parseDockerRef,
  parseNormalizedNamed,
  tagNameOnly,
} from "./docker-reference.ts";
import { formatReference } from "./image-reference.ts";

const hex = "a".repeat(64);

describe("parseNormalizedNamed()", () => {
  test.each([
    ["ubuntu", "docker.io/library/ubuntu", "ubuntu"],
    ["ubuntu:22.04", "docker.io/library/ubuntu:22.04", "ubuntu:22.04"],
    ["library/ubuntu", "docker.io/library/ubuntu", "ubuntu"],
    ["me/tool", "docker.io/me/tool", "me/tool"],
    ["docker.io/ubuntu", "docker.io/library/ubuntu", "ubuntu"],
    ["index.docker.io/ubuntu", "docker.io/library/ubuntu", "ubuntu"],
    ["index.docker.io/me/tool", "docker.io/me/tool", "me/tool"],
    ["localhost/x", "localhost/x", "localhost/x"],
    ["localhost:5000/x:t", "localhost:5000/x:t", "localhost:5000/x:t"],
    ["r.test/x", "r.test/x", "r.test/x"],
    ["Upper/x", "Upper/x", "Upper/x"],
    ["docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"],
    ["r.test:tag", "docker.io/library/r.test:tag", "r.test:tag"],
    [`x@sha256:${hex}`, `docker.io/library/x@sha256:${hex}`, `x@sha256:${hex}`],
    [`x:t@sha256:${hex}`, `docker.io/library/x:t@sha256:${hex}`, `x:t@sha256:${hex}`],
    ["[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"],
  ])("[server/F4] %j is %j, familiar %j", (input, full, familiar) => {
    const named = parseNormalizedNamed(input);
    expect(formatReference(named)).toBe(full);
    expect(familiarString(named)).toBe(familiar);
    expect(formatReference(parseNormalizedNamed(familiar))).toBe(full);
  });

  test.each([
    ["", "at least one component"],
    [hex, "cannot specify 64-byte hexadecimal strings"],
    ["Ubuntu", "must be lowercase"],
    ["me/Tool", "must be lowercase"],
    ["r.test/", "invalid reference format"],
    ["a_b.c/x", "invalid reference format"],
    ["-r.test/x", "invalid reference format"],
    ["x:", "invalid reference format"],
    ["x@sha256:abc", "invalid reference format"],
    ["docker.io//x", "invalid reference format"],
    ["x y", "invalid reference format"],
    [`r.test/${"a".repeat(256)}`, "must not be more than 255 characters"],
  ])("[server/F3,F4] refuses %j: %s", (input, reason) => {
    expect(() => parseNormalizedNamed(input)).toThrow(reason);
  });
});

test("[server/F4] parseDockerRef() drops the tag when there is a digest, else defaults it", () => {
  expect(formatReference(parseDockerRef(`x:t@sha256:${hex}`))).toBe(`docker.io/library/x@sha256:${hex}`);
  expect(formatReference(parseDockerRef("x"))).toBe("docker.io/library/x:latest");
  expect(formatReference(parseDockerRef("x:t"))).toBe("docker.io/library/x:t");
  expect(tagNameOnly(parseNormalizedNamed("x:t")).tag).toBe("t");
});

test("[server/F5] parseAnyReference() takes digests, identifiers and names", () => {
  expect(parseAnyReference(hex)).toEqual({ digest: `sha256:${hex}` });
  expect(parseAnyReference(`sha256:${hex}`)).toEqual({ digest: `sha256:${hex}` });
  expect(familiarString(parseAnyReference(`sha256:${hex}`))).toBe(`sha256:${hex}`);
  expect(formatReference(parseAnyReference("x"))).toBe("docker.io/library/x");
  const known = new DigestSet([`sha256:${hex}`]);
  expect(parseAnyReference("aaaaaaa", known)).toEqual({ digest: `sha256:${hex}` });
  expect(formatReference(parseAnyReference("bbbbbbb", known))).toBe("docker.io/library/bbbbbbb");
});

test.each([
  ["ubuntu", "ubuntu:22.04", true],
  ["ubuntu:*", "ubuntu:22.04", true],
  ["*", "ubuntu", true],
  ["*", "me/tool", false],
  ["me/*", "me/tool:1", true],
  ["**/tool", "a.test/me/tool", false],
  ["*/tool:[0-9]", "me/tool:1", true],
  ["*/tool:[^0-9]", "me/tool:1", false],
  ["m?/tool", "me/tool", true],
  ["ubuntu:22\\.04", "ubuntu:22.04", true],
  ["alpine", "ubuntu", false],
])("[server/F5] familiarMatch(%j, %j) is %j", (pattern, reference, wanted) => {
  expect(familiarMatch(pattern, parseNormalizedNamed(reference))).toBe(wanted);
});

test("[server/F5] familiarName() leaves tag and digest out", () => {
  expect(familiarName(parseNormalizedNamed("docker.io/library/x:t"))).toBe("x");
});

test.each(["[", "[a", "[]", "[a-]", "[-a]", "a\\", "[\\", "*".repeat(2000)])("familiarMatch() refuses the pattern %j", (pattern) => {
  expect(() => familiarMatch(pattern, parseNormalizedNamed("ubuntu"))).toThrow(SyntaxError);
});
