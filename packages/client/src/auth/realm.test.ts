import { describe, expect, test } from "vitest";
import { mayHoldSecrets, realmProblem } from "./realm.ts";
import { registrableDomain } from "./registrable-domain.ts";

const problem = (registry: string, realm: string, trustedRealms: readonly string[] = []): string | undefined =>
  realmProblem(new URL(registry), new URL(realm), { trustedRealms });

describe("realmProblem()", () => {
  test.each([
    ["https://r.test", "https://other.test"],
    ["http://r.test", "http://a.test"],
    ["http://r.test", "https://a.test"],
    ["http://127.0.0.1:5000", "http://127.0.0.1:9090/t"],
    ["https://10.1.1.1:5000", "https://10.1.1.1:5000/t"],
    ["http://localhost:5000", "http://127.0.0.1:5001/t"],
    ["https://r.test", "https://8.8.8.8/t"],
  ])("[client/B-50,D-4] %s may name %s", (registry, realm) => {
    expect(problem(registry, realm)).toBeUndefined();
  });

  test.each([
    ["https://r.test", "http://a.test"],
    ["https://r.test", "http://r.test"],
    ["https://r.test", "file:///x"],
    ["https://r.test", "javascript:x"],
    ["https://r.test", "https://127.0.0.1/t"],
    ["https://r.test", "https://[::1]/t"],
    ["https://r.test", "https://10.0.0.5/t"],
    ["https://r.test", "https://169.254.169.254/"],
    ["https://r.test", "https://localhost/t"],
    ["https://r.test", "https://0x7f.1/t"],
    ["https://r.test", "https://[::ffff:10.0.0.1]/t"],
    ["https://r.test", "https://[fd00::1]/t"],
    ["https://r.test", "https://u:p@a.test/t"],
    ["http://r.test", "http://169.254.169.254/"],
    ["http://r.test", "http://0.0.0.0/"],
    ["https://127.0.0.1:5000", "http://127.0.0.1:5000/t"],
    ["http://10.0.0.1", "http://10.0.0.2/t"],
  ])("[client/B-50,D-4] %s must not name %s", (registry, realm) => {
    expect(problem(registry, realm)).toBeTypeOf("string");
  });

  test("[client/D-4] trusts what it is told to: a host, a host with its port, an origin", () => {
    const [registry, realm] = ["https://r.test", "https://10.0.0.5:8443/t"];
    for (const trusted of ["10.0.0.5", "10.0.0.5:8443", "https://10.0.0.5:8443"])
      expect(problem(registry, realm, [trusted])).toBeUndefined();
    for (const other of ["10.0.0.6", "10.0.0.5:443", "https://10.0.0.5", "0.0.5:8443"])
      expect(problem(registry, realm, [other])).toBeDefined();
  });

  test("[client/D-4] plain HTTP for a registry with HTTPS needs the trust of a whole origin", () => {
    expect(problem("https://r.test", "http://auth.corp/t", ["auth.corp"])).toBeDefined();
    expect(problem("https://r.test", "http://auth.corp/t", ["http://auth.corp"])).toBeUndefined();
  });
});

test.each([
  ["https://registry-1.docker.io", "https://auth.docker.io", true],
  ["https://r.test", "https://r.test:8443", true],
  ["https://r.a.co.uk", "https://t.a.co.uk", true],
  ["https://r.a.co.uk", "https://b.co.uk", false],
  ["https://a.azurecr.io", "https://b.azurecr.io", false],
  ["https://r.test", "https://evil.example", false],
  ["https://r.test", "https://evilr.test", false],
  ["https://10.0.0.1", "https://9.0.0.1", false],
])("[client/D-4] with realmPolicy same-domain, secrets of %s may go to %s: %s", (registry, realm, wanted) => {
  expect(mayHoldSecrets(new URL(registry), new URL(realm), { realmPolicy: "same-domain" })).toBe(wanted);
  expect(mayHoldSecrets(new URL(registry), new URL(realm))).toBe(true);
  expect(mayHoldSecrets(new URL(registry), new URL(realm), { realmPolicy: "same-domain", trustedRealms: [new URL(realm).host] })).toBe(
    true,
  );
});

test("registrableDomain() keeps addresses and single labels", () => {
  expect(["10.0.0.1", "[::1]", "localhost", "A.B.Example.", "x.y.run.app"].map(registrableDomain)).toEqual(
    ["10.0.0.1", "[::1]", "localhost", "example", "y.run.app"].with(3, "b.example"),
  );
});
