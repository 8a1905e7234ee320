import fc from "fast-check";
import { expect, test } from "vitest";
import { isLoopbackHost, isPrivateHost } from "./private-address.ts";

test("isPrivateHost() knows every address of the private networks in every form that a URL may have", () => {
  const octet = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.constantFrom("10", "127", "192.168", "169.254", "172.16"), octet, octet, octet, (start, a, b, c) => {
      const address = `${start}.${a}.${b}.${c}`.split(".").slice(0, 4).join(".");
      const number = address.split(".").reduce((sum, one) => sum * 256 + Number(one), 0);
      for (const form of [address, String(number), `0x${number.toString(16)}`, `[::ffff:${address}]`]) {
        expect(isPrivateHost(new URL(`http://${form}/`).hostname)).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

test("isPrivateHost() lets names and public addresses be", () => {
  const hosts = [
    "r.test",
    "10.example.com",
    "127.0.0.1.evil.test",
    "localhost.evil.test",
    "8.8.8.8",
    "[2606:4700::1]",
    "172.32.0.1",
    "11.0.0.1",
  ];
  expect(hosts.filter(isPrivateHost)).toEqual([]);
  expect(["localhost", "x.localhost", "LOCALHOST.", "127.9.9.9", "[::1]"].filter(isLoopbackHost)).toHaveLength(5);
});
