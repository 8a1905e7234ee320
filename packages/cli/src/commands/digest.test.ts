import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-digest-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

const HI = "sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4";

test("[server/C1] digest --file prints digest, tab and name for each input, and reads standard input for none or -", async () => {
  const file = join(folder, "hi");
  writeFileSync(file, "hi");
  for (const [args, out] of [
    [[], `${HI}\t-\n`],
    [["-"], `${HI}\t-\n`],
    [["--file", file, "-"], `${HI}\t${file}\n${HI}\t-\n`],
  ] as const) {
    const fake = fakeIo({ stdin: "hi" });
    expect(await run(["digest", ...args], { io: fake.io })).toBe(0);
    expect(fake.stdout()).toBe(out);
    expect(fake.stderr()).toBe("");
  }
});

test("digest of files is told as --format says, one result for each", async () => {
  const file = join(folder, "hi");
  writeFileSync(file, "hi");
  for (const [format, out] of [
    ["json", [file, "-"].map((name) => `${JSON.stringify({ digest: HI, size: 2, file: name }, undefined, 2)}\n`).join("")],
    ["{{.size}} {{.digest}} {{.file}}", `2 ${HI} ${file}\n2 ${HI} -\n`],
    ["jsonpath=.digest", `${HI}\n${HI}\n`],
  ] as const) {
    const fake = fakeIo({ stdin: "hi" });
    expect(await run(["digest", "--format", format, "--file", file, "-"], { io: fake.io })).toBe(0);
    expect(fake.stdout()).toBe(out);
  }
});

test("[server/C1] digest knows sha256, sha384 and sha512, by either spelling of the flag", async () => {
  for (const [algorithm, length] of [
    ["sha256", 64],
    ["sha384", 96],
    ["sha512", 128],
  ] as const) {
    for (const flag of ["-a", "--algorithm"]) {
      const fake = fakeIo({ stdin: "hi" });
      expect(await run(["digest", flag, algorithm], { io: fake.io })).toBe(0);
      expect(fake.stdout()).toMatch(new RegExp(`^${algorithm}:[0-9a-f]{${length}}\t-\n$`));
    }
  }
});

test("[server/C2] an unknown algorithm is said, and exits 1", async () => {
  const fake = fakeIo();
  expect(await run(["digest", "-a", "md5"], { io: fake.io })).toBe(1);
  expect(fake.stdout()).toBe("");
  expect(fake.stderr()).toBe('berth: unsupported digest algorithm: "md5", expected one of sha256, sha384, sha512\n');
});

test("[server/C2] a file that cannot be read is said, the rest is done, and the exit is 1", async () => {
  const fake = fakeIo({ stdin: "hi" });
  expect(await run(["digest", "--file", join(folder, "gone"), folder, "-"], { io: fake.io })).toBe(1);
  expect(fake.stdout()).toBe(`${HI}\t-\n`);
  expect(fake.stderr()).toBe(
    `berth digest: cannot read "${join(folder, "gone")}": no such file or folder\nberth digest: cannot read "${folder}": it is a folder\n`,
  );
});
