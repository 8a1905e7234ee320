import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { expect, onTestFinished, test, vi } from "vitest";
import { pushImage, pushIndex, serveHandler } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// each test runs several commands
vi.setConfig({ testTimeout: 30_000 });

const at = useRegistry();

/** The registry, but nobody gets what matches. */
async function refusing(path: RegExp): Promise<string> {
  const server = await serveHandler((request, response) => {
    if (request.method !== "GET" || !path.test(request.url ?? "")) return at.embedded.handler(request, response);
    response.writeHead(403).end();
  });
  onTestFinished(server.close);
  return at.app.replace(at.server.host, server.host);
}

/** An image whose layer is not the one that its config names. */
async function pushLying(): Promise<string> {
  const { config } = await pushImage(at.repository, { tags: ["v1"] });
  const { layer } = await pushImage(at.repository, { content: "another" });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer] }));
  const lying = descriptorOf(MEDIA_TYPES.ociManifest, bytes);
  await at.repository.push(lying, bytesSource(bytes));
  await at.repository.tag(lying, "lying");
  await pushIndex(at.repository, "lying-index", [["linux/amd64", lying]]);
  return lying.digest;
}

test.each([["cp"], ["pull"], ["mutate"]])("%s leaves no layout behind when nothing came, nor folders above it", async (verb) => {
  await pushImage(at.repository, { tags: ["v1"] });
  const app = await refusing(/\/blobs\//);
  const layout = join(at.path, "deep", "layout");
  const args = {
    cp: ["cp", `${app}:v1`, `oci:${layout}`],
    pull: ["pull", "-o", layout, `${app}:v1`],
    mutate: ["mutate", "--label", "a=b", "-o", `oci:${layout}`, `${app}:v1`],
  }[verb];
  expect(await berth(args ?? [])).toMatchObject({ code: 3, stdout: "" });
  expect(existsSync(at.path)).toBe(false);
  mkdirSync(layout, { recursive: true });
  expect(await berth(args ?? [])).toMatchObject({ code: 3, stdout: "" });
  expect(readdirSync(layout)).toEqual([]);
});

test("a layout keeps what came before a copy failed, and the next one goes on with it", async () => {
  const { manifest, layer } = await pushImage(at.repository, { tags: ["v1"] });
  const app = await refusing(new RegExp(layer.digest));
  const layout = `oci:${at.path}`;
  expect(await berth(["cp", "--jobs", "1", `${app}:v1`, layout])).toMatchObject({ code: 3 });
  expect(await berth(["ls", layout])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readdirSync(join(at.path, "blobs", "sha256"))).toHaveLength(1);
  const again = await berth(["cp", "--format", "{{.stats.copied}} {{.stats.existing}}", `${at.app}:v1`, layout]);
  expect(again.stdout).toBe("2 1\n");
  expect((await berth(["digest", `${layout}:v1`])).stdout).toBe(`${manifest.digest}\n`);
});

test("a layout that is there keeps its images when a copy into it fails", async () => {
  await pushImage(at.repository, { tags: ["v1"] });
  await pushImage(at.repository, { tags: ["v2"], content: "two" });
  const layout = `oci:${at.path}`;
  await berth(["cp", `${at.app}:v1`, layout]);
  const before = readdirSync(at.path, { recursive: true, encoding: "utf8" }).toSorted();
  expect(await berth(["cp", `${await refusing(/\/blobs\//)}:v2`, layout])).toMatchObject({ code: 3 });
  expect(readdirSync(at.path, { recursive: true, encoding: "utf8" }).toSorted()).toEqual(before);
});

test.each(["lying", "lying-index"])("[engine/T20] pull --verify leaves no image that is not what it says: %s", async (tag) => {
  const digest = await pushLying();
  const layout = `oci:${at.path}`;
  const all = tag === "lying" ? [] : ["--all-platforms"];
  const refused = await berth(["pull", "--verify", ...all, "-o", layout, `${at.app}:${tag}`]);
  expect(refused).toMatchObject({ code: 6, stdout: "", stderr: expect.stringContaining(`${layout} got its layers, but not the image`) });
  expect((await berth(["ls", layout])).stdout).toBe("");
  expect(await berth(["digest", layout])).toMatchObject({ code: 4 });
  expect(await berth(["digest", `${layout}@${digest}`])).toMatchObject({ code: 4 });
  for (const kind of ["oci-archive", "docker-archive"]) {
    const archive = `${at.path}.tar`;
    expect(await berth(["pull", "--verify", "-o", `${kind}:${archive}`, `${at.app}:lying`])).toMatchObject({ code: 6, stdout: "" });
    expect(existsSync(archive)).toBe(false);
  }
});

test("pull --verify says what any pull does of an image that is what it says, wherever it goes", async () => {
  await pushImage(at.repository, { tags: ["v1"] });
  for (const kind of ["oci", "oci-archive", "docker-archive"]) {
    const [plain, verified] = [join(at.path, kind, "plain"), join(at.path, kind, "verified")];
    mkdirSync(join(at.path, kind), { recursive: true });
    const told = await berth(["pull", "--format", "json", "-o", `${kind}:${plain}`, `${at.app}:v1`]);
    const same = await berth(["pull", "--verify", "--format", "json", "-o", `${kind}:${verified}`, `${at.app}:v1`]);
    expect(same).toEqual({ ...told, stdout: told.stdout.replaceAll(plain, verified) });
    const digest = ["digest", `${kind}:${verified}`];
    expect((await berth(digest)).stdout).toBe((await berth(["digest", `${kind}:${plain}`])).stdout);
  }
});

test("an artifact of which one file may not be written leaves none; a dry run says so, too", async () => {
  for (const name of ["one", "two"]) writeFileSync(join(at.folder, name), name);
  await berth(["push", `${at.app}:v1`, join(at.folder, "one"), join(at.folder, "two")]);
  const manifest = (await berth(["manifest", "get", `${at.app}:v1`])).stdout.replace('"two"', '"../two"');
  expect(await berth(["manifest", "put", `${at.app}:bad`], { stdin: manifest })).toMatchObject({ code: 0 });
  for (const args of [[], ["--dry-run"]]) {
    const refused = await berth(["pull", ...args, "-o", at.path, `${at.app}:bad`]);
    expect(refused).toMatchObject({ code: 6, stdout: "", stderr: expect.stringContaining('Cannot use file name "../two"') });
    expect(existsSync(at.path)).toBe(false);
  }
});
