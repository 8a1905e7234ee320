import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
const at = useRegistry({ per: "test" });
let app: string;
let digest: string;

beforeEach(async () => {
  app = `${at.server.host}/app`;
  digest = (await pushImage(at.embedded.repository("app"), { tags: ["v1"] })).manifest.digest;
  await pushImage(at.embedded.repository("app"), { tags: ["v2"], content: "other" });
});

test("what an archive holds is listed, and an image of it is named as it can be typed", async () => {
  const oci = `oci-archive:${join(at.folder, "app.tar")}`;
  const docker = `docker-archive:${join(at.folder, "docker.tar")}`;
  await berth(["cp", `${app}:v1`, `${oci}:v1`]);
  await berth(["cp", `${app}:v1`, `${docker}:acme/app:v1`]);
  expect(await berth(["ls", oci])).toEqual({ code: 0, stdout: "v1\n", stderr: "" });
  expect(await berth(["ls", docker])).toEqual({ code: 0, stdout: "acme/app:v1\n", stderr: "" });
  for (const place of [oci, docker]) {
    const shown = (await berth(["inspect", "--format", "jsonpath=.reference", place])).stdout.trim();
    expect(shown).toMatch(/\.tar@sha256:[0-9a-f]{64}$/);
    expect((await berth(["digest", shown])).code).toBe(0);
  }
  expect((await berth(["digest", `${oci}@${digest}`])).stdout).toBe(`${digest}\n`);
});

test("an image of Docker's that is copied into a layout as it is comes with a warning, one of OCI does not", async () => {
  const docker = `docker-archive:${join(at.folder, "docker.tar")}:acme/app:v1`;
  await berth(["cp", `${app}:v1`, docker]);
  const layout = `oci:${join(at.folder, "layout")}`;
  expect(await berth(["cp", "--quiet", docker, `${app}:docker`])).toMatchObject({ code: 0, stderr: "" });
  const copied = await berth(["cp", "--quiet", `${app}:docker`, `${layout}:docker`]);
  expect(copied).toMatchObject({ code: 0, stderr: expect.stringContaining(`${layout}:docker has the form of Docker's images`) });
  expect(await berth(["cp", "--quiet", `${app}:v1`, `${layout}:oci`])).toMatchObject({ code: 0, stderr: "" });
  expect(await berth(["cp", "--quiet", docker, `${layout}:made`])).toMatchObject({ code: 0, stderr: "" }); // it had no manifest
});

test("an archive is written over when it loses nothing, or when that is asked for", async () => {
  const archive = (kind: string): string => `${kind}-archive:${join(at.folder, `${kind}.tar`)}`;
  for (const [kind, one, other] of [
    ["oci", "v1", "v2"],
    ["docker", "app:v1", "docker.io/library/app:v2"],
  ] as const) {
    const place = archive(kind);
    expect((await berth(["cp", `${app}:v1`, `${place}:${one}`])).code).toBe(0);
    expect((await berth(["cp", `${app}:v2`, `${place}:${one}`])).code).toBe(0);
    expect(await berth(["cp", "--no-clobber", `${app}:v1`, `${place}:${one}`])).toMatchObject({ code: 5 });
    const refused = await berth(["cp", `${app}:v2`, `${place}:${other}`]);
    expect(refused).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`"${one}" would be lost: name another file, or add --overwrite`),
    });
    expect((await berth(["cp", "--dry-run", `${app}:v2`, `${place}:${other}`])).code).toBe(5);
    expect((await berth(["mutate", "-l", "a=b", "-o", `${place}:${other}`, `${app}:v1`])).code).toBe(5);
    expect((await berth(["pull", "-o", `${place}:${other}`, `${app}:v1`])).code).toBe(5);
    expect((await berth(["push", `${place}:${other}`, `oci-archive:${join(at.folder, "oci.tar")}:v1`])).code).toBe(5);
    expect((await berth(["ls", place])).stdout).toBe(`${one}\n`);
    expect((await berth(["cp", "--overwrite", `${app}:v2`, `${place}:${other}`])).code).toBe(0);
    expect((await berth(["cp", `${app}:v1`, `${place}:${one}`])).code).toBe(5);
  }
  writeFileSync(join(at.folder, "notes"), "mine");
  expect(await berth(["cp", `${app}:v1`, `oci-archive:${join(at.folder, "notes")}`])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining(
      `will not write over "${join(at.folder, "notes")}": its content cannot be read as an archive, and would be lost: name another file, or add --overwrite`,
    ),
  });
  writeFileSync(join(at.folder, "empty"), "");
  expect((await berth(["cp", "--all-tags", app, `oci-archive:${join(at.folder, "empty")}`])).code).toBe(0);
});

test("nothing is made for what is not there", async () => {
  const layout = join(at.folder, "layout");
  for (const kind of ["oci", "oci-archive", "docker-archive"]) {
    expect((await berth(["cp", `${app}:none`, `${kind}:${layout}`])).code).toBe(4);
    expect(existsSync(layout)).toBe(false);
  }
  const many = await berth(["cp", "--all-tags", "--match", "z*", app, `oci:${layout}`]);
  expect(many).toEqual({ code: 4, stdout: "", stderr: `berth: no tag of "${app}" matches\n` });
  expect(existsSync(layout)).toBe(false);
});

test("what would take an archive's images away with it is refused: attach, and a sync into one", async () => {
  const archive = `oci-archive:${join(at.folder, "app.tar")}`;
  await berth(["cp", `${app}:v1`, `${archive}:v1`]);
  const attached = await berth(["attach", "--artifact-type", "a/b", "--annotation", "by=me", `${archive}:v1`]);
  expect(attached).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("archives are written whole") });
  const file = `sync: [{source: "${app}:v2", destination: "${archive}"}]\n`;
  expect(await berth(["sync", "-"], { stdin: file })).toMatchObject({ code: 2, stderr: expect.stringContaining("a registry or a layout") });
  expect(await berth(["ls", archive])).toEqual({ code: 0, stdout: "v1\n", stderr: "" });
  expect(await berth(["digest", `${archive}:v1`])).toMatchObject({ stdout: `${digest}\n` });
});

test("an image without a name is not written over by one with a name, but by another one without", async () => {
  const archive = `oci-archive:${join(at.folder, "app.tar")}`;
  const other = (await berth(["digest", `${app}:v2`])).stdout.trim();
  expect(await berth(["cp", `${app}@${digest}`, archive])).toMatchObject({ code: 0 });
  const refused = await berth(["cp", `${app}:v2`, `${archive}:v2`]);
  expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining("an image without a name would be lost") });
  expect((await berth(["digest", archive])).stdout).toBe(`${digest}\n`);
  expect(await berth(["cp", `${app}@${other}`, archive])).toMatchObject({ code: 0 });
  expect((await berth(["digest", archive])).stdout).toBe(`${other}\n`);
});

test.each(["docker", "oci"])("load of a %s archive gives no tag to one image and then to another", async (kind) => {
  const file = join(at.folder, "both.tar");
  for (const [name, tag] of [
    ["colla", "v1"],
    ["collb", "v2"],
  ])
    await berth(["cp", `${app}:${tag}`, `${at.server.host}/${name}:v1`]);
  const save = ["save", "--format-archive", kind, "-o", file];
  expect(await berth([...save, `${at.server.host}/colla:v1`, `${at.server.host}/collb:v1`])).toMatchObject({ code: 0 });
  for (const dryRun of [["--dry-run"], []]) {
    const refused = await berth(["load", ...dryRun, file, `${at.server.host}/coll`]);
    expect(refused).toMatchObject({ code: 5, stdout: "", stderr: expect.stringMatching(/colla:v1" and .*collb:v1" .*--registry HOST/) });
  }
  expect(await berth(["ls", `${at.server.host}/coll`])).toMatchObject({ code: 4 });
  expect(await berth(["load", "--registry", `${at.server.host}/mirror`, file])).toMatchObject({ code: 0 });
  await berth(["cp", `${at.server.host}/colla:v1`, `${at.server.host}/collb:v1`]);
  const same = join(at.folder, "same.tar");
  await berth([...save.slice(0, -1), same, `${at.server.host}/colla:v1`, `${at.server.host}/collb:v1`]);
  const loaded = await berth(["load", same, `${at.server.host}/coll`]);
  expect(loaded).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[^\n]*coll:v1@sha256:[0-9a-f]+\n$/) });
});

test("save keeps an archive that holds other images, unless --overwrite says so", async () => {
  const file = join(at.folder, "kept.tar");
  expect(await berth(["save", "-o", file, `${app}:v1`])).toMatchObject({ code: 0 });
  expect(await berth(["save", "-o", file, `${app}:v1`])).toMatchObject({ code: 0 });
  for (const dryRun of [["--dry-run"], []]) {
    const refused = await berth(["save", ...dryRun, "-o", file, `${app}:v2`]);
    expect(refused).toMatchObject({ code: 5, stdout: "", stderr: expect.stringMatching(/app:v1" would be lost.*add --overwrite/) });
  }
  expect((await berth(["ls", `docker-archive:${file}`])).stdout).toBe(`${app}:v1\n`);
  expect(await berth(["save", "--overwrite", "-o", file, `${app}:v2`])).toMatchObject({ code: 0 });
  expect((await berth(["ls", `docker-archive:${file}`])).stdout).toBe(`${app}:v2\n`);
});

test("a dry run of save fails where save fails: for an artifact, and a file that cannot be", async () => {
  const content = join(at.folder, "a.txt");
  writeFileSync(content, "a");
  await berth(["push", `${at.server.host}/files:v1`, content]);
  for (const dryRun of [["--dry-run"], []]) {
    const artifact = await berth(["save", ...dryRun, "-o", join(at.folder, "s.tar"), `${at.server.host}/files:v1`]);
    expect(artifact).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("to a docker archive: it is") });
    expect(artifact.stderr).toContain("hint: an artifact has files instead: berth pull");
    const nowhere = await berth(["save", ...dryRun, "-o", join(at.folder, "none", "s.tar"), `${app}:v1`]);
    expect(nowhere).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("no such file or folder") });
  }
  expect(existsSync(join(at.folder, "s.tar"))).toBe(false);
});

test("cp --all-tags sends who has an archive of whole names to load, before anything is sent", async () => {
  const file = join(at.folder, "names.tar");
  for (const [kind, place] of [
    ["docker", "docker-archive"],
    ["oci", "oci-archive"],
  ] as const) {
    await berth(["save", "--overwrite", "--format-archive", kind, "-o", file, `${app}:v1`, `${app}:v2`]);
    const refused = await berth(["cp", "--all-tags", `${place}:${file}`, `${at.server.host}/all`]);
    expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(`berth load ${file} ${at.server.host}/all`) });
    expect(await berth(["load", "--dry-run", file, `${at.server.host}/all`])).toMatchObject({ code: 0 });
  }
  expect(await berth(["ls", `${at.server.host}/all`])).toMatchObject({ code: 4 });
});

test.each([["untag"], ["rm"]])("%s takes nothing away when one of its arguments cannot be", async (verb) => {
  const layout = `oci:${join(at.folder, "layout")}`;
  await berth(["cp", `${app}:v1`, `${layout}:a`]);
  expect(await berth([verb, `${layout}:a`, "UPPER CASE"])).toMatchObject({ code: 2, stdout: "" });
  if (verb === "untag")
    expect(await berth([verb, `${layout}:a`, "b"])).toMatchObject({ code: 2, stderr: expect.stringContaining("names no tag") });
  expect((await berth(["ls", layout])).stdout).toBe("a\n");
});

test("--max-ratio reaches archives that are compressed as a whole", async () => {
  const zeros = zstdCompressSync(Buffer.alloc(64 * 1024 ** 2));
  const file = join(at.folder, "app.tar.zst");
  writeFileSync(file, Buffer.concat(Array<Buffer>(17).fill(zeros))); // more than the GiB that is allowed anyway
  const told = expect.stringContaining("the limit is 2000 (maxRatio)\nhint: if you trust whoever made it, allow more: --max-ratio NUMBER");
  const plan = join(at.folder, "sync.yml");
  writeFileSync(plan, JSON.stringify({ sync: [{ source: `oci-archive:${file}`, destination: app }] }));
  for (const args of [
    ["load", file, `${app}:v3`],
    ["sync", plan],
    ["inspect", `oci-archive:${file}`],
  ])
    expect(await berth([...args, "--max-ratio", "2000"])).toMatchObject({ code: 6, stderr: told });
}, 60_000);

test.each([
  ["--platforms", "linux/amd64"],
  ["--index-only"],
  ["--referrers"],
  ["--referrer-type", "application/spdx+json"],
  ["--referrer-annotation", "a=b"],
  ["--referrers-style", "api"],
  ["--digest-tags"],
])("%s is refused where a docker archive is written, which has no room for it", async (flag, ...value) => {
  const file = join(at.folder, "app.tar");
  for (const dryRun of [[], ["--dry-run"]]) {
    expect(await berth(["cp", ...dryRun, flag, ...value, `${app}:v1`, `docker-archive:${file}`])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(`cannot use ${flag} with a docker archive`),
    });
  }
  expect(existsSync(file)).toBe(false);
});

test("what is no archive is said to be none", async () => {
  const file = join(at.folder, "notes.tar");
  writeFileSync(file, "notes".repeat(200));
  expect(await berth(["load", file, app])).toMatchObject({ code: 6, stderr: expect.stringContaining("it is no tar archive") });
});
