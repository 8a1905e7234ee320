import {
  AuthError,
  CredentialFileError,
  CredentialHelperError,
  NetworkError,
  PlatformNotFoundError,
  ProtocolError,
  RateLimitedError,
  ResponseError,
} from "@berth/client";
import {
  BerthError,
  DigestMismatchError,
  InvalidManifestError,
  InvalidReferenceError,
  LimitExceededError,
  ManifestUnknownError,
  NotFoundError,
  SchemaV1UnsupportedError,
  SizeMismatchError,
  UnsupportedError,
} from "@berth/oci";
import { expect, test } from "vitest";
import { ArtifactError } from "./image/errors.ts";
import { IndexEntryUnknownError } from "./pack/errors.ts";
import { CopyError } from "./copy/errors.ts";
import { classifyError, EngineError, toEngineError } from "./errors.ts";
import { InvalidLocationError } from "./location/errors.ts";
import { TransferFailedError } from "./manager/errors.ts";
import { InvalidPackError } from "./pack/errors.ts";

const request = { operation: "fetch manifest", method: "GET", url: "https://registry.test:5000/v2/a/manifests/x" };

function answer(status: number, ...codes: readonly string[]): ResponseError {
  return new ResponseError("Cannot fetch manifest", { ...request, status, errors: codes.map((code) => ({ code, message: "" })) });
}

function coded(code: string, message = "no"): Error {
  return Object.assign(new Error(message), { code });
}

const network = (code: string): NetworkError =>
  new NetworkError("Cannot fetch manifest", { ...request, cause: coded(code), retryable: true });

test.each<[string, unknown, object]>([
  ["401", answer(401, "UNAUTHORIZED"), { class: "Unauthorized", code: "UNAUTHORIZED", status: 401, registry: "registry.test:5000" }],
  ["401 without a body", answer(401), { class: "Unauthorized", code: "ERR_RESPONSE", status: 401 }],
  ["403", answer(403, "DENIED"), { class: "Denied", code: "DENIED" }],
  [
    "a tag that is not there",
    new ManifestUnknownError({ repository: "a", tag: "x" }, { cause: answer(404, "MANIFEST_UNKNOWN") }),
    { class: "NotFound", code: "MANIFEST_UNKNOWN", status: 404, hint: { kind: "list-tags" } },
  ],
  ["404 without a body", answer(404), { class: "NotFound", status: 404 }],
  [
    "a repository that is not there",
    answer(404, "NAME_UNKNOWN"),
    { class: "NotFound", code: "NAME_UNKNOWN", status: 404, hint: { kind: "list-repositories" } },
  ],
  ["a blob that is not there", new NotFoundError("blob", "x"), { class: "NotFound", hint: undefined }],
  ["no such entry in an index", new IndexEntryUnknownError("linux/arm64"), { class: "NotFound", hint: { kind: "list-platforms" } }],
  ["an artifact for an image", new ArtifactError("read layers of", "text/x"), { class: "Unsupported", hint: { kind: "pull-files" } }],
  [
    "a platform that is not there",
    new PlatformNotFoundError("linux/s390x", ["linux/amd64"]),
    { class: "NoMatchingPlatform", hint: { kind: "list-platforms" } },
  ],
  [
    "403 that a proxy may have said",
    new ResponseError("Cannot", { ...request, url: "http://r.test/v2/", status: 403, errors: [], proxy: "p.test:1" }),
    { class: "Denied", hint: { kind: "check-proxy" } },
  ],
  [
    "401 of a proxy",
    new ResponseError("Cannot", { ...request, url: "http://r.test/v2/", status: 401, errors: [], proxy: "p.test:1", fromProxy: true }),
    { class: "Unavailable", status: 401, hint: undefined },
  ],
  ["407", answer(407), { class: "Unavailable", status: 407 }],
  ["409", answer(409), { class: "Conflict" }],
  ["415", answer(415), { class: "UnsupportedManifest" }],
  ["429", answer(429, "TOOMANYREQUESTS"), { class: "RateLimited", retryable: true, hint: { kind: "wait" } }],
  [
    "more patience than we have",
    new RateLimitedError("Cannot", { ...request, status: 503, errors: [] }),
    { class: "RateLimited", retryable: true },
  ],
  ["500", answer(500), { class: "Unavailable", status: 500 }],
  ["507", answer(507), { class: "NoSpace" }],
  ["418", answer(418), { class: "Failed" }],
  ["an unknown code", answer(404, "SOMETHING"), { class: "NotFound", code: "SOMETHING" }],
  ["a refused manifest", answer(400, "MANIFEST_INVALID"), { class: "InvalidManifest" }],
  ["a refused digest", answer(400, "DIGEST_INVALID"), { class: "DigestMismatch" }],
  ["405", answer(405, "UNSUPPORTED"), { class: "Unsupported" }],
  [
    "no credential helped",
    new AuthError("Cannot", request),
    { class: "Unauthorized", registry: "registry.test:5000", hint: { kind: "log-in" } },
  ],
  [
    "a token server refused: it is the registry that one signs in to",
    Object.assign(new AuthError("Cannot", { ...request, url: "https://tokens.test/" }), { registry: "registry.test" }),
    { class: "Unauthorized", registry: "registry.test", hint: { kind: "log-in" } },
  ],
  [
    "a token server that is broken",
    new AuthError("Cannot", { ...request, cause: answer(502) }),
    { class: "Unavailable", code: "ERR_AUTH", status: 502, hint: undefined },
  ],
  [
    "a token server that answers nonsense",
    new AuthError("Cannot", { ...request, cause: new ProtocolError("Cannot", request) }),
    { class: "Unavailable", code: "ERR_AUTH", hint: undefined },
  ],
  [
    "a token server that is not there",
    new AuthError("Cannot", { ...request, cause: answer(404) }),
    { class: "Unavailable", hint: undefined },
  ],
  [
    "a token server that is not trusted",
    new AuthError("Cannot", { ...request, untrustedRealm: "10.0.0.1" }),
    { class: "Unauthorized", hint: { kind: "trust-realm" } },
  ],
  [
    "a token server that is asked too much",
    new AuthError("Cannot", { ...request, cause: answer(429, "TOOMANYREQUESTS") }),
    { class: "RateLimited", hint: { kind: "wait" } },
  ],
  [
    "a token server that knows us not",
    new AuthError("Cannot", { ...request, cause: answer(401, "UNAUTHORIZED") }),
    { class: "Unauthorized", hint: { kind: "log-in" } },
  ],
  [
    "a malformed file of credentials",
    new CredentialFileError({ file: "config.json", reason: "no JSON", malformed: true }),
    { class: "Unauthorized", code: "ERR_CREDENTIAL_FILE", hint: { kind: "check-credential-file" } },
  ],
  [
    "a credential helper that is missing",
    new CredentialHelperError({ helper: "docker-credential-x", action: "get", reason: "no such program" }),
    { class: "Unauthorized", code: "ERR_CREDENTIAL_HELPER", hint: { kind: "check-credential-helper" } },
  ],
  [
    "a disk too full for credentials",
    new CredentialFileError({ file: "config.json", reason: "full", action: "write" }, { cause: coded("ENOSPC") }),
    { class: "NoSpace", hint: { kind: "free-space" } },
  ],
  [
    "nobody listens",
    network("ECONNREFUSED"),
    { class: "Unavailable", code: "ERR_NETWORK", retryable: true, hint: { kind: "check-address" } },
  ],
  ["no such host", network("ENOTFOUND"), { class: "Unavailable", hint: { kind: "check-address" } }],
  ["plain HTTP behind https://", network("ERR_SSL_WRONG_VERSION_NUMBER"), { class: "Unavailable", hint: { kind: "plain-http" } }],
  ["an unknown authority", network("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), { class: "Unavailable", hint: { kind: "trust-certificate" } }],
  [
    "several addresses, none answers",
    new NetworkError("Cannot", { ...request, cause: new AggregateError([coded("ECONNREFUSED"), coded("ENETUNREACH")]) }),
    { class: "Unavailable", hint: { kind: "check-address" } },
  ],
  [
    "the first of several failures of a transfer, of one end of a copy",
    new TransferFailedError([new CopyError("fetch", "source", undefined, answer(404, "BLOB_UNKNOWN")), answer(500)]),
    { class: "NotFound", code: "BLOB_UNKNOWN", status: 404, registry: "registry.test:5000" },
  ],
  [
    "wrong content, found by the other end",
    new CopyError("fetch", "source", undefined, new DigestMismatchError({ expected: "a", actual: "b" })),
    { class: "DigestMismatch", code: "ERR_DIGEST_MISMATCH" },
  ],
  ["an edit that makes no manifest", new InvalidPackError("config.User", "no"), { class: "InvalidInput" }],
  ["nonsense", new ProtocolError("Cannot", request), { class: "Protocol" }],
  ["another digest", new DigestMismatchError({ expected: "a", actual: "b" }), { class: "DigestMismatch" }],
  ["another size", new SizeMismatchError({ expected: 1, actual: 2 }), { class: "DigestMismatch" }],
  ["an invalid manifest", new InvalidManifestError("no"), { class: "InvalidManifest" }],
  ["schema 1", new SchemaV1UnsupportedError(), { class: "UnsupportedManifest" }],
  ["too much", new LimitExceededError({ what: "manifest", limit: 1 }), { class: "LimitExceeded" }],
  ["what cannot be done", new UnsupportedError("fly"), { class: "Unsupported" }],
  ["a malformed reference", new InvalidReferenceError("A", "no"), { class: "InvalidInput" }],
  ["a malformed place", new InvalidLocationError("", "no"), { class: "InvalidInput", code: "ERR_INVALID_LOCATION" }],
  ["a full disk", coded("ENOSPC"), { class: "NoSpace", code: "ENOSPC", hint: { kind: "free-space" } }],
  ["a full disk behind a broken stream", new NetworkError("Cannot", { ...request, cause: coded("ENOSPC") }), { class: "NoSpace" }],
  ["a file that is not there", coded("ENOENT"), { class: "NotFound" }],
  ["a folder that is not ours", coded("EACCES"), { class: "Denied" }],
  ["an abort", AbortSignal.abort().reason, { class: "Canceled", code: "ERR_CANCELED", retryable: false }],
  ["a time limit", new DOMException("late", "TimeoutError"), { class: "Canceled" }],
  [
    "an error around one",
    new BerthError("ERR_COPY", "Cannot copy", { cause: answer(403) }),
    { class: "Denied", code: "ERR_RESPONSE", status: 403 },
  ],
  ["anything", new Error("what"), { class: "Failed", code: "ERR_UNKNOWN", retryable: false }],
  ["no error", "what", { class: "Failed", code: "ERR_UNKNOWN" }],
  ["content that is too short", new SizeMismatchError({ expected: 2, actual: 1 }), { class: "DigestMismatch" }],
  [
    "content that the network cut short",
    new SizeMismatchError({ expected: 2, actual: 1 }, { cause: network("ECONNREFUSED"), retryable: true }),
    { class: "Unavailable", retryable: true },
  ],
  ["nothing", undefined, { class: "Failed" }],
])("[engine/T6] classifyError() of %s", (_, error, wanted) => {
  const { hint: wantedHint, ...rest } = { hint: {}, ...wanted } as { readonly hint?: object };
  const { hint, ...found } = classifyError(error);
  expect(found).toMatchObject(rest);
  if (wantedHint === undefined) expect(hint).toBeUndefined();
  else expect(hint ?? {}).toMatchObject(wantedHint);
});

test("a cause that goes round in a circle ends somewhere", () => {
  const error = new Error("a");
  error.cause = error;
  expect(classifyError(error).class).toBe("Failed");
});

test("toEngineError() keeps the message and the cause, and passes its own through", () => {
  const cause = answer(401, "UNAUTHORIZED");
  const error = toEngineError(cause);
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({
    message: cause.message,
    class: "Unauthorized",
    code: "UNAUTHORIZED",
    status: 401,
    registry: "registry.test:5000",
    cause,
  });
  expect(toEngineError(error)).toBe(error);
  expect(classifyError(new Error("around", { cause: error }))).toMatchObject({ class: "Unauthorized", registry: "registry.test:5000" });
  expect(classifyError(error)).toEqual(classifyError(cause));
  expect(toEngineError("text").message).toBe("text");
});

test("the reason of an aborted call is an abort wherever it stands, other errors of that call are what they are", () => {
  const reason = coded("ENOENT");
  const call = { signal: AbortSignal.abort(reason) };
  expect(classifyError(reason, call)).toEqual({ class: "Canceled", code: "ERR_CANCELED", retryable: false });
  expect(classifyError(new CopyError("push", "destination", undefined, reason), call)).toMatchObject({ class: "Canceled" });
  expect(classifyError(coded("EACCES"), call)).toMatchObject({ class: "Denied" });
  expect(classifyError(reason, { signal: new AbortController().signal })).toMatchObject({ class: "NotFound" });
  expect(toEngineError(reason, call)).toMatchObject({ class: "Canceled", message: reason.message, cause: reason });
});

test("errors of the file system have one code, in plain words, and no hint that is about registries", () => {
  const refused = coded("EACCES", "EACCES: permission denied, open '/srv/x.tar'");
  const told = { code: "ERR_FILE_SYSTEM", message: 'Cannot open "/srv/x.tar": permission denied', hint: undefined };
  expect(toEngineError(refused)).toMatchObject({ ...told, class: "Denied", cause: refused });
  const copying = new CopyError("push", "destination", undefined, refused);
  expect(toEngineError(copying)).toMatchObject({ ...told, class: "Denied", cause: copying });
  expect(classifyError(coded("EINVAL", "EINVAL: invalid argument, open 'x'"))).toMatchObject({ class: "Failed", code: "ERR_FILE_SYSTEM" });
  const full = coded("ENOSPC", "ENOSPC: no space left on device, write");
  expect(classifyError(full)).toMatchObject({ class: "NoSpace", code: "ENOSPC", hint: { kind: "free-space" } });
  const known = new BerthError("ERR_LAYOUT_NOT_FOUND", "Cannot open it", { cause: coded("ENOENT", "ENOENT: no such file, open 'x'") });
  expect(toEngineError(known)).toMatchObject({ class: "NotFound", code: "ERR_LAYOUT_NOT_FOUND", message: "Cannot open it" });
});
