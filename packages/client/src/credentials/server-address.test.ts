import { expect, test } from "vitest";
import { addressTarget, helperAddresses, isSameRegistry, matchingKeys, serverAddress } from "./server-address.ts";

const KEYS = [
  "r.test.evil",
  "evil.r.test",
  "r.test:5000",
  "https://r.test/v1/",
  "r.test/",
  "r.test/a",
  "r.test/a/b",
  "r.test/ab",
  "r.test/other",
  "http://r.test",
  "r.test",
];

test("[client/C-22] keys are tried from the longest path to the host, then by their host part, never by a part of a name", () => {
  const whole = ["r.test", "https://r.test/v1/", "r.test/", "http://r.test"];
  expect(matchingKeys(KEYS, { registry: "r.test", repository: "a/b" })).toEqual(["r.test/a/b", "r.test/a", ...whole]);
  expect(matchingKeys(KEYS, { registry: "r.test", repository: "a/b/c" })).toEqual(["r.test/a/b", "r.test/a", ...whole]);
  expect(matchingKeys(KEYS, { registry: "r.test", repository: "abc" })).toEqual(whole);
  expect(matchingKeys(KEYS, { registry: "r.test" })).toEqual(whole);
  expect(matchingKeys(KEYS, { registry: "r.test:5000" })).toEqual(["r.test:5000"]);
  expect(matchingKeys(KEYS, { registry: "test" })).toEqual([]);
});

test("[client/C-22] an entry of one team is not used for another", () => {
  const keys = ["r.test/team-a"];
  expect(matchingKeys(keys, { registry: "r.test", repository: "team-a/x" })).toEqual(keys);
  for (const repository of ["team-b/x", "team-ab", "team-a-x/y"])
    expect(matchingKeys(keys, { registry: "r.test", repository })).toEqual([]);
  expect(matchingKeys(keys, { registry: "r.test" })).toEqual([]);
});

test("[client/C-22] Docker Hub is one registry under all its names", () => {
  const keys = ["docker.io", "docker.io/library", "https://index.docker.io/v1/", "https://index.docker.io/v1/access-token"];
  for (const registry of ["docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/", "Docker.io"]) {
    expect(matchingKeys(keys, { registry, repository: "library/alpine" })).toEqual([
      "docker.io/library",
      "https://index.docker.io/v1/",
      "docker.io",
    ]);
    expect(serverAddress(registry)).toBe("https://index.docker.io/v1/");
  }
  expect(matchingKeys(["https://index.docker.io/v1/refresh-token"], { registry: "docker.io" })).toEqual([]);
  expect(helperAddresses("docker.io")).toEqual(["https://index.docker.io/v1/", "index.docker.io", "docker.io"]);
});

test("[client/B-61] a server address is the host alone", () => {
  for (const registry of ["r.test", "https://r.test", "http://r.test/v2/", "R.test/", "r.test:443"])
    expect(serverAddress(registry)).toBe("r.test");
  expect(serverAddress("localhost:5000")).toBe("localhost:5000");
  expect(helperAddresses("r.test:443")).toEqual(["r.test"]);
});

test("[client/C-22] the port 443 goes without saying", () => {
  expect(matchingKeys(["r.test:443"], { registry: "r.test" })).toEqual(["r.test:443"]);
  expect(matchingKeys(["r.test"], { registry: "r.test:443" })).toEqual(["r.test"]);
  expect([isSameRegistry("r.test", "r.test:443"), isSameRegistry("r.test", "r.test:80")]).toEqual([true, false]);
});

test("an address with a path speaks for a part of a registry, one with a scheme for all of it", () => {
  expect(addressTarget("r.test/a/b/")).toEqual({ registry: "r.test", repository: "a/b" });
  expect(addressTarget("https://r.test/v1/")).toEqual({ registry: "r.test" });
  expect(addressTarget("https://index.docker.io/v1/")).toEqual({ registry: "docker.io" });
});
