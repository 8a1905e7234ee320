import { readFile } from "node:fs/promises";
import {
  BerthError,
  DigestMismatchError,
  InvalidManifestError,
  InvalidReferenceError,
  LimitExceededError,
  NotFoundError,
} from "@berth/oci";
import { NetworkError, RateLimitedError, ResponseError } from "@berth/client";
import { expect, test } from "vitest";
import { CommandFailure } from "../exit-code.ts";
import { fakeIo } from "../testing/fake-io.ts";
import { reportError } from "./error-report.ts";
import { printError } from "./print-error.ts";
import { UserFileError } from "./user-file-error.ts";

const FAILURE = { operation: "list tags", method: "GET", url: "https://r.test/v2/a/tags/list", errors: [] };

function answered(status: number, code?: string): ResponseError {
  return new ResponseError(`Cannot list tags: "r.test" answered ${status}`, {
    ...FAILURE,
    status,
    errors: code === undefined ? [] : [{ code, message: "" }],
  });
}

test.each<[string, unknown, number]>([
  ["wrong usage", new CommandFailure(2, "no file"), 2],
  ["a partial failure", new CommandFailure(9, "1 of 2 failed"), 9],
  ["a bad reference", new InvalidReferenceError("x", "why"), 2],
  ["401", answered(401), 3],
  ["403", answered(403), 3],
  ["404", answered(404, "MANIFEST_UNKNOWN"), 4],
  ["nothing there", new NotFoundError("tag", "v1"), 4],
  ["409", answered(409), 5],
  ["412", answered(412), 5],
  ["another digest", new DigestMismatchError({ expected: "a", actual: "b" }), 6],
  ["a bad manifest", new InvalidManifestError("why"), 6],
  ["more than is taken", new LimitExceededError({ what: "manifest of 5000000 bytes", limit: 4_194_304 }), 6],
  ["413", answered(413), 1],
  ["no connection", new NetworkError("Cannot list tags", FAILURE), 7],
  ["503", answered(503), 7],
  ["429", answered(429), 8],
  ["429 for too long", new RateLimitedError("Cannot list tags", { ...FAILURE, status: 429 }), 8],
  ["500 with a message", answered(500), 7],
  ["405", answered(405), 1],
  ["a file that may not be read", Object.assign(new Error("EACCES: permission denied"), { code: "EACCES", syscall: "open" }), 1],
  ["a file that is not there", Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT", syscall: "open" }), 4],
  ["a bug", new TypeError("x is not a function"), 1],
])("%s has an exit code", async (_, error, exitCode) => {
  expect((await reportError(error, { stopped: false })).exitCode).toBe(exitCode);
});

test("who stopped it decides when it was stopped: the user, the clock, or a reader that went away", async () => {
  const abort = new DOMException("stop", "AbortError");
  expect(await reportError(abort, { stopped: true })).toMatchObject({ class: "Canceled", exitCode: 130 });
  expect(await reportError(abort, { stopped: true, stopHint: "again" })).toMatchObject({ message: "stopped", hint: "again" });
  expect(await reportError(abort, { stopped: false, timedOutMs: 1500 })).toMatchObject({
    class: "Unavailable",
    code: "ERR_TIMEOUT",
    message: "Cannot finish within 1.5 s, as --timeout says",
    exitCode: 7,
  });
  expect(await reportError(abort, { stopped: true, stopReason: new CommandFailure(141) })).toMatchObject({ message: "", exitCode: 141 });
});

test("a bug is told without what it says, which may hold anything", async () => {
  const { message, class: found } = await reportError(new TypeError("secret"), { stopped: false });
  expect({ message, found }).toEqual({
    message: "Something went wrong within berth (TypeError): this is a bug, add --debug to see more",
    found: "Crash",
  });
});

test("what failed by HTTPS and by HTTP alike is told once", async () => {
  const one = new NetworkError('Cannot reach registry "r.test": refused', FAILURE);
  const both = new NetworkError("by HTTPS: ...; by HTTP: ...", { ...FAILURE, cause: new AggregateError([one, one]) });
  expect((await reportError(both, { stopped: false })).message).toBe('Cannot reach registry "r.test": refused');
});

test("an error is two lines at most, or one line of JSON, and the usage when it was used wrongly", () => {
  const report = { class: "NotFound", code: "X", message: "Cannot find", hint: "look", exitCode: 4 } as const;
  const print = (asJson: boolean, usage?: string, one: Parameters<typeof printError>[1] = report): string => {
    const fake = fakeIo();
    printError(fake.io.stderr, one, asJson, usage);
    return fake.stderr();
  };
  expect(print(false, "berth ls")).toBe("berth: Cannot find\nhint: look\n");
  expect(print(true)).toBe('{"class":"NotFound","code":"X","message":"Cannot find","hint":"look"}\n');
  expect(print(false, "berth ls", { class: "Usage", code: "ERR_USAGE", message: "no", exitCode: 2 })).toBe("berth: no\nusage: berth ls\n");
  expect(print(false, undefined, { ...report, message: "" })).toBe("");
});

test("an error of the system says what could not be done, to which file, and why", async () => {
  const error = await readFile("/nonexistent/image.tar").catch((one: unknown) => one);
  const report = await reportError(error, { stopped: false });
  expect(report).toMatchObject({
    code: "ERR_FILE_SYSTEM",
    exitCode: 4,
    message: 'Cannot open "/nonexistent/image.tar": no such file or folder',
  });
});

test("what is advised to programs is told in flags", async () => {
  const untrusted = new NetworkError(
    "Cannot reach: its certificate is for nobody; give its authority with the tls.ca option; or tls.insecure",
    {
      ...FAILURE,
      cause: Object.assign(new Error("x"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    },
  );
  expect(await reportError(untrusted, { stopped: false })).toMatchObject({
    message: "Cannot reach: its certificate is for nobody",
    hint: "trust its authority with --ca-file FILE, or any certificate with --insecure",
  });
  const misnamed = new NetworkError("Cannot reach: its certificate is for another name; use the tls.servername option", {
    ...FAILURE,
    cause: Object.assign(new Error("x"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" }),
  });
  const { message, hint } = await reportError(misnamed, { stopped: false });
  expect([message, hint]).toEqual([
    "Cannot reach: its certificate is for another name",
    "use a name that the certificate is for, or take any certificate with --insecure",
  ]);
});

test("only a file that the user wrote may have a mistake on each line", async () => {
  const lines = "Cannot use it:\n  first\n  second";
  expect(await reportError(new UserFileError("ERR_SYNC_FILE", lines), { stopped: false })).toEqual({
    class: "InvalidInput",
    code: "ERR_SYNC_FILE",
    message: lines,
    exitCode: 2,
  });
  expect((await reportError(new BerthError("ERR_OTHER", lines), { stopped: false })).message).toBe("Cannot use it: first second");
});

test("who may raise the limit of the ratio learns how, where a flag is for it", async () => {
  const error = new LimitExceededError({ what: "layer with a higher compression ratio", limit: 1000, option: "maxRatio" });
  expect(await reportError(error, { stopped: false, hasMaxRatio: true })).toMatchObject({
    class: "LimitExceeded",
    exitCode: 6,
    hint: "if you trust whoever made it, allow more: --max-ratio NUMBER",
  });
  expect(await reportError(error, { stopped: false })).not.toHaveProperty("hint");
});
