import { expect, test } from "vitest";
import { InvalidLocationError } from "./errors.ts";
import { formatLocation, isSameRegistry, type Location, namesWithin, parseLocation, referenceWithin } from "./location.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

test.each([
  ["debian", "docker.io/library/debian"],
  ["debian:12", "docker.io/library/debian:12"],
  ["debian:12.5", "docker.io/library/debian:12.5"],
  ["acme/app", "docker.io/acme/app"],
  ["docker://debian:12", "docker.io/library/debian:12"],
  ["index.docker.io/library/debian", "docker.io/library/debian"],
  ["localhost/app:v1", "localhost/app:v1"],
  ["localhost:5000/x", "localhost:5000/x"],
  ["[::1]:5000/x:v1", "[::1]:5000/x:v1"],
  [`ghcr.io/acme/app@${DIGEST}`, `ghcr.io/acme/app@${DIGEST}`],
  [`ghcr.io/acme/app:v1@${DIGEST}`, `ghcr.io/acme/app:v1@${DIGEST}`],
  ["oci://ghcr.io/charts/app:1.0", "ghcr.io/charts/app:1.0"],
  ["oci/app:v1", "docker.io/oci/app:v1"],
])("[engine/T33] %j is an image of a registry: %j", (text, written) => {
  const location = parseLocation(text);
  expect(location.transport).toBe("registry");
  expect(formatLocation(location)).toBe(written);
  expect(parseLocation(written)).toEqual(location);
});

test.each<[string, Location, string]>([
  ["oci:images/app", { transport: "oci", path: "images/app" }, "oci:images/app"],
  ["oci:images/app:v1", { transport: "oci", path: "images/app", reference: "v1" }, "oci:images/app:v1"],
  ["oci:.:v1", { transport: "oci", path: ".", reference: "v1" }, "oci:.:v1"],
  [`oci:/a b/c@${DIGEST}`, { transport: "oci", path: "/a b/c", reference: DIGEST }, `oci:/a b/c@${DIGEST}`],
  [`oci:/a:v1@${DIGEST}`, { transport: "oci", path: "/a", reference: DIGEST, tag: "v1" }, `oci:/a:v1@${DIGEST}`],
  [
    `docker-archive:a.tar:a.test/b:v1@${DIGEST}`,
    { transport: "docker-archive", path: "a.tar", reference: DIGEST, tag: "a.test/b:v1" },
    `docker-archive:a.tar:a.test/b:v1@${DIGEST}`,
  ],
  ["oci:user@host:v1", { transport: "oci", path: "user@host", reference: "v1" }, "oci:user@host:v1"],
  [
    "oci:a:docker.io/library/debian:12",
    { transport: "oci", path: "a", reference: "docker.io/library/debian:12" },
    "oci:a:docker.io/library/debian:12",
  ],
  ["oci:C:\\images:v1", { transport: "oci", path: "C:\\images", reference: "v1" }, "oci:C:\\images:v1"],
  ["ocidir://images/app:v1", { transport: "oci", path: "images/app", reference: "v1" }, "oci:images/app:v1"],
  ["ocidir:///abs:v1", { transport: "oci", path: "/abs", reference: "v1" }, "oci:/abs:v1"],
  ["oci-layout:dir:v1", { transport: "oci", path: "dir", reference: "v1" }, "oci:dir:v1"],
  ["oci-archive:a.tar", { transport: "oci-archive", path: "a.tar" }, "oci-archive:a.tar"],
  ["oci-archive:a.tar:v1", { transport: "oci-archive", path: "a.tar", reference: "v1" }, "oci-archive:a.tar:v1"],
  ["oci-archive:-:v1", { transport: "oci-archive", path: "-", reference: "v1" }, "oci-archive:-:v1"],
  ["docker-archive:a.tar", { transport: "docker-archive", path: "a.tar" }, "docker-archive:a.tar"],
  [
    "docker-archive:a.tar:localhost:5000/acme/app:v1",
    { transport: "docker-archive", path: "a.tar", reference: "localhost:5000/acme/app:v1" },
    "docker-archive:a.tar:localhost:5000/acme/app:v1",
  ],
  [`docker-archive:a.tar@${DIGEST}`, { transport: "docker-archive", path: "a.tar", reference: DIGEST }, `docker-archive:a.tar@${DIGEST}`],
  ["docker-archive:-", { transport: "docker-archive", path: "-" }, "docker-archive:-"],
  ["-", { transport: "oci-archive", path: "-" }, "oci-archive:-"],
])("[engine/T33] %j is a folder or file", (text, location, written) => {
  expect(parseLocation(text)).toEqual(location);
  expect(formatLocation(location)).toBe(written);
  expect(parseLocation(written)).toEqual(location);
});

test.each([
  ["", "repository name must have at least one component"],
  ["Debian", "repository name must be lowercase"],
  ["debian:", "invalid reference format"],
  ["debian@sha256:12", "invalid"],
  ["./images", "a path needs a transport in front"],
  ["/abs/images", "a path needs a transport in front"],
  ["https://ghcr.io/a/b", 'leave "https://" away'],
  ["http://localhost:5000/a", 'leave "http://" away'],
  ["localhost:5000", "it names a registry and no image in it, such as localhost:5000/app:v1"],
  ["127.0.0.1:5000", "it names a registry"],
  ["ghcr.io", "it names a registry"],
  [`oci:a@sha256:${"a".repeat(20)}`, "invalid digest format"],
  ["docker-daemon:debian:12", 'the transport "docker-daemon" is not supported'],
  ["dir:/tmp/x", 'the transport "dir" is not supported'],
  ["oci:", "the folder is missing"],
  ["oci::v1", "the folder is missing"],
  ["oci:a:", "the tag is empty"],
  [`oci:a:@${DIGEST}`, "the tag is empty"],
  ["oci:-", "a folder cannot be read from stdin"],
  ["oci-archive:", "the file is missing"],
  ["oci:a\0b", "zero byte"],
  ["docker-archive:a.tar:Not A Name", "is no image name"],
  [`docker-archive:a.tar:Not A Name@${DIGEST}`, "is no image name"],
])("parseLocation(%j) says what was expected: %s", (text, reason) => {
  let thrown: unknown;
  try {
    parseLocation(text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidLocationError);
  expect(thrown).toMatchObject({ code: "ERR_INVALID_LOCATION", input: text, reason: expect.stringContaining(reason) });
  for (const form of ["docker://", "oci:FOLDER", "oci-archive:FILE", "docker-archive:FILE", "stdin"])
    expect(String(thrown)).toContain(form);
});

test("a digest goes before a tag, and latest is for those who named neither", () => {
  const within = (text: string): string | undefined => {
    const location = parseLocation(text);
    return location.transport === "registry" ? referenceWithin(location.reference) : undefined;
  };
  expect([within("a"), within("a:v1"), within(`a:v1@${DIGEST}`)]).toEqual(["latest", "v1", DIGEST]);
});

test.each([
  ["a.test/b", []],
  ["a.test/b:v1", ["v1"]],
  [`a.test/b:v1@${DIGEST}`, ["v1", DIGEST]],
  ["oci:a", []],
  [`oci:a@${DIGEST}`, [DIGEST]],
  [`oci:a:v1@${DIGEST}`, ["v1", DIGEST]],
])("%j names within itself %j", (text, names) => {
  expect(namesWithin(parseLocation(text))).toEqual(names);
});

test("isSameRegistry() compares registries, and nothing else is one", () => {
  const same = (a: string, b: string): boolean => isSameRegistry(parseLocation(a), parseLocation(b));
  expect(same("debian", "docker.io/acme/app")).toBe(true);
  expect(same("debian", "localhost:5000/debian")).toBe(false);
  expect(same("oci:a", "oci:a")).toBe(false);
});
