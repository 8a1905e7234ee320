import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPES } from "@berth/oci";
import { openLayout } from "@berth/transfer";
import { beforeAll, expect, test } from "vitest";
import { type PushedImage, pushImage, pushIndex, serveHandler } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// each test runs many commands
const at = useRegistry();
let app: string;
let layout: string;
let amd64: PushedImage;
let arm64: PushedImage;
let index: string;

beforeAll(async () => {
  app = `${at.server.host}/team/app`;
  const repository = at.embedded.repository("team/app");
  amd64 = await pushImage(repository, { tags: ["v1", "v2"], content: "one" });
  arm64 = await pushImage(repository, { architecture: "arm64", content: "two" });
  index = (
    await pushIndex(repository, "multi", [
      ["linux/amd64", amd64.manifest],
      ["linux/arm64", arm64.manifest],
    ])
  ).digest;
  await repository.tag(amd64.manifest, `sha256-${"0".repeat(64)}.sig`);
  const sbom = await pushImage(repository, {
    subject: amd64.manifest,
    artifactType: "application/spdx+json",
    content: "sbom",
    annotations: { "org.opencontainers.image.created": "2024-01-02T00:00:00Z" },
  });
  await pushImage(repository, {
    subject: amd64.manifest,
    artifactType: "application/sig",
    content: "sig",
    annotations: { "org.opencontainers.image.created": "2024-01-01T00:00:00Z", by: "me" },
  });
  await pushImage(repository, { subject: sbom.manifest, artifactType: "application/sig", content: "sig of sbom" });
  await pushImage(at.embedded.repository("other"), { tags: ["x"] });
  layout = join(at.folder, "layout");
  await pushImage(await openLayout(layout, { create: true }), { tags: ["v1"], content: "one" });
});

test("ls of a registry lists its repositories, of a repository its tags, and hides tags of signatures", async () => {
  expect(await berth(["ls", at.server.host])).toEqual({ code: 0, stdout: "other\nteam/app\n", stderr: "" });
  expect(await berth(["catalog", "--limit", "1", `http://${at.server.host}/`])).toMatchObject({ stdout: "other\n" });
  expect(await berth(["ls", "--last", "other", "--format", "json", at.server.host])).toMatchObject({
    stdout: `${JSON.stringify({ registry: at.server.host, repositories: ["team/app"] }, undefined, 2)}\n`,
  });
  expect(await berth(["ls", app])).toEqual({ code: 0, stdout: "multi\nv1\nv2\n", stderr: "" });
  expect((await berth(["ls", "--all", app])).stdout).toContain(".sig\n");
  expect((await berth(["ls", "--match", "v*", "--exclude", "/2$/", app])).stdout).toBe("v1\n");
  expect((await berth(["tags", "--limit", "1", "--match", "v*", app])).stdout).toBe("v1\n");
});

test("ls refuses flags about tags for a registry, instead of leaving them aside", async () => {
  for (const flag of [["--long"], ["--sort", "name"], ["--points-at", "v1"]])
    expect(await berth(["ls", ...flag, at.server.host])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(`${flag[0]} is about tags, and "${at.server.host}" is a registry`),
    });
});

test("a trace that cannot be written is told before anything is done", async () => {
  const file = join(at.folder, "none", "trace");
  const done = await berth(["rm", "-f", "--trace-http", file, `${at.app}:v1`]);
  expect(done).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(`cannot write --trace-http "${file}"`) });
});

test("ls -l tells digest, size, age and platforms, by so many requests at a time", async () => {
  const { stdout } = await berth(["ls", "-l", "-j", "2", app]);
  expect(stdout).toMatch(
    /^TAG +DIGEST +SIZE +CREATED +PLATFORMS\nmulti {2}[0-9a-f]{12} {2}\d+ B {2}\d years? ago {2}linux\/amd64 linux\/arm64\nv1 /,
  );
  const long = await berth(["ls", "-l", "--match", "v1", "--format", "json", app]);
  expect(JSON.parse(long.stdout)).toEqual({
    reference: app,
    tags: [
      {
        name: "v1",
        digest: amd64.manifest.digest,
        mediaType: MEDIA_TYPES.ociManifest,
        size: amd64.config.size + amd64.layer.size,
        created: "2024-05-06T07:08:09Z",
        platforms: ["linux/amd64"],
      },
    ],
  });
});

test("digest prints what a tag names, by HEAD alone; of one platform; in full; as JSON", async () => {
  at.server.journal.length = 0;
  expect(await berth(["digest", "--plain-http", `${app}:v1`])).toEqual({ code: 0, stdout: `${amd64.manifest.digest}\n`, stderr: "" });
  expect(at.server.journal).toEqual(["HEAD /v2/team/app/manifests/v1"]);
  expect((await berth(["digest", "--platform", "arm64", `${app}:multi`])).stdout).toBe(`${arm64.manifest.digest}\n`);
  expect((await berth(["digest", "--full", `${app}:v1`, `${app}:multi`])).stdout).toBe(
    `${app}@${amd64.manifest.digest}\n${app}@${index}\n`,
  );
  const { mediaType, digest, size } = amd64.manifest;
  expect(JSON.parse((await berth(["digest", "--format", "json", `${app}:v1`])).stdout)).toEqual({
    reference: `${app}@${digest}`,
    mediaType,
    digest,
    size,
  });
});

test("[engine/T34] digest of what is not there exits 4, prints nothing on standard output, says who said it and what helps", async () => {
  const { code, stdout, stderr } = await berth(["digest", `${app}:nope`]);
  expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
  const [said, hint, ...more] = stderr.split("\n");
  expect(said).toMatch(/^berth: Cannot find manifest/);
  for (const part of ["team/app:nope", at.server.host, "answered 404"]) expect(said).toContain(part);
  expect([hint, ...more]).toEqual([`hint: see which tags there are: berth ls ${app}`, ""]);
  const json = await berth(["digest", "--format", "json", `${app}:nope`]);
  expect(JSON.parse(json.stderr)).toEqual({
    class: "NotFound",
    code: "ERR_NOT_FOUND",
    message: expect.stringContaining("team/app:nope"),
    registry: at.server.host,
    status: 404,
    hint: `see which tags there are: berth ls ${app}`,
  });
  const platform = await berth(["digest", "--platform", "linux/s390x", `${app}:multi`]);
  expect(platform).toMatchObject({ code: 4, stdout: "", stderr: expect.stringContaining("linux/amd64, linux/arm64") });
  expect(platform.stderr).toContain(`hint: see which platforms there are: berth inspect ${app}:multi`);
});

test("manifest get prints the exact bytes, also of one platform; --pretty and --format read them", async () => {
  expect((await berth(["manifest", "get", `${app}:v1`])).stdout).toBe(amd64.bytes.manifest.toString());
  expect((await berth(["manifest", "get", "--platform", "linux/arm64", `${app}:multi`])).stdout).toBe(arm64.bytes.manifest.toString());
  expect((await berth(["manifest", "get", "--format", "{{raw}}", `${app}:v1`])).stdout).toBe(amd64.bytes.manifest.toString());
  expect((await berth(["manifest", "get", "--pretty", `${app}:v1`])).stdout).toContain(`\n  "config": {\n    "mediaType"`);
  expect((await berth(["manifest", "get", "--format", "jsonpath=.content.layers[*].digest", `${app}:v1`])).stdout).toBe(
    `${amd64.layer.digest}\n`,
  );
  expect((await berth(["manifest", "head", "--format", "{{.digest}} {{.size}}", `${app}:v1`])).stdout).toBe(
    `${amd64.manifest.digest} ${amd64.manifest.size}\n`,
  );
  expect(await berth(["manifest", "get", "--media-type", MEDIA_TYPES.ociIndex, `${app}:multi`])).toMatchObject({ code: 0 });
});

test("config get prints the exact bytes; of an index those for linux/amd64", async () => {
  expect((await berth(["config", "get", `${app}:multi`])).stdout).toBe(amd64.bytes.config.toString());
  expect((await berth(["config", "get", "--platform", "arm64", `${app}:multi`])).stdout).toBe(arm64.bytes.config.toString());
  expect((await berth(["config", "get", "--format", "{{.content.architecture}}", `${app}:v1`])).stdout).toBe("amd64\n");
  expect((await berth(["config", "get", "--format", "{{.config.Cmd}} {{.Architecture}}", `${app}:v1`])).stdout).toBe(
    "[sh -c echo hi] amd64\n",
  );
});

test("ls orders tags, and finds those that name a digest", async () => {
  expect((await berth(["ls", "--sort", "-name", "--limit", "2", app])).stdout).toBe("v2\nv1\n");
  expect((await berth(["ls", "--sort", "size", "--exclude", "multi", app])).stdout).toBe("v1\nv2\n");
  expect((await berth(["ls", "--points-at", "v1", app])).stdout).toBe("v1\nv2\n");
  expect((await berth(["ls", "--points-at", index, "-l", "--format", "jsonpath=.tags[*].name", app])).stdout).toBe("multi\n");
  expect((await berth(["ls", "--points-at", "v1", "--limit", "1", `oci:${layout}`])).stdout).toBe("v1\n");
  expect(await berth(["ls", "--sort", "pushed", app])).toMatchObject({ code: 2 });
  expect(await berth(["ls", "--points-at", "gone", app])).toMatchObject({ code: 4 });
});

test("ls says of artifacts when they were made, too", async () => {
  const file = join(at.folder, "report.json");
  writeFileSync(file, "{}");
  const report = `oci:${join(at.folder, "reports")}`;
  await berth(["push", `${report}:v1`, file], { env: { SOURCE_DATE_EPOCH: "1700000000" } });
  expect((await berth(["ls", "-l", "--format", "jsonpath=.tags[*].created", report])).stdout).toBe("2023-11-14T22:13:20Z\n");
});

test("inspect lists the tags of the repository when it is asked to; repo tags and repo ls are ls", async () => {
  expect((await berth(["inspect", "--tags", `${app}:v1`])).stdout).toMatch(/^Tags: +multi v1 v2$/m);
  expect((await berth(["inspect", "--tags", "--format", "jsonpath=.tags[*]", `oci:${layout}:v1`])).stdout).toBe("v1\n");
  expect((await berth(["repo", "tags", app])).stdout).toBe("multi\nv1\nv2\n");
  expect((await berth(["repo", "ls", at.server.host])).stdout).toBe("other\nteam/app\n");
  expect((await berth(["--help"])).stdout).not.toContain("repo ");
});

test("inspect sums up an image and an index", async () => {
  const text = (await berth(["inspect", `${app}:v1`])).stdout;
  for (const line of [
    `Reference:   ${app}@${amd64.manifest.digest}`,
    "Platform:    linux/amd64",
    'Command:     sh -c "echo hi"',
    "  PATH=/bin",
    "  version=1.2",
    "User:        app",
  ])
    expect(text.split("\n")).toContain(line);
  expect(text).toContain(`Layers:\n  DIGEST`);
  const data: unknown = JSON.parse((await berth(["inspect", "--format", "json", `${app}:multi`])).stdout);
  expect(data).toMatchObject({
    reference: `${app}@${index}`,
    mediaType: MEDIA_TYPES.ociIndex,
    digest: index,
    contentSize: 0,
    manifests: [{}, {}],
  });
  expect((await berth(["inspect", `${app}:multi`])).stdout).toMatch(/Manifests:\n {2}PLATFORM {5}DIGEST.*\n {2}linux\/amd64 {2}sha256:/);
});

test("blob get writes a blob to standard output or a file, or a part of it; blob head tells its size", async () => {
  const blob = `${app}@${amd64.layer.digest}`;
  expect((await berth(["blob", "get", blob])).stdout).toBe("one");
  expect((await berth(["blob", "get", "--range", "1-1", blob])).stdout).toBe("n");
  expect((await berth(["blob", "get", "--range", "1-", blob])).stdout).toBe("ne");
  const file = join(at.folder, "blob");
  expect(await berth(["blob", "get", "-o", file, blob])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readFileSync(file, "utf8")).toBe("one");
  expect((await berth(["blob", "head", "--format", "{{.size}}", blob])).stdout).toBe("3\n");
  expect(await berth(["blob", "get", `${app}:v1`])).toMatchObject({ code: 2, stderr: expect.stringContaining(`"${app}" names no blob`) });
  expect(await berth(["blob", "get", "--range", "9-", blob])).toMatchObject({ code: 2, stdout: "" });
  expect(await berth(["blob", "get", `${app}@sha256:${"0".repeat(64)}`])).toMatchObject({ code: 4, stdout: "" });
});

test("referrers are a tree, a table or JSON; by type, annotation, depth and order", async () => {
  const tree = (await berth(["referrers", `${app}:v1`])).stdout.replaceAll(/sha256:[0-9a-f]+/g, "D");
  expect(tree).toBe(
    `${app}@D\n|-- D  application/sig  ${sizeIn(tree, 1)}\n\`-- D  application/spdx+json  ${sizeIn(tree, 2)}\n    \`-- D  application/sig  ${sizeIn(tree, 3)}\n`,
  );
  expect((await berth(["discover", "--depth", "1", "--latest", "--format", "jsonpath=..artifactType", `${app}:v1`])).stdout).toBe(
    "application/spdx+json\n",
  );
  expect((await berth(["referrers", "--annotation", "by=me", "--table", `${app}:v1`])).stdout).toMatch(
    /^LEVEL {2}DIGEST.*\n {4}1 {2}sha256:\S+ {2}application\/sig .*2024-01-01T00:00:00Z\n$/,
  );
  expect(
    JSON.parse((await berth(["referrers", "--artifact-type", "application/none", "--format", "json", `${app}:v1`])).stdout),
  ).toMatchObject({ referrers: [] });
  expect((await berth(["referrers", `${app}:v1`], { env: { LANG: "C.UTF-8" } })).stdout).toContain("├── sha256:");
});

function sizeIn(tree: string, line: number): string {
  return tree.split("\n")[line]?.split("  ").at(-1) ?? "";
}

test("[engine/T33] every reading verb takes oci: references", async () => {
  const v1 = `oci:${layout}:v1`;
  const { digest } = amd64.manifest;
  expect(await berth(["ls", `oci:${layout}`])).toEqual({ code: 0, stdout: "v1\n", stderr: "" });
  expect((await berth(["ls", "-l", `oci:${layout}`])).stdout).toContain("linux/amd64");
  expect((await berth(["digest", v1])).stdout).toBe(`${digest}\n`);
  expect((await berth(["digest", "--full", `ocidir://${layout}`])).stdout).toBe(`oci:${layout}@${digest}\n`);
  expect((await berth(["inspect", v1])).stdout).toContain("Platform:    linux/amd64");
  expect((await berth(["manifest", "get", v1])).stdout).toBe(amd64.bytes.manifest.toString());
  expect((await berth(["manifest", "head", "--format", "{{.digest}}", v1])).stdout).toBe(`${digest}\n`);
  expect((await berth(["config", "get", v1])).stdout).toBe(amd64.bytes.config.toString());
  expect((await berth(["blob", "get", `oci:${layout}@${amd64.layer.digest}`])).stdout).toBe("one");
  expect((await berth(["blob", "head", "--format", "{{.size}}", `oci:${layout}@${amd64.layer.digest}`])).stdout).toBe("3\n");
  expect((await berth(["referrers", v1])).stdout).toBe(`oci:${layout}@${digest}\n`);
  expect(await berth(["digest", `oci:${join(at.folder, "gone")}:v1`])).toMatchObject({ code: 4, stdout: "" });
  expect(await berth(["digest", `oci:${layout}:v9`])).toMatchObject({ code: 4, stdout: "" });
});

test("a reference that is none is a usage mistake, and so is an unknown transport", async () => {
  expect(await berth(["digest", "UPPER/case:x y"])).toMatchObject({ code: 2, stdout: "" });
  expect(await berth(["digest", "ftp://x/y"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the transport "ftp" is unknown'),
  });
});

test("ping tells what answered; what does not answer exits 7 with one line, and one hint at most", async () => {
  expect(await berth(["ping", at.server.host])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^127\.0\.0\.1:\d+ answers: http:\/\/127\.0\.0\.1:\d+, after \d+ ms\n$/),
  });
  const closed = await serveHandler(() => undefined);
  await closed.close();
  const { code, stderr } = await berth(["ping", "--retries", "0", closed.host]);
  expect(code).toBe(7);
  expect(stderr).toMatch(/^berth: Cannot reach registry "127\.0\.0\.1:\d+": [^\n]*the connection was refused[^\n]*\n$/);
});

test("--resolve finds a host elsewhere, and --header goes with every request", async () => {
  const seen: (string | undefined)[] = [];
  const other = await serveHandler((request, response) => {
    seen.push(request.headers.host, String(request.headers["x-team"]));
    at.embedded.handler(request, response);
  });
  const port = other.host.split(":")[1];
  try {
    const ran = await berth([
      "ls",
      "--plain-http",
      "--resolve",
      `registry.test:${port}:127.0.0.1`,
      "-H",
      "X-Team: blue",
      `registry.test:${port}/other`,
    ]);
    expect(ran).toEqual({ code: 0, stdout: "x\n", stderr: "" });
    expect(seen).toEqual([`registry.test:${port}`, "blue"]);
  } finally {
    await other.close();
  }
});
