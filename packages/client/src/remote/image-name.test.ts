import { formatRegistryReference } from "@berth/oci";
import { expect, test } from "vitest";
import { type ImageNameOptions, parseImageName } from "./image-name.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const SHA512 = `sha512:${"b".repeat(128)}`;

test.each<[string, string, ImageNameOptions?]>([
  ["ubuntu", "docker.io/library/ubuntu:latest"],
  ["team/app", "docker.io/team/app:latest"],
  ["docker.io/ubuntu", "docker.io/library/ubuntu:latest"],
  ["index.docker.io/team/app:v1", "docker.io/team/app:v1"],
  ["localhost/app", "localhost/app:latest"],
  ["localhost:5000/a/b:v1", "localhost:5000/a/b:v1"],
  ["ghcr.io/acme/app", "ghcr.io/acme/app:latest"],
  ["quay.io/app", "quay.io/app:latest"],
  ["app", "registry.test/app:edge", { defaultRegistry: "registry.test", defaultTag: "edge" }],
  ["app", "registry/app:latest", { defaultRegistry: "registry" }],
  [`ubuntu@${DIGEST}`, `docker.io/library/ubuntu@${DIGEST}`, { defaultTag: "edge" }],
])("[client/C-25] %j is %s", (input, wanted, options) => {
  expect(formatRegistryReference(parseImageName(input, options))).toBe(wanted);
});

test("[client/C-25] a strict name leaves nothing to a default", () => {
  const strict = (input: string): string => formatRegistryReference(parseImageName(input, { strict: true }));
  expect(strict("docker.io/library/ubuntu:24.04")).toBe("docker.io/library/ubuntu:24.04");
  expect(strict(`ghcr.io/acme/app@${DIGEST}`)).toBe(`ghcr.io/acme/app@${DIGEST}`);
  expect(() => strict("team/app:v1")).toThrow('Cannot parse reference "team/app:v1": expected a registry, which strict names have');
  expect(() => strict("docker.io/ubuntu:24.04")).toThrow("expected library/ before the name");
  expect(() => strict("ghcr.io/acme/app")).toThrow("expected a tag or digest");
});

test.each(["", "app:", "app@", `app:v1@${DIGEST}x`, "app@sha256:abc", "app@md5:d41d8cd98f00b204e9800998ecf8427e", "a".repeat(256)])(
  "[client/C-26] %j is refused as it was typed",
  (input) => {
    expect(() => parseImageName(input)).toThrow(expect.objectContaining({ code: "ERR_INVALID_REFERENCE", input }));
  },
);

test("[client/C-26] with tag and digest the digest counts; any digest that is known will do; a name may be short or long", () => {
  expect(parseImageName(`r.test/a:v1@${DIGEST}`).reference).toBe(DIGEST);
  expect(parseImageName(`r.test/a@${SHA512}`).reference).toBe(SHA512);
  expect(parseImageName(`r.test/a:${"t".repeat(128)}`).repository).toBe("a");
  expect(() => parseImageName(`r.test/a:${"t".repeat(129)}`)).toThrow("invalid tag");
});

test("[client/C-26] a name goes through JSON and back, and through its text", () => {
  for (const input of ["ubuntu:24.04", `localhost:5000/a/b@${DIGEST}`]) {
    const name = parseImageName(input);
    expect(JSON.parse(JSON.stringify(name))).toEqual(name);
    expect(parseImageName(formatRegistryReference(name), { strict: true })).toEqual(name);
  }
});
