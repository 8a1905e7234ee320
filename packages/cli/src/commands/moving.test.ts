import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { openLayout, tarFolder } from "@berth/transfer";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { serveHandler, type TestServer } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const PASSWORD = "s3cret-Passw0rd";

// tests run several commands, and the first one loads all that they need
const at = useRegistry();
/** The same registry, for those who say who they are. */
let guarded: TestServer;
let image: Descriptor;
let layer: Descriptor;
let number = 0;
let repository: string;
let path: string;

beforeAll(async () => {
  const proof = `Basic ${Buffer.from(`me:${PASSWORD}`).toString("base64")}`;
  guarded = await serveHandler((request, response) => {
    if (request.headers.authorization === proof) return at.embedded.handler(request, response);
    request.resume();
    response.writeHead(401, { "WWW-Authenticate": 'Basic realm="test"' }).end();
  });
  mkdirSync(join(at.folder, "etc"));
  writeFileSync(join(at.folder, "etc", "name"), "berth\n");
  const tar = Buffer.concat(await Array.fromAsync(tarFolder([{ path: join(at.folder, "etc"), name: "etc" }])));
  layer = descriptorOf(MEDIA_TYPES.ociLayer, tar);
  const configBytes = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [layer.digest] } }),
  );
  const config = descriptorOf(MEDIA_TYPES.ociConfig, configBytes);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer] }));
  image = descriptorOf(MEDIA_TYPES.ociManifest, bytes);
  const layout = await openLayout(join(at.folder, "layout"), { create: true });
  await layout.push(layer, bytesSource(tar));
  await layout.push(config, bytesSource(configBytes));
  await layout.push(image, bytesSource(bytes));
  await layout.tag(image, "v1");
});

afterAll(async () => await guarded.close());

beforeEach(() => {
  path = join(at.folder, `n${++number}`);
  repository = `${at.server.host}/team/n${number}`;
});

/** Pushes the image to the repository of this test. */
async function pushed(): Promise<string> {
  expect(await berth(["push", `${repository}:v1`, `oci:${join(at.folder, "layout")}:v1`])).toMatchObject({ code: 0, stderr: "" });
  return `${repository}:v1`;
}

test("[engine/T16,T35] files are pushed as an artifact and pulled into another folder; nothing controls the terminal", async () => {
  mkdirSync(join(path, "site"), { recursive: true });
  writeFileSync(join(path, "site", "index.html"), "<p>");
  writeFileSync(join(path, "report.json"), "[]");
  const files = [`${join(path, "report.json")}:application/json`, join(path, "site")];
  const env = { SOURCE_DATE_EPOCH: "0" };
  const type = ["--artifact-type", "application/x.test", "--annotation", "by=me"];
  const push = await berth(["push", ...type, "--format", "json", `${repository}:v1`, ...files], { env });
  const { digest, stats } = JSON.parse(push.stdout) as { digest: string; stats: { copied: number } };
  expect(stats.copied).toBe(4); // two files, the empty config, the manifest
  expect((await berth(["push", ...type, "--format", "{{.digest}}", `${repository}:v1`, ...files], { env })).stdout).toBe(`${digest}\n`);
  const pull = await berth(["pull", "-o", join(path, "out"), `${repository}:v1`]);
  expect(pull).toEqual({ code: 0, stdout: `${join(path, "out", "report.json")}\n${join(path, "out", "site")}\n`, stderr: "" });
  expect(pull.stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  expect(readFileSync(join(path, "out", "site", "index.html"), "utf8")).toBe("<p>");
  writeFileSync(join(path, "out", "report.json"), "mine");
  expect(await berth(["pull", "-k", "-o", join(path, "out"), `${repository}:v1`])).toMatchObject({ code: 5, stdout: "" });
  expect(readFileSync(join(path, "out", "report.json"), "utf8")).toBe("mine");
  await berth(["pull", "-o", `oci:${join(path, "layout")}`, `${repository}:v1`]);
  expect(readdirSync(join(path, "layout", "blobs", "sha256"))).toHaveLength(4);
});

test("a title that leads out of the folder is refused, and nothing is written there", async () => {
  const content = Buffer.from("evil");
  const blob = { ...descriptorOf("text/plain", content), annotations: { "org.opencontainers.image.title": "../evil" } };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: "application/x.test",
      config: descriptorOf(MEDIA_TYPES.ociEmpty, Buffer.from("{}")),
      layers: [blob],
    }),
  );
  const target = at.embedded.repository(`team/n${number}`);
  await target.push(descriptorOf(MEDIA_TYPES.octetStream, content), bytesSource(content));
  await target.push(descriptorOf(MEDIA_TYPES.octetStream, Buffer.from("{}")), bytesSource(Buffer.from("{}")));
  const manifest = descriptorOf(MEDIA_TYPES.ociManifest, bytes);
  await target.push(manifest, bytesSource(bytes));
  await target.tag(manifest, "v1");
  expect(await berth(["pull", "-o", join(path, "out"), `${repository}:v1`])).toMatchObject({ code: 6, stdout: "" });
  expect(existsSync(join(path, "evil"))).toBe(false);
});

test("standard input becomes a file; what is attached to it is found again", async () => {
  const stdin = "select 1";
  const flags = ["--stdin-name", "a.sql", "--stdin-type", "application/sql", "--format", "jsonpath=.files[0].mediaType"];
  expect(await berth(["push", ...flags, `${repository}:v1`, "-"], { stdin })).toEqual({ code: 0, stdout: "application/sql\n", stderr: "" });
  await berth(["pull", "-o", path, `${repository}:v1`]);
  expect(readFileSync(join(path, "a.sql"), "utf8")).toBe(stdin);
  expect(await berth(["attach", `${repository}:v1`, join(path, "a.sql")])).toMatchObject({ code: 2 });
  const attach = await berth([
    "attach",
    "--artifact-type",
    "application/x.scan",
    "--format",
    "{{.digest}}",
    `${repository}:v1`,
    join(path, "a.sql"),
  ]);
  const found = await berth(["referrers", "--format", "jsonpath=.referrers[*].digest", `${repository}:v1`]);
  expect(found.stdout).toBe(attach.stdout);
  expect((await berth(["ls", repository])).stdout).toBe("v1\n");
});

test("a dry run pushes and loads nothing", async () => {
  const reference = await pushed();
  await berth(["save", "-o", `${path}.tar`, reference]);
  at.server.journal.length = 0;
  for (const args of [
    ["push", "--dry-run", `${repository}:new`, join(at.folder, "etc", "name")],
    ["push", "--dry-run", `${repository}:new`, `oci:${join(at.folder, "layout")}:v1`],
    ["attach", "--dry-run", "--artifact-type", "a/b", reference, join(at.folder, "etc", "name")],
    ["load", "--dry-run", `${path}.tar`, `${repository}:new`],
  ])
    expect(await berth(args)).toMatchObject({ code: 0, stderr: "" });
  expect(at.server.journal.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([]);
});

test("an image is pulled into a layout of its platform, and is whole", async () => {
  const reference = await pushed();
  const pull = await berth(["pull", "--verify", "-o", path, reference]);
  expect(pull).toEqual({ code: 0, stdout: `oci:${path}:v1@${image.digest}\n`, stderr: "" });
  expect(await berth(["pull", "--platform", "linux/s390x", "-o", path, reference])).toMatchObject({ code: 4 });
  expect(await berth(["fsck", `oci:${path}`])).toMatchObject({ code: 0, stdout: expect.stringContaining("3 blobs") });
  writeFileSync(join(path, "blobs", "sha256", layer.digest.slice(7)), "broken");
  const broken = await berth(["fsck", "--format", "json", `oci:${path}`]);
  expect(broken.code).toBe(6);
  expect(JSON.parse(broken.stdout)).toMatchObject({
    ok: false,
    problems: expect.arrayContaining([expect.objectContaining({ digest: layer.digest })]),
  });
  expect(await berth(["fsck", `oci:${path}:v1`])).toMatchObject({ code: 6, stdout: expect.stringContaining("layers[0]: ") });
  expect((await berth(["fsck", "--fast", "--format", "{{.ok}}", reference])).stdout).toBe("true\n");
});

test.each(["docker", "oci"])("images are saved into one %s archive, and loaded into a repository or under their names", async (kind) => {
  const reference = await pushed();
  await berth(["tag", reference, "v2"]);
  const file = `${path}.tar`;
  expect(await berth(["save", "--format-archive", kind, "-o", file, reference, `${repository}:v2`])).toMatchObject({ code: 0, stderr: "" });
  const loaded = `${repository}/loaded`;
  expect(await berth(["load", file, loaded])).toMatchObject({ code: 0, stderr: "" });
  expect((await berth(["ls", loaded])).stdout).toBe("v1\nv2\n");
  expect(await berth(["load", "--registry", `${at.server.host}/mirror`, file])).toMatchObject({ code: 0 });
  expect((await berth(["ls", `${at.server.host}/mirror/team/n${number}`])).stdout).toBe("v1\nv2\n");
  expect((await berth(["cat", `${loaded}:v1`, "/etc/name"])).stdout).toBe("berth\n");
  const piped = readFileSync(file);
  expect(await berth(["load", "-", `${repository}/piped`], { stdin: piped })).toMatchObject({ code: 0, stderr: "" });
  expect(await berth(["load", file])).toMatchObject({ code: 2 });
  // neither is an image of Docker Hub, as they could be read
  for (const [destination, reason] of [
    [at.server.host, "it names a registry and no image in it"],
    ["oci:app", "is no registry"],
  ] as const) {
    expect(await berth(["load", file, destination])).toMatchObject({ code: 2, stderr: expect.stringContaining(reason) });
  }
  expect(await berth(["load", file, `${repository}:one`])).toMatchObject({ code: 2 });
});

test("files of an image: one, all, as an archive", async () => {
  const reference = await pushed();
  expect(await berth(["cat", reference, "etc/name"])).toEqual({ code: 0, stdout: "berth\n", stderr: "" });
  expect(await berth(["cat", reference, "/etc/none"])).toMatchObject({ code: 4, stdout: "" });
  expect((await berth(["ls-files", reference])).stdout).toBe("/etc\n/etc/name\n");
  expect((await berth(["ls-files", "-l", "--match", "etc/*", reference])).stdout).toMatch(
    /^-rw.{7} 0\/0 +6 1970-01-01 00:00:00 \/etc\/name\n$/,
  );
  for (const pattern of ["/etc/*", "/^etc/n/"])
    expect((await berth(["ls-files", "--match", pattern, reference])).stdout).toBe("/etc/name\n");
  expect((await berth(["ls-files", "--exclude", "/etc/name", reference])).stdout).toBe("/etc\n");
  expect((await berth(["ls-files", "--format", "jsonpath=.files[*].path", reference])).stdout).toBe("/etc\n/etc/name\n");
  expect(await berth(["export", "-o", `${path}.tar`, reference])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readFileSync(`${path}.tar`).includes("etc/name")).toBe(true);
});

test("gc removes what nothing leads to, and asks before it takes what has no tag", async () => {
  await berth(["cp", `oci:${join(at.folder, "layout")}:v1`, `oci:${path}:v1`]);
  await berth(["untag", `oci:${path}:v1`]);
  const kept = "1 manifest without a tag stays: add --untagged to remove it, too\n";
  expect(await berth(["gc", "--grace", "0", `oci:${path}`])).toMatchObject({ code: 0, stderr: kept });
  expect((await berth(["gc", "--format", "jsonpath=.untagged", `oci:${path}`])).stdout.trim()).toBe("1");
  expect(await berth(["gc", "--untagged", `oci:${path}`])).toMatchObject({ code: 2, stdout: "" });
  expect(await berth(["gc", `oci:${path}:v1`])).toMatchObject({ code: 2, stdout: "" });
  const dry = await berth(["gc", "--dry-run", "--untagged", "--grace", "0", "--format", "json", `oci:${path}`]);
  expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, keptBlobs: 0 });
  expect(readdirSync(join(path, "blobs", "sha256"))).toHaveLength(3);
  expect(await berth(["gc", "--untagged", "-f", "--grace", "0", `oci:${path}`])).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(join(path, "blobs", "sha256"))).toHaveLength(0);
  expect(await berth(["gc", repository])).toMatchObject({ code: 2 });
});

test("[engine/T36] each side signs in by itself, and no password is shown or written", async () => {
  const reference = await pushed();
  const trace = `${path}.log`;
  const to = `${guarded.host}/team/guarded:v1`;
  const flags = ["--to-user", "me", "--to-password-stdin", "--from-anonymous", "--debug", "--trace-http", trace, "--progress", "plain"];
  const cp = await berth(["cp", ...flags, reference, to], { stdin: `${PASSWORD}\n` });
  expect(cp).toMatchObject({ code: 0, stdout: `${to}@${image.digest}\n` });
  const said = cp.stdout + cp.stderr + readFileSync(trace, "utf8");
  expect(said).toContain(guarded.host);
  for (const secret of [PASSWORD, Buffer.from(`me:${PASSWORD}`).toString("base64")]) expect(said).not.toContain(secret);
  expect(await berth(["cp", "--to-anonymous", reference, to])).toMatchObject({ code: 3, stdout: "" });
  const save = await berth(["save", "-o", `${path}.tar`, to], { env: { BERTH_USER: "me", BERTH_PASSWORD: "wrong-one" } });
  expect(save.code).toBe(3);
  expect(save.stderr).not.toContain("wrong-one");
  expect(existsSync(`${path}.tar`)).toBe(false);
});

test("push refuses two files of one title, before any of them is read", async () => {
  const twice = await berth(["push", `${repository}:twice`, "a.txt", "./a.txt:text/plain"]);
  expect(twice).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining('would both be called "a.txt"') });
  const piped = await berth(["push", "--stdin-name", "a.txt", `${repository}:twice`, "a.txt", "-"], { stdin: "x" });
  expect(piped).toMatchObject({ code: 2, stderr: expect.stringContaining('"a.txt" and "-"') });
});

test("an artifact may be its type alone: its config and only layer are empty", async () => {
  expect(await berth(["push", "--artifact-type", "application/vnd.acme.mark", `${repository}:mark`])).toMatchObject({
    code: 0,
    stderr: "",
  });
  const { artifactType, config, layers } = JSON.parse((await berth(["manifest", "get", `${repository}:mark`])).stdout);
  const mediaType = "application/vnd.oci.empty.v1+json";
  expect({ artifactType, config, layers }).toMatchObject({
    artifactType: "application/vnd.acme.mark",
    config: { mediaType },
    layers: [{ mediaType }],
  });
  expect(await berth(["push", `${repository}:mark`])).toMatchObject({ code: 2, stderr: expect.stringContaining("--artifact-type") });
});
