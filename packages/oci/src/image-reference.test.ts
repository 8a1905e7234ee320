import { describe, expect, test } from "vitest";
import { InvalidReferenceError } from "./errors.ts";
import {
  formatReference,
  isCanonical,
  isNamed,
  isNameOnly,
  isTagged,
  parseReference,
  trimNamed,
  withDigest,
  withName,
  withTag,
} from "./image-reference.ts";

const d256 = `sha256:${"f".repeat(64)}`;
const d512 = `sha512:${"f".repeat(128)}`;

describe("parseReference()", () => {
  test.each([
    ["test_com", ["", "test_com"]],
    ["test.com:tag", ["", "test.com", "tag"]],
    ["test.com:5000", ["", "test.com", "5000"]],
    ["test.com/repo:tag", ["test.com", "repo", "tag"]],
    ["test:5000/repo", ["test:5000", "repo"]],
    ["test:5000/repo:tag", ["test:5000", "repo", "tag"]],
    [`test:5000/repo@${d256}`, ["test:5000", "repo", undefined, d256]],
    [`test:5000/repo:tag@${d256}`, ["test:5000", "repo", "tag", d256]],
    ["lowercase:Uppercase", ["", "lowercase", "Uppercase"]],
    ["foo/foo_bar.com:8080", ["foo", "foo_bar.com", "8080"]],
    ["foo_bar.com/x", ["", "foo_bar.com/x"]],
    ["sub-dom1.foo.com/bar/baz/quux:some-long-tag", ["sub-dom1.foo.com", "bar/baz/quux", "some-long-tag"]],
    [`xn--7o8h.com/myimage:xn--7o8h.com@${d512}`, ["xn--7o8h.com", "myimage", "xn--7o8h.com", d512]],
    ["192.168.1.1:5000/repo:5050", ["192.168.1.1:5000", "repo", "5050"]],
    ["[2001:db8::1]/repo", ["[2001:db8::1]", "repo"]],
    ["[2001:db8::1]:5000/repo:tag", ["[2001:db8::1]:5000", "repo", "tag"]],
    ["Uppercase/lower", ["Uppercase", "lower"]],
    [`${"a/".repeat(127)}a:tag`, ["a", `${"a/".repeat(126)}a`, "tag"]],
  ])("[server/F1,F5] reads %j", (input, [domain, path, tag, digest]) => {
    const named = parseReference(input);
    expect([named.domain, named.path, named.tag, named.digest]).toEqual([domain, path, tag, digest]);
    expect(formatReference(named)).toBe(input);
  });

  test.each([
    ["", "repository name must have at least one component"],
    [":justtag", "invalid reference format"],
    [`@${d256}`, "invalid reference format"],
    [`repo@sha256:${"f".repeat(34)}`, "invalid digest format"],
    [`validname@invaliddigest:${"f".repeat(64)}`, "invalid digest format"],
    ["repo@sha256:ff", "invalid reference format"],
    ["Uppercase:tag", "repository name must be lowercase"],
    ["test:5000/Uppercase/lowercase:tag", "repository name must be lowercase"],
    [`a.b/${"a/".repeat(128)}a:tag`, "repository name must not be more than 255 characters"],
    ["aa/asdf$$^/aa", "invalid reference format"],
    ["[2001:db8::1]", "invalid reference format"],
    ["[2001:db8::1]:5000", "invalid reference format"],
    ["[fe80::1%eth0]/repo", "invalid reference format"],
    ["[fe80::1%@invalidzone]/repo", "invalid reference format"],
    ["[::1/repo", "invalid reference format"],
    ["a.:5/x:y:z", "invalid reference format"],
    ["host:port/x", "invalid reference format"],
    [" repo", "invalid reference format"],
  ])("[server/F3] refuses %j: %s", (input, reason) => {
    expect(() => parseReference(input)).toThrow(InvalidReferenceError);
    expect(() => parseReference(input)).toThrow(reason);
  });
});

test("[server/F5] withName(), withTag(), withDigest() and trimNamed() build and take apart", () => {
  const name = withName("r.test/a/b");
  expect(isNameOnly(name)).toBe(true);
  const tagged = withTag(name, "t");
  expect([isTagged(tagged), isCanonical(tagged)]).toEqual([true, false]);
  const both = withDigest(tagged, d256);
  expect(formatReference(both)).toBe(`r.test/a/b:t@${d256}`);
  expect([isTagged(both), isCanonical(both), isNamed(both)]).toEqual([true, true, true]);
  expect(formatReference(trimNamed(both))).toBe("r.test/a/b");
});

test("[server/F3,F5] builders refuse malformed parts", () => {
  expect(() => withName("a:t")).toThrow("invalid reference format");
  expect(() => withTag(withName("a"), "-")).toThrow("invalid tag format");
  expect(() => withDigest(withName("a"), "sha256:x")).toThrow("invalid digest format");
});
