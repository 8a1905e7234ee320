import { describe, expect, test } from "vitest";
import { InvalidReferenceError } from "./errors.ts";
import {
  formatRegistryReference,
  parseReferenceWithin,
  parseRegistryHost,
  parseRegistryReference,
  referenceOrDefault,
  registryTrafficHost,
} from "./registry-reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("parseRegistryReference()", () => {
  test.each([
    ["r.test/p", "r.test", "p", undefined],
    ["r.test/p:tag", "r.test", "p", "tag"],
    [`r.test/p@${digest}`, "r.test", "p", digest],
    [`r.test/p:not a tag!@${digest}`, "r.test", "p", digest],
    ["localhost:5000/a/b:1", "localhost:5000", "a/b", "1"],
    ["my_registry:5000/a", "my_registry:5000", "a", undefined],
    ["[::1]:5000/a", "[::1]:5000", "a", undefined],
    ["oci://r.test/p:tag", "r.test", "p", "tag"],
  ])("[client/B-12] reads %j", (input, registry, repository, reference) => {
    const parsed = parseRegistryReference(input);
    expect([parsed.registry, parsed.repository, parsed.reference]).toEqual([registry, repository, reference]);
  });

  test.each([
    "",
    "noslash",
    "localhost/UPPERCASE/x",
    "localhost:v1/x",
    `h/r:tag:${digest}`,
    `h/r@@${digest}`,
    `h/r @${digest}`,
    " h/r",
    "h/r ",
    "h/r:",
    "h/r@",
    "/r",
    "h/",
    "h/r@sha256:abc",
    `h/r@md5:${"a".repeat(32)}`,
    `h/r:${"t".repeat(129)}`,
    "user@h/r",
    "h:99999/r",
    "http://h/r",
    "h//r",
    "h/../r",
    `h/${"a".repeat(256)}`,
  ])("[client/B-12] refuses %j", (input) => {
    expect(() => parseRegistryReference(input)).toThrow(InvalidReferenceError);
  });
});

test("[client/B-13] traffic goes to Docker Hub's own host; the default is latest; text forms are told apart", () => {
  expect(["docker.io", "index.docker.io", "r.test"].map(registryTrafficHost)).toEqual([
    "registry-1.docker.io",
    "registry-1.docker.io",
    "r.test",
  ]);
  expect(referenceOrDefault(parseRegistryReference("r.test/p"))).toBe("latest");
  expect(referenceOrDefault(parseRegistryReference("r.test/p:t"))).toBe("t");
  for (const text of ["r.test/p", "r.test/p:t", `r.test/p@${digest}`])
    expect(formatRegistryReference(parseRegistryReference(text))).toBe(text);
});

describe("parseReferenceWithin()", () => {
  const base = parseRegistryReference("r.test/a/b:ignored");

  test.each([
    ["t", "t"],
    [digest, digest],
    [`t@${digest}`, digest],
    [`@${digest}`, digest],
    ["r.test/a/b:t", "t"],
    [`r.test/a/b@${digest}`, digest],
    ["host.test", "host.test"],
  ])("[client/B-14] reads %j", (input, wanted) => {
    expect(parseReferenceWithin(base, input)).toEqual({ registry: "r.test", repository: "a/b", reference: wanted });
  });

  test.each(["", "r.test/a/b", "x y", `t@t`, "sha256:abc", "@"])("[client/B-14] refuses %j", (input) => {
    expect(() => parseReferenceWithin(base, input)).toThrow(InvalidReferenceError);
  });

  test.each(["r.test/other:t", "x.test/a/b:t"])("[client/B-14] refuses %j and names both sides", (input) => {
    expect(() => parseReferenceWithin(base, input)).toThrow(`Cannot parse reference "${input}": expected a reference within "r.test/a/b"`);
  });
});

test("parseRegistryHost() takes hosts only", () => {
  expect(parseRegistryHost("localhost:5000")).toBe("localhost:5000");
  for (const input of ["", "a/b", "http://x", "host:v1", "h:70000", "a..b", "-a", "a-", "[::1", "[::1]x"]) {
    expect(() => parseRegistryHost(input)).toThrow(InvalidReferenceError);
  }
  expect(() => parseRegistryHost("h:70000")).toThrow("expected a port up to 65535");
  expect(() => parseRegistryHost("::1:70000")).toThrow(/invalid registry$/);
});
