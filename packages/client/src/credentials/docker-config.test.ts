import { inspect } from "node:util";
import { expect, test } from "vitest";
import { findEntry, parseDockerConfig, registryHelper, saysAnything } from "./docker-config.ts";
import { CredentialFileError } from "./errors.ts";

function failure(text: string): CredentialFileError {
  try {
    parseDockerConfig(text, "/home/a/config.json");
  } catch (error) {
    if (error instanceof CredentialFileError) return error;
    throw error;
  }
  throw new Error("It was accepted");
}

test.each([
  ['{"auths": {"r.test": {"auth": "c2VjcmV0" "x": 1}}}', 1, 42],
  ['{\n  "auths": {\n    "r.test": {"auth": secret}\n  }\n}', 3, 24],
  ['{"auths": {"r.test": {"auth": "secret', 1, 38],
  ['{"auths": {}} secret', 1, 15],
  ['["secret"]', 1, 1],
  ["secret", 1, 1],
  [`{"secret": ${"[".repeat(200)}`, 1, 112],
])("[client/B-55] JSON that is malformed is an error with file and place, without content: %#", (text, line, column) => {
  const error = failure(text);
  expect([error.code, error.file, error.malformed]).toEqual(["ERR_CREDENTIAL_FILE", "/home/a/config.json", true]);
  expect(error.place).toEqual({ line, column });
  expect(error.message).toContain(`/home/a/config.json" at line ${line}, column ${column}: expected `);
  expect(inspect(error)).not.toMatch(/secret|c2VjcmV0/);
});

test.each([
  ['{"auths": []}', /"auths" is not an object/],
  ['{"auths": "x"}', /"auths" is not an object/],
  ['{"credsStore": 1}', /"credsStore" names no program/],
  ['{"credsStore": "../evil"}', /"credsStore" names no program/],
  ['{"credHelpers": {"r.test": "a b"}}', /"credHelpers" names no program for "r.test"/],
  ['{"credHelpers": {"r.test": {}}}', /"credHelpers" names no program for "r.test"/],
])("[client/B-55] a field of the wrong kind is named: %s", (text, message) => {
  expect(failure(text).message).toMatch(message);
});

test("[client/B-55] a blank file, null fields and unknown fields say nothing", () => {
  for (const text of ["", " \n", "{}", '{"auths":null,"credHelpers":null,"credsStore":""}', '{"HttpHeaders":{"a":"b"}}']) {
    expect(saysAnything(parseDockerConfig(text, "f"))).toBe(false);
  }
  expect(saysAnything(parseDockerConfig('{"credsStore":"pass"}', "f"))).toBe(true);
});

test("[client/B-56,C-22] an entry that is wrong or empty is in the way of its own registry only", () => {
  const text = '{"auths":{"bad.test":{"auth":"*"},"r.test":{},"https://r.test/v1/":{"username":"u","password":"p"}}}';
  const config = parseDockerConfig(text, "f");
  expect(findEntry(config, { registry: "r.test" })).toEqual({ username: "u", password: "p" });
  expect(findEntry(config, { registry: "none.test" })).toBeUndefined();
  expect(() => findEntry(config, { registry: "bad.test" })).toThrow(/the entry of "bad.test" has a field "auth" that is not base64/);
});

test("names that mean something to JavaScript are names like others", () => {
  const config = parseDockerConfig('{"auths":{"__proto__":{"username":"u","password":"p"}},"credHelpers":{"constructor":"pass"}}', "f");
  expect(findEntry(config, { registry: "__proto__" })).toEqual({ username: "u", password: "p" });
  expect(findEntry(config, { registry: "tostring" })).toBeUndefined();
  expect([registryHelper(config, "constructor"), registryHelper(config, "valueOf")]).toEqual(["pass", undefined]);
});

test("[client/C-22] helpers are chosen by host alone, Docker Hub's by any of its names", () => {
  const config = parseDockerConfig(
    '{"credHelpers":{"r.test":"a","r.test/x":"b","docker.io":"hub","https://old.test/v1/":"old","off.test":""}}',
    "f",
  );
  const wanted = {
    "r.test": "a",
    "docker.io": "hub",
    "index.docker.io": "hub",
    "old.test": "old",
    "off.test": undefined,
    "x.test": undefined,
  };
  for (const [registry, suffix] of Object.entries(wanted)) expect(registryHelper(config, registry)).toBe(suffix);
});
