import { describe, expect, test } from "vitest";
import {
  AccessDeniedError,
  BlobExistsError,
  BlobMountedError,
  BlobUnknownError,
  BlobUploadUnknownError,
  ManifestBlobUnknownError,
  ManifestNameInvalidError,
  ManifestNotModifiedError,
  ManifestUnknownError,
  ManifestUnknownRevisionError,
  ManifestUnverifiedError,
  ManifestVerificationError,
  RepositoryNameInvalidError,
  RepositoryUnknownError,
  SchemaV1UnsupportedError,
  TagUnknownError,
} from "./content-errors.ts";
import { parseDigest } from "./digest.ts";
import { BerthError, DigestMismatchError, InvalidDigestError, NotFoundError, SizeMismatchError, UnsupportedError } from "./errors.ts";
import { GLOBAL_SCOPE, prefixScope } from "./name-scope.ts";

const digest = parseDigest(`sha256:${"a".repeat(64)}`);
const descriptor = { mediaType: "application/octet-stream", digest, size: 1 };

test("[server/P1] each condition has a class of its own, told apart by identity or code", () => {
  const errors = [
    new AccessDeniedError("pull"),
    new ManifestNotModifiedError(),
    new SchemaV1UnsupportedError(),
    new UnsupportedError("delete"),
    new BlobExistsError(digest),
    new InvalidDigestError("md5:x", "unsupported"),
    new BlobUnknownError(digest),
    new BlobUploadUnknownError("u"),
    new SizeMismatchError({ expected: 1, actual: 2 }),
  ];
  expect(new Set(errors.map((error) => error.constructor)).size).toBe(errors.length);
  for (const error of errors) {
    expect(BerthError.is(error)).toBe(true);
    expect(error.name).toBe(error.constructor.name);
    expect(error.message).toMatch(/^Cannot .*[^.]$/);
  }
});

test("[server/P1] the global scope contains every name", () => {
  expect(["", "a", "a/b"].every((name) => GLOBAL_SCOPE.contains(name))).toBe(true);
  expect(["team", "team/app", "teams", "a"].map((name) => prefixScope("team").contains(name))).toEqual([true, true, false, false]);
});

test("[server/P2] struct errors carry their fields", () => {
  expect(new DigestMismatchError({ expected: digest, actual: "x" })).toMatchObject({ expected: digest, actual: "x" });
  expect(new BlobMountedError({ from: "a/b", descriptor })).toMatchObject({ from: "a/b", descriptor });
  expect(new ManifestBlobUnknownError(digest)).toMatchObject({ digest });
  expect(new ManifestNameInvalidError("N", "R")).toMatchObject({ input: "N", reason: "R" });
  expect(new ManifestUnknownError({ repository: "N", tag: "T" })).toMatchObject({ repository: "N", tag: "T" });
  expect(new ManifestUnknownRevisionError({ repository: "N", revision: digest })).toMatchObject({ repository: "N", revision: digest });
  expect(new ManifestUnverifiedError("r")).toMatchObject({ code: "ERR_MANIFEST_UNVERIFIED" });
  expect(new RepositoryNameInvalidError("N", "R")).toMatchObject({ input: "N", reason: "R" });
  expect(new RepositoryUnknownError("N")).toMatchObject({ repository: "N" });
  expect(new TagUnknownError("T")).toMatchObject({ tag: "T" });
  const both = new ManifestVerificationError([new Error("a"), new Error("b")]);
  expect(both.errors).toHaveLength(2);
  expect(both.message).toContain("a,b");
});

test.each([
  [new TagUnknownError("T"), "unknown tag=T"],
  [new ManifestUnknownError({ repository: "N", tag: "T" }), "unknown manifest name=N tag=T"],
  [new ManifestUnknownRevisionError({ repository: "N", revision: "D" }), "unknown manifest name=N revision=D"],
  [new RepositoryUnknownError("N"), "unknown repository name=N"],
  [new ManifestBlobUnknownError("D"), "unknown blob D on manifest"],
  [new RepositoryNameInvalidError("N", "R"), 'repository name "N" invalid: R'],
])("[server/P3] %s reaches clients as %j", (error, detail) => {
  expect(error.detail).toBe(detail);
});

describe("not found", () => {
  test.each([new TagUnknownError("T"), new BlobUnknownError("D"), new RepositoryUnknownError("N"), new BlobUploadUnknownError("U")])(
    "%s is a NotFoundError",
    (error) => {
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error.code).toBe("ERR_NOT_FOUND");
    },
  );
});
