import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHtpasswdAuthenticator, type HtpasswdOptions } from "@berth/registry/htpasswd";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";

test("htpasswd makes an entry of a password from standard input, its last line break left out", async () => {
  const fake = fakeIo({ stdin: "pass word\n" });
  expect(await run(["htpasswd", "alice", "--password-stdin", "--cost", "4"], { io: fake.io })).toBe(0);
  expect(fake.stdout()).toMatch(/^alice:\$2y\$04\$.{53}\n$/);
  const folder = mkdtempSync(join(tmpdir(), "berth-htpasswd-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "users"), fake.stdout());
  const authenticator = await createHtpasswdAuthenticator({ path: join(folder, "users"), logger: silent });
  expect(await authenticator.authenticate("alice", "pass word")).toBe(true);
  authenticator.close();
  expect(fake.stdout() + fake.stderr()).not.toContain("pass word");
});

test("htpasswd refuses what it cannot use, prints nothing to append then, and exits 2", async () => {
  for (const [args, stdin] of [
    [["a:b", "--password-stdin"], "x"],
    [["a", "--password-stdin"], ""],
    [["a"], "x"],
    [["a", "--password-stdin", "--cost", "40"], "x"],
  ] as const) {
    const fake = fakeIo({ stdin });
    expect(await run(["htpasswd", ...args], { io: fake.io }), args.join(" ")).toBe(2);
    expect(fake.stdout()).toBe("");
    expect(fake.stderr()).toMatch(/^berth: /);
  }
});

const silent: HtpasswdOptions["logger"] = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
