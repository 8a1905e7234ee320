import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// each test runs many commands
vi.setConfig({ testTimeout: 60_000 });

const at = useRegistry();

/** Requests since the last call that would change something. */
function writes(): readonly string[] {
  return at.server.journal.splice(0).filter((line) => !/^(?:GET|HEAD) /.test(line));
}

test("a dry run of pull and save says what would be made, and makes nothing", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1", "v2"] });
  const { digest } = manifest;
  const file = `${at.path}.digest`;
  for (const [args, told] of [
    [["pull", "-o", `oci:${at.path}`, "--digest-file", file, `${at.app}:v1`], `oci:${at.path}:v1@${digest} (dry run)\n`],
    [["pull", "--verify", "-o", at.path, `${at.app}:v1`], `oci:${at.path}:v1@${digest} (dry run)\n`],
    [["pull", "-o", `oci-archive:${at.path}`, `${at.app}:v1`], `oci-archive:${at.path}:v1@${digest} (dry run)\n`],
    [
      ["save", "--format-archive", "oci", "-o", at.path, `${at.app}:v1`, `${at.app}:v2`],
      `oci-archive:${at.path}:${at.app}:v1@${digest} (dry run)\noci-archive:${at.path}:${at.app}:v2@${digest} (dry run)\n`,
    ],
  ] as const) {
    expect(await berth([args[0], "--dry-run", ...args.slice(1)])).toEqual({ code: 0, stdout: told, stderr: "" });
    const json = await berth([args[0], "--dry-run", "--format", "json", ...args.slice(1)]);
    expect(JSON.parse(json.stdout)).toMatchObject({ dryRun: true, tags: expect.any(Array) });
  }
  expect(writes()).toEqual([]);
  expect(existsSync(at.path)).toBe(false);
  expect(existsSync(file)).toBe(false);
  expect(await berth(["save", "--dry-run", "-o", at.path, `${at.app}:none`])).toMatchObject({ code: 4, stdout: "" });
  expect(await berth(["save", "--dry-run", `${at.app}:v1`])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("docker-archive:-:"),
  });
});

test("a dry run of a pull into a layout knows which tag is there already", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1"] });
  await berth(["pull", "-o", at.path, `${at.app}:v1`]);
  const again = await berth(["pull", "--dry-run", "-o", at.path, `${at.app}:v1`]);
  expect(again.stdout).toBe(`oci:${at.path}:v1@${manifest.digest} (unchanged)\n`);
});

test("a dry run of the pull of an artifact names the files, and writes none", async () => {
  const content = join(at.folder, "report.json");
  writeFileSync(content, "[]");
  await berth(["push", `${at.app}:v1`, content]);
  at.server.journal.length = 0;
  const would = await berth(["pull", "--dry-run", "-o", at.path, `${at.app}:v1`]);
  expect(would).toEqual({ code: 0, stdout: `would write ${join(at.path, "report.json")}\n`, stderr: "" });
  const json = await berth(["pull", "--dry-run", "--format", "json", "-o", at.path, `${at.app}:v1`]);
  expect(JSON.parse(json.stdout)).toMatchObject({ dryRun: true, files: [{ path: join(at.path, "report.json"), size: 2 }] });
  expect(existsSync(at.path)).toBe(false);
  expect(writes()).toEqual([]);
});

test("a dry run of logout forgets nothing", async () => {
  const authfile = `${at.path}.json`;
  const kept = JSON.stringify({ auths: { "r.test": { auth: "YTpi" } } });
  writeFileSync(authfile, kept);
  const would = await berth(["logout", "--dry-run", "--authfile", authfile, "r.test"]);
  expect(would).toEqual({ code: 0, stdout: "would log out of r.test\n", stderr: "" });
  expect(readFileSync(authfile, "utf8")).toBe(kept);
  const nobody = await berth(["logout", "--dry-run", "--authfile", authfile, "other.test"]);
  expect(nobody).toEqual({ code: 0, stdout: "", stderr: "Not logged in to other.test\n" });
  expect((await berth(["logout", "--authfile", authfile, "r.test"])).code).toBe(0);
  expect(readFileSync(authfile, "utf8")).not.toContain("YTpi");
});
