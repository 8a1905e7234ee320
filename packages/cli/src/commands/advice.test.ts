import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { digestOf } from "@berth/oci/node";
import { beforeEach, expect, test } from "vitest";
import { pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
let app: string;
let digest: string;
/** Answers instead of the registry, when it wants to. */
let instead: ((...args: Parameters<RequestListener>) => boolean) | undefined;

const at = useRegistry({
  per: "test",
  before: (request, response, next) => {
    if (instead?.(request, response) !== true) next();
  },
});

beforeEach(async () => {
  instead = undefined;
  app = `${at.server.host}/app`;
  digest = (await pushImage(at.embedded.repository("app"), { tags: ["v1"] })).manifest.digest;
});

function refuse(method: string, status: number, code: string): void {
  instead = (request, response) => {
    if (request.method !== method || (method === "PUT" && !request.url?.includes("/manifests/"))) return false;
    request.resume();
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ errors: [{ code, message: "no" }] }));
    return true;
  };
}

test("where a registry deletes by digest only, what would do it is said", async () => {
  refuse("DELETE", 400, "DIGEST_INVALID");
  for (const args of [["untag"], ["rm", "-f"]]) {
    const { code, stderr } = await berth([...args, `${app}:v1`]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("by their digest only")]);
    expect(stderr).toContain(`hint: to delete it with all of its tags: berth rm ${app}@${digest}\n`);
  }
});

test("an image of schema 1 is not copied: what makes another of it is said, and no layout is begun", async () => {
  instead = (request, response) => {
    if (request.url?.includes("/manifests/old") !== true) return false;
    const type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    const bytes = Buffer.from('{"schemaVersion":1}');
    response.writeHead(200, { "content-type": type, "docker-content-digest": digestOf(bytes), "content-length": bytes.byteLength });
    response.end(request.method === "HEAD" ? undefined : bytes);
    return true;
  };
  const layout = join(at.folder, "layout");
  for (const args of [
    ["cp", `${app}:old`, `oci:${layout}:old`],
    ["cp", `${app}:old`, `${at.server.host}/other:old`],
    ["pull", `${app}:old`, "--output", layout],
  ]) {
    const { code, stderr } = await berth(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining("hint: make an image of OCI of it first: berth convert --to oci")]);
  }
  expect(existsSync(layout)).toBe(false);
});

test("who gave a password is not told to sign in", async () => {
  instead = (_, response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
    return true;
  };
  const refused = `hint: check name and password: "${at.server.host}" refuses them\n`;
  const env = { DOCKER_CONFIG: at.folder };
  const options = { env, stdin: "wrong" };
  expect(await berth(["login", at.server.host, "-u", "alice", "--password-stdin"], options)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining(refused),
  });
  expect((await berth(["ls", "-u", "alice", "--password-stdin", app], options)).stderr).toContain(refused);
  expect((await berth(["cp", "--from-user", "alice:wrong", `${app}:v1`, `oci:${at.folder}/x`], { env })).stderr).toContain(refused);
  expect((await berth(["ls", app], { env })).stderr).toContain(`hint: sign in: berth login ${at.server.host}\n`);
  const who = await berth(["whoami", "--format", "json", at.server.host], { env });
  expect(who.code).toBe(3);
  expect(JSON.parse(who.stderr)).toMatchObject({ class: "Unauthorized", code: "ERR_AUTH" });
});

test("who gave a token is told to check that, not a name and a password", async () => {
  instead = (_, response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
    return true;
  };
  const refused = `hint: check the token: "${at.server.host}" refuses it, or it has run out\n`;
  const env = { DOCKER_CONFIG: at.folder };
  for (const ran of [
    await berth(["ls", "--token", "t0ken", app], { env }),
    await berth(["ls", app], { env: { ...env, BERTH_TOKEN: "t0ken" } }),
    await berth(["cp", "--from-token", "t0ken", `${app}:v1`, `oci:${at.folder}/x`], { env }),
    await berth(["login", "--identity-token", "--password-stdin", at.server.host], { env, stdin: "t0ken" }),
  ])
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining(refused) });
});

test("a variable with a mistake is told to be mended as one, not as a file", async () => {
  instead = (_, response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
    return true;
  };
  const { code, stderr } = await berth(["ls", app], { env: { DOCKER_CONFIG: at.folder, DOCKER_AUTH_CONFIG: "{" } });
  expect(code).toBe(3);
  expect(stderr).toContain("hint: mend that variable, or take it away: unset DOCKER_AUTH_CONFIG\n");
});

test("files that cannot be read are told as they were named", async () => {
  const missing = join(at.folder, "nosuch");
  const said = `berth: Cannot read "${missing}": no such file or folder\n`;
  for (const args of [
    ["push", `${app}:f`, missing],
    ["load", missing, app],
    ["append", "-f", missing, "--tag", "x", `${app}:v1`],
  ])
    expect(await berth(args)).toMatchObject({ code: 4, stderr: said });
  expect((await berth(["load", "", app])).stderr).toBe('berth: Cannot read "": no such file or folder\n');
  const archive = join(at.folder, "none", "x.tar");
  expect((await berth(["cp", `${app}:v1`, `docker-archive:${archive}`])).stderr).toBe(
    `berth: Cannot open "${archive}": no such file or folder\n`,
  );
  writeFileSync(join(at.folder, "file"), "");
  const inFile = await berth(["cp", `${app}:v1`, `oci:${join(at.folder, "file")}`]);
  expect(inFile.stderr).not.toMatch(/E[A-Z]{4,}/);
  expect(inFile.stderr.split("\n")).toHaveLength(2);
});

test("a type without a slash, which belongs to the name of a file, is told where that file is missing", async () => {
  const file = join(at.folder, "note");
  writeFileSync(file, "note");
  for (const args of [
    ["push", `${app}:f`, `${file}:json`],
    ["push", "--config", `${file}:json`, `${app}:f`, file],
    ["attach", "--artifact-type", "application/json", `${app}:v1`, `${file}:json`],
  ])
    expect(await berth(args)).toMatchObject({
      code: 4,
      stderr: `berth: Cannot read "${file}:json": no such file or folder\nhint: "${file}" is here, but a media type needs a slash: ${file}:application/json\n`,
    });
  expect((await berth(["push", `${app}:f`, `${file}s:json`])).stderr).not.toContain("hint:");
  writeFileSync(`${file}:json`, "");
  expect((await berth(["push", `${app}:f`, `${file}:json`])).code).toBe(0);
});

test("a file is not taken for an image of Docker Hub", async () => {
  mkdirSync(join(at.folder, "in"));
  const name = "vitest.config.ts"; // of the folder that tests run in
  for (const args of [
    ["cp", name, app],
    ["digest", name],
    ["inspect", name],
  ]) {
    const { code, stderr } = await berth(args);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`"${name}" is a file, not a reference: its digest: berth digest --file ${name}`),
    ]);
  }
});

test("a registry that wants every image of an index: what goes without", async () => {
  const { manifest } = await pushImage(at.embedded.repository("app"), { architecture: "arm64" });
  await pushIndex(at.embedded.repository("app"), "multi", [["linux/arm64", manifest]]);
  refuse("PUT", 400, "MANIFEST_BLOB_UNKNOWN");
  const cp = async (...args: readonly string[]): Promise<string> =>
    (await berth(["cp", ...args, `${app}:multi`, `${at.server.host}/other`])).stderr;
  expect(await cp("--index-only")).toContain("hint: the registry wants every image of an index: ");
  expect(await cp()).not.toContain("every image");
});

test("an image that lacks a platform is named, and so is content that is not what it should be", async () => {
  const { manifest } = await pushImage(at.embedded.repository("app"), { architecture: "arm64", content: "two" });
  await pushIndex(at.embedded.repository("app"), "multi", [["linux/arm64", manifest]]);
  for (const args of [["inspect"], ["digest"], ["cp"], ["pull", "-o", join(at.folder, "pulled")], ["ls-files"], ["export"]]) {
    const to = args[0] === "cp" ? [`oci:${at.folder}/none`] : [];
    const { code, stderr } = await berth([...args, "--platform", "linux/riscv64", `${app}:multi`, ...to]);
    expect([code, stderr]).toEqual([
      4,
      expect.stringContaining(`"${app}:multi": it has no image for linux/riscv64; there are images for linux/arm64`),
    ]);
    expect(stderr).toContain(`hint: see which platforms there are: berth inspect ${app}:multi\n`);
  }
  await pushIndex(at.embedded.repository("app"), "foreign", [["plan9/mips", manifest]]);
  for (const [verb = "", ...path] of [["ls-files"], ["export"], ["cat", "/etc/name"]]) {
    expect(await berth([verb, `${app}:foreign`, ...path])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(`"${app}:foreign": it has no image for [^;]+; there are images for plan9/mips\n`),
    });
  }
  await pushImage(at.embedded.repository("app"), { os: "", architecture: "", tags: ["silent"] });
  expect(await berth(["digest", "--platform", "linux/s390x", `${app}:silent`])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining(`"${app}:silent": it has no image for linux/s390x; what is there does not say its platform\n`),
  });
  const layout = join(at.folder, "layout");
  await berth(["cp", `${app}:v1`, `oci:${layout}:v1`]);
  const layer = (await pushImage(at.embedded.repository("app"))).layer.digest;
  writeFileSync(join(layout, "blobs", "sha256", layer.slice(7)), "LAYER!");
  const broken = await berth(["cp", `oci:${layout}:v1`, `${at.server.host}/other`]);
  expect([broken.code, broken.stderr]).toEqual([
    6,
    expect.stringContaining(`Cannot accept "${layer}" of "oci:${layout}:v1": got 6 bytes, expected 5`),
  ]);
  writeFileSync(join(layout, "blobs", "sha256", digest.slice(7)), "{}");
  const inspected = await berth(["inspect", `oci:${layout}:v1`]);
  expect(inspected).toMatchObject({
    code: 6,
    stderr: expect.stringMatching(`^berth: Cannot accept content of "oci:${layout}:v1": got 2 bytes`),
  });
  const checked = await berth(["fsck", `oci:${layout}:v1`]);
  expect(checked).toMatchObject({ code: 6, stdout: expect.stringMatching(`^${digest}: Cannot accept content: got 2 bytes`) });
});

test("a manifest is no blob, and a folder is not called like an archive", async () => {
  const { code, stderr } = await berth(["blob", "get", `${app}@${digest}`]);
  expect([code, stderr]).toEqual([4, expect.stringContaining(`hint: it is a manifest: berth manifest get ${app}@${digest}\n`)]);
  const file = join(at.folder, "image.tar");
  const pulled = await berth(["pull", "-o", file, "--platform", "linux/amd64", `${app}:v1`]);
  expect([pulled.code, pulled.stderr]).toEqual([
    2,
    expect.stringContaining(`an archive is named oci-archive:${file} or docker-archive:${file}`),
  ]);
  mkdirSync(file);
  expect((await berth(["pull", "-o", file, "--platform", "linux/amd64", `${app}:v1`])).code).toBe(0);
});

test("verbs about images say how the files of an artifact are had", async () => {
  const file = join(at.folder, "note.txt");
  writeFileSync(file, "note");
  expect((await berth(["push", `${app}:note`, file])).code).toBe(0);
  const verbs = [
    ["ls-files"],
    ["export"],
    ["flatten"],
    ["mutate", "-l", "a=b"],
    ["recompress", "--to", "zstd"],
    ["convert", "--to", "docker"],
  ];
  for (const args of [...verbs, ["save", "-o", join(at.folder, "saved.tar")]]) {
    const { code, stderr } = await berth([...args, `${app}:note`]);
    expect([args[0], code, stderr]).toEqual([
      args[0],
      1,
      expect.stringContaining(`hint: an artifact has files instead: berth pull ${app}:note\n`),
    ]);
  }
});

test("a file above the folder is not pushed under a name that leads out of one, nor the folder itself without a name", async () => {
  const { code, stderr } = await berth(["push", `${app}:f`, "../b.sh"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('cannot push "../b.sh": a file keeps its path, and .. leads out')]);
  for (const path of [".", "./"])
    expect(await berth(["push", `${app}:f`, path])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`cannot push "${path}": it has no name: push it by its absolute path`),
    });
});

test("ping wants no image to be there, and doubts that a word is one", async () => {
  expect(await berth(["ping", `${at.server.host}/none`])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${at.server.host} answers`),
  });
  expect(await berth(["ping", "oci:nowhere"])).toMatchObject({ code: 2, stderr: expect.stringContaining('"oci:nowhere" is no registry') });
  const nowhere = ["--retries", "0", "--resolve", "registry-1.docker.io:443:127.0.0.1"];
  const { code, stderr } = await berth(["ping", ...nowhere, "nosuch"]);
  expect(code).not.toBe(0);
  expect(stderr).toContain('hint: "nosuch" is an image of Docker Hub here; a host has a dot or a port: nosuch:5000\n');
});

test("short flags are those that hands know from other tools", async () => {
  expect((await berth(["mutate", "-l", "a=b", "-e", "C=d", "-a", "e=f", "-w", "/srv", "-t", "v2", `${app}:v1`])).code).toBe(0);
  expect((await berth(["push", "-a", "by=me", "-t", "two", `${app}:note`])).code).toBe(0);
  expect((await berth(["cp", "-r", "-n", `${app}:v2`, `${at.server.host}/other`])).code).toBe(0);
  expect((await berth(["cp", "-a", app, `${at.server.host}/all`])).code).toBe(0);
  expect((await berth(["ls", `${at.server.host}/all`])).stdout).toBe("note\ntwo\nv1\nv2\n");
});

test("an annotations file with a mistake is told by its name", async () => {
  const file = join(at.folder, "annotations.json");
  for (const [text, said] of [
    ["{", "expected JSON"],
    ['{"$manifest":{"a":1}}', '"$manifest"."a": expected a string'],
  ] as const) {
    writeFileSync(file, text);
    const { code, stderr } = await berth(["push", "--annotation-file", file, `${app}:note`]);
    expect([code, stderr]).toEqual([2, `berth: Cannot read annotations file "${file}": ${said}\n`]);
  }
});
