import { expect, test } from "vitest";
import { parseForwarded, requestOrigin } from "./forwarded.ts";

test.each([
  [{ host: "own:5000" }, { protocol: "http", host: "own:5000" }],
  [
    { host: "own", forwarded: "for=1.2.3.4;proto=https;host=a.test, for=x;host=b" },
    { protocol: "https", host: "a.test" },
  ],
  [
    { host: "own", forwarded: 'Host="a.test:8443" ; PROTO=HTTPS' },
    { protocol: "https", host: "a.test:8443" },
  ],
  [
    { host: "own", forwarded: "for=1.2.3.4", xForwardedProto: "https" },
    { protocol: "http", host: "own" },
  ],
  [
    { host: "own", xForwardedProto: "https, http", xForwardedHost: "a.test:444, b.test" },
    { protocol: "https", host: "a.test:444" },
  ],
  [
    { host: "own", forwarded: "", xForwardedProto: "https" },
    { protocol: "https", host: "own" },
  ],
  [
    { host: "own", xForwardedProto: ["https"] },
    { protocol: "https", host: "own" },
  ],
  [{ host: "[::1]:5000" }, { protocol: "http", host: "[::1]:5000" }],
  [
    { host: "own", xForwardedHost: "evil/path", xForwardedProto: "javascript" },
    { protocol: "http", host: "own" },
  ],
  [
    { host: "own", forwarded: 'host="a\r\nb"' },
    { protocol: "http", host: "own" },
  ],
  [{ host: "user@evil" }, { protocol: "http", host: undefined }],
  [{}, { protocol: "http", host: undefined }],
])("requestOrigin(%j)", (headers, wanted) => {
  expect(requestOrigin(headers, false)).toEqual(wanted);
});

test("requestOrigin() falls back to the state of the connection", () => {
  expect(requestOrigin({ host: "own" }, true).protocol).toBe("https");
});

test("parseForwarded() gives up on malformed elements", () => {
  expect(parseForwarded("for=a b")).toBeUndefined();
  expect(parseForwarded("for")).toBeUndefined();
  expect([...(parseForwarded('for="[::1]:8";by=x') ?? [])]).toEqual([
    ["for", "[::1]:8"],
    ["by", "x"],
  ]);
});
