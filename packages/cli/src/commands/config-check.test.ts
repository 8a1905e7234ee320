import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-config-"));
  file = join(folder, "config.yml");
});

afterEach(() => rmSync(folder, { recursive: true }));

test("config check prints every finding with its place and exits 1 when one is an error", async () => {
  writeFileSync(file, "version: 0.1\nstorage: inmemory\nhttp:\n  prefix: x\n  adr: y\n");
  const fake = fakeIo();
  expect(await run(["config", "check", file], { io: fake.io })).toBe(1);
  expect(fake.stdout()).toBe(
    `${file}:4:11: http.prefix: error: expected a path that starts and ends with a slash, got "x"\n${file}:5:3: http.adr: warning: is not a known key: did you mean "http.addr"?\n`,
  );
  expect(fake.stderr()).toBe(`berth: "${file}" cannot be used: 1 error\n`);
});

test("config check exits 0 for a file that can be used, whatever it warns of, and 1 for the same one under --strict", async () => {
  writeFileSync(file, "version: 0.1\nstorage: inmemory\nhttp: {adr: y}\n");
  expect(await run(["config", "check"], { io: fakeIo({ env: { REGISTRY_CONFIGURATION_PATH: file } }).io })).toBe(0);
  expect(await run(["config", "check", "--strict", file], { io: fakeIo().io })).toBe(1);
});

test("config check looks at REGISTRY_* variables unless told not to", async () => {
  writeFileSync(file, "version: 0.1\nstorage: inmemory\n");
  const env = { REGISTRY_LOG_LEVEL: "loud" };
  expect(await run(["config", "check", file], { io: fakeIo({ env }).io })).toBe(1);
  expect(await run(["config", "check", "--no-env", file], { io: fakeIo({ env }).io })).toBe(0);
});

test("config check without a file is a usage mistake, one that is not there is said to be so, and a folder is no file", async () => {
  expect(await run(["config", "check"], { io: fakeIo().io })).toBe(2);
  const fake = fakeIo();
  expect(await run(["config", "check", file], { io: fake.io })).toBe(4);
  expect([fake.stdout(), fake.stderr()]).toEqual(["", `berth: cannot read "${file}": no such file or folder\n`]);
  const ofFolder = fakeIo();
  expect(await run(["config", "check", folder], { io: ofFolder.io })).toBe(1);
  expect(ofFolder.stdout()).toBe(`${folder}: error: cannot read the file: it is a folder\n`);
});
