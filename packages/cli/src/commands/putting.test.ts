import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
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

test("[engine/T33] an image is put into a layout piece by piece, and is the one of the registry; a blob goes again", async () => {
  const { manifest, config, layer, bytes } = await pushImage(at.repository, { tags: ["v1"] });
  const layout = `oci:${at.path}`;
  const file = join(at.folder, "layer");
  writeFileSync(file, bytes.layer);
  expect(await berth(["blob", "put", layout, file])).toEqual({ code: 0, stdout: `${layout}@${layer.digest}\n`, stderr: "" });
  const missing = await berth(["manifest", "put", `${layout}:v1`], { stdin: bytes.manifest });
  expect(missing).toMatchObject({
    code: 6,
    stdout: "",
    stderr: expect.stringContaining(`put it there first: berth blob put ${layout} FILE`),
  });
  expect((await berth(["ls", layout])).stdout).toBe("");
  const stored = await berth(["blob", "put", "--format", "json", layout], { stdin: bytes.config });
  expect(JSON.parse(stored.stdout)).toEqual({
    reference: `${layout}@${config.digest}`,
    mediaType: MEDIA_TYPES.octetStream,
    digest: config.digest,
    size: config.size,
  });
  const put = await berth(["manifest", "put", "--tag", "latest", `${layout}:v1`], { stdin: bytes.manifest });
  expect(put).toEqual({ code: 0, stdout: `${layout}@${manifest.digest}\n`, stderr: "" });
  expect((await berth(["ls", layout])).stdout).toBe("latest\nv1\n");
  expect((await berth(["fsck", `${layout}:v1`])).code).toBe(0);
  expect((await berth(["digest", `${layout}:v1`])).stdout).toBe((await berth(["digest", `${at.app}:v1`])).stdout);
  expect(await berth(["blob", "rm", "-f", `${layout}@${layer.digest}`])).toMatchObject({ code: 0 });
  expect(await berth(["blob", "head", `${layout}@${layer.digest}`])).toMatchObject({ code: 4 });
});

test("what is not what it should be is put into no layout, and none is made for it", async () => {
  const { bytes } = await pushImage(at.repository);
  const wrong = `sha256:${"0".repeat(64)}`;
  expect(await berth(["manifest", "put", `oci:${at.path}@${wrong}`], { stdin: bytes.manifest })).toMatchObject({ code: 6, stdout: "" });
  expect(await berth(["manifest", "put", `oci:${at.path}:..`], { stdin: bytes.manifest })).toMatchObject({ code: 2, stdout: "" });
  expect(await berth(["blob", "put", `oci:${at.path}`, join(at.folder, "gone")])).toMatchObject({ code: 4, stdout: "" });
  expect(existsSync(at.path)).toBe(false);
});

test("blob rm leaves manifests of a layout alone, which would go with their tags", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1"] });
  const layout = `oci:${at.path}`;
  await berth(["cp", `${at.app}:v1`, layout]);
  const refused = await berth(["blob", "rm", "-f", `${layout}@${manifest.digest}`]);
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining(`berth manifest rm ${layout}@${manifest.digest}`) });
  expect((await berth(["ls", layout])).stdout).toBe("v1\n");
});

test("an archive is not changed, and it is said what to do instead", async () => {
  const { layer, bytes } = await pushImage(at.repository, { tags: ["v1"] });
  const archive = `oci-archive:${at.path}`;
  await berth(["cp", `${at.app}:v1`, `${archive}:v1`]);
  for (const [args, stdin] of [
    [["blob", "put", archive], "x"],
    [["blob", "rm", "-f", `${archive}@${layer.digest}`], ""],
    [["manifest", "put", `${archive}:v2`], bytes.manifest],
    [["untag", `${archive}:v1`], ""],
    [["untag", "--dry-run", `${archive}:v1`], ""],
  ] as const) {
    const refused = await berth(args, { stdin });
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/archives are written whole\n.*work on an OCI layout, oci:FOLDER, instead: berth cp/);
  }
  expect((await berth(["ls", archive])).stdout).toBe("v1\n");
});

test("dry runs of what puts and takes away say what would be done, and neither change nor send anything", async () => {
  const { manifest, layer, bytes } = await pushImage(at.repository, { tags: ["v1"] });
  const blob = digestOf("new");
  for (const [args, stdin, told] of [
    [["blob", "put", "--dry-run", at.app], "new", `would put blob ${at.app}@${blob}\n`],
    [
      ["manifest", "put", "--dry-run", "--tag", "b", `${at.app}:a`],
      bytes.manifest,
      `would put manifest ${at.app}@${manifest.digest}\nwould tag ${at.app}:a as ${manifest.digest}\nwould tag ${at.app}:b as ${manifest.digest}\n`,
    ],
    [["untag", "--dry-run", `${at.app}:v1`], "", `would take away tag ${at.app}:v1\n`],
    [["blob", "rm", "--dry-run", `${at.app}@${layer.digest}`], "", `would delete blob ${at.app}@${layer.digest}, which images may need\n`],
    [["blob", "put", "--dry-run", `oci:${at.path}`], "new", `would put blob oci:${at.path}@${blob}\n`],
  ] as const) {
    expect(await berth(args, { stdin })).toEqual({ code: 0, stdout: told, stderr: "" });
    const json = await berth([...args.slice(0, 2), "--format", "json", ...args.slice(2)], { stdin });
    expect(JSON.parse(json.stdout)).toMatchObject({ dryRun: true });
  }
  const missing = await berth(["manifest", "put", "--dry-run", `oci:${at.path}:a`], { stdin: bytes.manifest });
  expect(missing).toMatchObject({ code: 6, stdout: "" });
  expect(writes()).toEqual([]);
  expect(existsSync(at.path)).toBe(false);
  await berth(["cp", `${at.app}:v1`, `oci:${at.path}`]);
  const before = readdirSync(at.path, { recursive: true, encoding: "utf8" }).toSorted();
  const there = await berth(["manifest", "put", "--dry-run", `oci:${at.path}:a`], { stdin: bytes.manifest });
  expect(there).toMatchObject({ code: 0, stdout: expect.stringContaining(`would tag oci:${at.path}:a as ${manifest.digest}\n`) });
  expect(readdirSync(at.path, { recursive: true, encoding: "utf8" }).toSorted()).toEqual(before);
  expect((await berth(["ls", `oci:${at.path}`])).stdout).toBe("v1\n");
});

test("untag and blob rm tell programs what went, as rm does", async () => {
  const { layer } = await pushImage(at.repository, { tags: ["v1", "v2"] });
  const many = await berth(["untag", "--format", "json", "--keep-going", `${at.app}:v1`, `${at.app}:none`]);
  expect(many.code).toBe(9);
  expect(JSON.parse(many.stdout)).toEqual({
    removed: [{ kind: "tag", reference: `${at.app}:v1` }],
    failures: [expect.objectContaining({ source: `${at.app}:none`, class: "NotFound" })],
  });
  const one = await berth(["blob", "rm", "-f", "--format", "json", `${at.app}@${layer.digest}`]);
  expect(JSON.parse(one.stdout)).toEqual({ removed: [{ kind: "blob", reference: `${at.app}@${layer.digest}` }], failures: [] });
});

test.each([
  ["rm", `:none`],
  ["untag", `:none`],
  ["manifest", "rm", `@sha256:${"0".repeat(64)}`],
  ["blob", "rm", `@sha256:${"0".repeat(64)}`],
])("%s --ignore-missing tells programs, too, that nothing went", async (...words) => {
  await pushImage(at.repository, { tags: ["v1"] });
  const verb = words.slice(0, -1);
  const force = verb[0] === "untag" ? [] : ["-f"];
  const { code, stdout } = await berth([...verb, ...force, "--ignore-missing", "--format", "json", `${at.app}${words.at(-1)}`]);
  expect([code, JSON.parse(stdout)]).toEqual([0, { removed: [], failures: [] }]);
});

test("a folder is no blob", async () => {
  for (const dryRun of [[], ["--dry-run"]])
    expect(await berth(["blob", "put", ...dryRun, at.app, at.folder])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(`berth: cannot read "${at.folder}": it is a folder\n`),
    });
});
