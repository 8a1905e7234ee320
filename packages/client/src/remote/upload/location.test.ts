import { parseDigest } from "@berth/oci";
import { expect, test } from "vitest";
import { ProtocolError } from "../../errors.ts";
import { uploadLocation, type UploadLocationOptions, withDigest } from "./location.ts";

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const POST = "http://h.test/v2/r/blobs/uploads/";

function resolve(location: string | undefined, previous: string = POST, options?: UploadLocationOptions): string {
  const headers = location === undefined ? {} : { location };
  return uploadLocation({ headers }, new URL(previous), new URL(previous).host, options).href;
}

test.each([
  ["/v2/r/blobs/uploads/u?_state=a%3D%3D&x=1", "http://h.test/v2/r/blobs/uploads/u?_state=a%3D%3D&x=1"],
  ["http://h.test/v2/r/blobs/uploads/u", "http://h.test/v2/r/blobs/uploads/u"],
  ["u?x", "http://h.test/v2/r/blobs/uploads/u?x"],
  ["?x", "http://h.test/v2/r/blobs/uploads/?x"],
  ["//h.test/u", "http://h.test/u"],
  ["  /u  ", "http://h.test/u"],
  ["https://store.test/put?sig=%2F%2b+a~b", "https://store.test/put?sig=%2F%2b+a~b"],
  ["http://user:secret@h.test/u#part", "http://h.test/u"],
])("[client/A-21,B-26] Location %s is resolved against the URL that was answered", (location, expected) => {
  expect(resolve(location)).toBe(expected);
});

test.each([
  [undefined, "missing"],
  ["", "missing"],
  ["http://", "no URL"],
  ["ftp://h.test/u", 'scheme "ftp:"'],
  ["file:///etc/passwd", 'scheme "file:"'],
])("[client/B-26,C-31] Location %j is refused", (location, reason) => {
  expect(() => resolve(location)).toThrow(ProtocolError);
  expect(() => resolve(location)).toThrow(reason);
});

test("[client/B-26] a port 443 that the registry forgot is put back", () => {
  expect(resolve("http://h.test/u", "http://h.test:443/v2/")).toBe("http://h.test:443/u");
  expect(resolve("https://h.test/u", "https://h.test:443/v2/")).toBe("https://h.test/u"); // the same
  expect(resolve("http://h.test:80/u", "http://h.test:5000/v2/")).toBe("http://h.test/u");
  expect(resolve("http://other.test/u", "http://h.test:443/v2/")).toBe("http://other.test/u");
});

test("[client/B-26,D-3] TLS is never left", () => {
  expect(() => resolve("http://h.test/u", "https://h.test/v2/")).toThrow("without TLS");
  expect(() => resolve("http://store.test/u", "https://h.test/v2/")).toThrow("without TLS");
  expect(resolve("https://h.test/u", "http://h.test/v2/")).toBe("https://h.test/u");
});

test.each([
  "169.254.169.254",
  "10.0.0.5",
  "127.0.0.1",
  "0.0.0.0",
  "192.168.1.1",
  "[::1]",
  "[fd00::1]",
  "[::ffff:10.0.0.1]",
  "2130706433",
  "localhost",
])("[client/D-3] a registry elsewhere cannot lead us to %s", (host) => {
  expect(() => resolve(`https://${host}/u`, "https://h.test/v2/")).toThrow("private network");
  expect(() => resolve(`http://${host}/u`, "http://h.test/v2/")).toThrow("private network");
});

test("[client/D-3] a registry on a private address can name itself, and one on this machine any of its names", () => {
  expect(resolve("https://10.1.1.1:5001/u", "https://10.1.1.1:5000/v2/")).toBe("https://10.1.1.1:5001/u");
  expect(resolve("http://localhost:5000/u", "http://127.0.0.1:5000/v2/")).toBe("http://localhost:5000/u");
  expect(() => resolve("http://10.0.0.1/u", "http://127.0.0.1:5000/v2/")).toThrow("private network");
});

test("[client/D-3] strict refuses every other origin", () => {
  expect(() => resolve("https://store.test/u", "https://h.test/v2/", { strict: true })).toThrow('sent a Location on "store.test"');
  expect(() => resolve("https://h.test:444/u", "https://h.test/v2/", { strict: true })).toThrow(ProtocolError);
  expect(resolve("https://h.test/u", "https://h.test/v2/", { strict: true })).toBe("https://h.test/u");
});

test.each([
  ["http://h.test/u", `?digest=sha256%3A${"a".repeat(64)}`],
  ["http://h.test/u?", `?digest=sha256%3A${"a".repeat(64)}`],
  ["http://h.test/u?_state=a%3D%3D&x=1", `?_state=a%3D%3D&x=1&digest=sha256%3A${"a".repeat(64)}`],
  ["http://h.test/u?a&&b=+%20", `?a&&b=+%20&digest=sha256%3A${"a".repeat(64)}`],
  ["http://h.test/u?digest=old&x", `?x&digest=sha256%3A${"a".repeat(64)}`],
])("[client/A-21,B-26] the digest is put behind the query of %s once", (url, search) => {
  expect(withDigest(new URL(url), DIGEST).search).toBe(search);
});

test("[client/X-9] the error names the registry and hides queries", () => {
  const error = (() => {
    try {
      return uploadLocation({ headers: {} }, new URL("https://h.test/v2/u?_state=secret"), "h.test", { method: "PATCH" });
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toMatchObject({ code: "ERR_PROTOCOL", method: "PATCH", url: "https://h.test/v2/u", operation: "push blob" });
  expect(String(error)).not.toContain("secret");
});
