import { join } from "node:path";
import { formatLocation, InvalidLocationError } from "@berth/transfer/location";
import { expect, test } from "vitest";
import { useRegistry } from "../testing/use-registry.test-kit.ts";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { parsePlace } from "./parse-place.ts";

const at = useRegistry();

test.each([
  ["https://ghcr.io/acme/app:v1", "ghcr.io/acme/app:v1"],
  ["http://localhost:5000/app", "localhost:5000/app"],
  ["oci://ghcr.io/acme/app:v1", "ghcr.io/acme/app:v1"],
  ["debian:12", "docker.io/library/debian:12"],
])("[client/B-13] a scheme in front of a reference is taken away: %s", (text, expected) => {
  expect(formatLocation(parsePlace(text))).toBe(expected);
});

test.each([
  "HTTPS://ghcr.io/acme/app",
  "ftp://ghcr.io/acme/app",
  "http://oci:folder",
  "https://-",
  "https://",
  "https://ghcr.io",
  "http://https://a.test/b",
])("[client/B-13] only https:// and http:// are, as they are written, and only in front of references: %s", (text) => {
  expect(() => parsePlace(text)).toThrow(InvalidLocationError);
});

test("[client/B-13] an address that was pasted is read and written as what it names", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1"] });
  for (const scheme of ["http", "https"]) {
    const pasted = `${scheme}://${at.app}`;
    expect(await berth(["digest", `${pasted}:v1`])).toEqual({ code: 0, stdout: `${manifest.digest}\n`, stderr: "" });
    const copied = await berth(["cp", `${pasted}:v1`, `${pasted}:${scheme}`]);
    expect(copied).toMatchObject({ code: 0, stdout: `${at.app}:${scheme}@${manifest.digest}\n` });
    expect(await berth(["tag", `${pasted}:v1`, `${pasted}:v2`])).toMatchObject({ code: 0 });
    expect((await berth(["ls", pasted])).stdout.split("\n")).toEqual(expect.arrayContaining([scheme, "v1", "v2"]));
  }
  expect(await berth(["digest", `http://${at.app}:none`])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining(`berth ls ${at.app}\n`),
  });
});

test.each<readonly string[]>([
  ["digest", "https://alice:s3cr3tPW@localhost:7016/p/deb:1"],
  ["digest", "alice:s3cr3tPW@localhost:7016/p/deb:1"],
  ["digest", "oci://alice:s3cr3tPW@localhost:7016/p/deb:1"],
  ["ls", "https://alice:s3cr3tPW@localhost:7016/p/deb"],
  ["cp", "oci:nothing", "https://alice:s3cr3tPW@localhost:7016/p/deb:1"],
  ["tag", "http://alice:s3cr3tPW@localhost:7016/p/deb:1", "2"],
  ["untag", "--keep-going", "http://alice:s3cr3tPW@localhost:7016/p/deb:1"],
  ["push", "alice:s3cr3tPW@localhost:7016/p/deb:1", "-"],
  ["load", "-", "alice:s3cr3tPW@localhost:7016/p/deb:1"],
  ["blob", "head", "alice:s3cr3tPW@localhost:7016/p/deb@sha256:cut"],
  ["rm", "https://alice:s3cr3tPW@localhost:7016/p/deb:1"],
  ["ping", "https://alice:s3cr3tPW@localhost:7016"],
  ["login", "alice:s3cr3tPW@localhost:7016"],
  ["https://alice:s3cr3tPW@localhost:7016/p/deb:1"],
])("a password in a pasted address is not told again, in any form: %j %j", async (...args) => {
  for (const how of [[], ["--debug"], ["--format", "json"]]) {
    const { code, stdout, stderr } = await berth([...args, ...(args.length > 1 ? how : [])]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain("localhost:7016");
    expect(stdout + stderr).not.toMatch(/s3cr3t|alice/);
  }
});

test("who pastes a password with a reference learns how to sign in", async () => {
  const { code, stderr } = await berth(["digest", "https://alice:s3cr3tPW@localhost:7016/p/deb:1"]);
  expect(code).toBe(2);
  expect(stderr).toContain('berth: Cannot use "localhost:7016/p/deb:1": a reference holds no user name and no password');
  expect(stderr).toContain("hint: sign in: berth login localhost:7016\n");
});

test("oci:// is a registry: where a layout of that name is at hand, it is said how that is named", async () => {
  await pushImage(at.repository, { tags: ["v1"] });
  await berth(["cp", `${at.app}:v1`, `oci:${join(at.folder, "lay")}:12`]);
  const before = process.cwd();
  process.chdir(at.folder);
  try {
    const { code, stderr } = await berth(["digest", "oci://lay:12"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("is oci:lay:12\n")]);
    expect(await berth(["digest", "oci:lay:12"])).toMatchObject({ code: 0 });
  } finally {
    process.chdir(before);
  }
});
