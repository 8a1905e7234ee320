import { describe, expect, test } from "vitest";
import { clientAddress, createProxyTrust } from "./client-address.ts";

describe("clientAddress()", () => {
  const everybody = createProxyTrust("all");

  test.each([
    [{}, "192.0.2.1"],
    [{ "x-forwarded-for": "203.0.113.7" }, "203.0.113.7"],
    [{ "x-forwarded-for": "203.0.113.7, 198.51.100.2" }, "203.0.113.7"],
    [{ "x-forwarded-for": "2001:db8::1", "x-real-ip": "203.0.113.8" }, "2001:db8::1"],
    [{ "x-forwarded-for": "unknown", "x-real-ip": "203.0.113.8" }, "203.0.113.8"],
    [{ "x-real-ip": "not an address" }, "192.0.2.1"],
  ])("[server/X2] %j is from %s", (headers, address) => {
    expect(clientAddress(headers, "192.0.2.1", everybody)).toBe(address);
  });

  test.each([
    ["192.0.2.1", true],
    ["::ffff:192.0.2.1", true],
    ["10.1.2.3", true],
    ["2001:db8::5", true],
    ["192.0.2.2", false],
    ["2001:db9::5", false],
    ["", false],
  ])("[server/X2] headers of %s count: %s, when only some proxies are trusted", (peer, trusted) => {
    const isTrusted = createProxyTrust(["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"]);
    expect(clientAddress({ "x-forwarded-for": "203.0.113.7" }, peer, isTrusted)).toBe(trusted ? "203.0.113.7" : peer);
  });
});
