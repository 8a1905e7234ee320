import { describe, expect, test } from "vitest";
import {
  errorCodeText,
  errorStatus,
  errorText,
  formatErrorBody,
  isOciErrorCode,
  ociError,
  parseErrorBody,
  withArgs,
  withDetail,
  withMessage,
} from "./error-body.ts";
import { ERROR_CODES } from "./error-codes.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("[server/R1] formatErrorBody() writes the body with its newline", () => {
  const body = formatErrorBody([ociError("MANIFEST_UNKNOWN", { detail: "unknown tag=x" })]);
  expect(body).toBe('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":"unknown tag=x"}]}\n');
  expect(formatErrorBody([ociError("UNKNOWN")])).toBe('{"errors":[{"code":"UNKNOWN","message":"unknown error"}]}\n');
});

test("[server/R1] errorStatus() is that of the first error", () => {
  expect(errorStatus([ociError("NAME_UNKNOWN"), ociError("DENIED")])).toBe(404);
  expect(errorStatus([ociError("X_PLAIN")])).toBe(500);
  expect(errorStatus([])).toBe(500);
});

test.each([
  ["UNKNOWN", 500, "unknown error"],
  ["UNSUPPORTED", 405, "The operation is unsupported."],
  ["UNAUTHORIZED", 401, "authentication required"],
  ["DENIED", 403, "requested access to the resource is denied"],
  ["UNAVAILABLE", 503, "service unavailable"],
  ["TOOMANYREQUESTS", 429, "too many requests"],
] as const)("[server/R2] %s is %i %j", (code, status, message) => {
  expect(ERROR_CODES.get(code)).toMatchObject({ status, message });
});

test.each([
  ["DIGEST_INVALID", 400, "provided digest did not match uploaded content"],
  ["SIZE_INVALID", 400, "provided length did not match content length"],
  ["RANGE_INVALID", 416, "invalid content range"],
  ["NAME_INVALID", 400, "invalid repository name"],
  ["TAG_INVALID", 400, "manifest tag did not match URI"],
  ["NAME_UNKNOWN", 404, "repository name not known to registry"],
  ["MANIFEST_UNKNOWN", 404, "manifest unknown"],
  ["MANIFEST_INVALID", 400, "manifest invalid"],
  ["MANIFEST_UNVERIFIED", 400, "manifest failed signature verification"],
  ["MANIFEST_BLOB_UNKNOWN", 400, "blob unknown to registry"],
  ["BLOB_UNKNOWN", 404, "blob unknown to registry"],
  ["BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry"],
  ["BLOB_UPLOAD_INVALID", 404, "blob upload invalid"],
  ["PAGINATION_NUMBER_INVALID", 400, "invalid number of results requested"],
] as const)("[server/R3] %s is %i %j", (code, status, message) => {
  expect(ERROR_CODES.get(code)).toMatchObject({ status, message });
});

test("[server/R4] withMessage(), withDetail() and withArgs() give new errors", () => {
  const error = ociError("UNKNOWN", { message: "no %s of %s, %s" });
  expect(withArgs(error, "way", 2)).toEqual({ code: "UNKNOWN", message: "no way of 2, %s" });
  expect(withMessage(error, "m").message).toBe("m");
  expect(withDetail(error, { a: 1 }).detail).toEqual({ a: 1 });
  expect(error).toEqual({ code: "UNKNOWN", message: "no %s of %s, %s" });
});

test("[server/R4,O27] error text is the code in lower case with spaces", () => {
  expect(errorCodeText("MANIFEST_BLOB_UNKNOWN")).toBe("manifest blob unknown");
  expect(errorText(ociError("NAME_UNKNOWN"))).toBe("name unknown: repository name not known to registry");
  for (const code of ERROR_CODES.keys()) expect(code).toMatch(/^[A-Z_]+$/);
});

describe("parseErrorBody()", () => {
  test("[server/R4] reads back what formatErrorBody() wrote, defaults included", () => {
    const errors = [ociError("DENIED"), ociError("NAME_UNKNOWN", { detail: { name: "a/b" } })];
    expect(parseErrorBody(bytes(formatErrorBody(errors)))).toEqual(errors);
    expect(parseErrorBody(bytes('{"errors":[{"code":"DENIED"},"NAME_UNKNOWN"]}'))).toEqual([ociError("DENIED"), ociError("NAME_UNKNOWN")]);
  });

  test("keeps unknown codes", () => {
    expect(parseErrorBody(bytes('{"errors":[{"code":"QUOTA_EXCEEDED","message":"full"}]}'))).toEqual([
      { code: "QUOTA_EXCEEDED", message: "full" },
    ]);
    expect(isOciErrorCode("QUOTA_EXCEEDED")).toBe(false);
    expect(isOciErrorCode("DENIED")).toBe(true);
  });

  test.each(["", "<html>", "null", "[]", "{}", '{"errors":{}}', '{"errors":[null,1,[],""]}', '{"errors":"x"}'])(
    "finds no errors in %j",
    (text) => {
      expect(parseErrorBody(bytes(text))).toEqual([]);
    },
  );

  test("looks at no more than the limit", () => {
    const body = bytes(formatErrorBody([ociError("DENIED", { message: "x".repeat(100) })]));
    expect(parseErrorBody(body, 50)).toEqual([]);
    expect(parseErrorBody(body, body.byteLength)).toHaveLength(1);
  });
});
