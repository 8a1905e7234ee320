import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type PushedImage, pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const at = useRegistry();
let app: string;
let v1: PushedImage;
let v2: PushedImage;

beforeAll(async () => {
  app = `${at.server.host}/team/app`;
  const repository = at.embedded.repository("team/app");
  v1 = await pushImage(repository, { tags: ["v1"], content: "one" });
  v2 = await pushImage(repository, { tags: ["v2"], content: "two!", annotations: { a: "b" } });
  const arm64 = await pushImage(repository, { architecture: "arm64", content: "three" });
  await pushIndex(repository, "both", [
    ["linux/amd64", v1.manifest],
    ["linux/arm64", arm64.manifest],
  ]);
  await pushIndex(repository, "one", [["linux/amd64", v2.manifest]]);
});

test("two images: members, layers, configs, in words and signs", async () => {
  await berth(["mutate", "--env", "MODE=prod", "--no-set-user", "--set-platform", "linux/arm64", "--tag", "v3", `${app}:v2`]);
  const { code, stdout, stderr } = await berth(["manifest", "diff", `${app}:v1`, `${app}:v3`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.split("\n");
  expect(lines[0]).toBe(`--- ${app}:v1 ${v1.manifest.digest}`);
  expect(lines).toEqual(
    expect.arrayContaining([
      '  + annotations: {"a":"b"}',
      '  ~ architecture: "amd64" -> "arm64"',
      '  + config.Env.MODE: "prod"',
      '  - config.User: "app"',
      "Layers (0 B shared, 4 B added, 3 B removed):",
      `  - ${v1.layer.digest} 3 B application/vnd.oci.image.layer.v1.tar`,
      `  + ${v2.layer.digest} 4 B application/vnd.oci.image.layer.v1.tar`,
    ]),
  );
});

test("two indexes: platforms; with --platform the images for it", async () => {
  const text = (await berth(["manifest", "diff", `${app}:both`, `${app}:one`])).stdout;
  expect(text).toContain(`  ~ linux/amd64: ${v1.manifest.digest} -> ${v2.manifest.digest}\n`);
  expect(text).toMatch(/^ {2}- linux\/arm64: sha256:[0-9a-f]{64}$/m);
  const ofImages = await berth(["manifest", "diff", "--platform", "linux/amd64", `${app}:both`, `${app}:one`]);
  expect(ofImages.stdout).toBe(
    (await berth(["manifest", "diff", `${app}:v1`, `${app}:v2`])).stdout
      .replace(`${app}:v1 `, `${app}:both `)
      .replace(`${app}:v2 `, `${app}:one `),
  );
});

test("[engine/T33] an image and its copy in a layout are the same: nothing is printed", async () => {
  await berth(["cp", `${app}:v1`, `oci:${at.folder}:v1`]);
  expect(await berth(["manifest", "diff", `${app}:v1`, `oci:${at.folder}:v1`])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await berth(["manifest", "diff", "--format", "jsonpath=.same", `${app}:v1`, `oci:${at.folder}:v1`])).stdout).toBe("true\n");
});

test("as JSON", async () => {
  const { stdout } = await berth(["manifest", "diff", "--format", "json", `${app}:v1`, `${app}:v2`]);
  expect(JSON.parse(stdout)).toMatchObject({
    before: { reference: `${app}:v1`, ...v1.manifest },
    after: { reference: `${app}:v2`, ...v2.manifest },
    same: false,
    fields: [{ path: ["annotations"], kind: "added", after: { a: "b" } }, { path: ["config", "digest"] }],
    layers: [
      { state: "removed", ...v1.layer },
      { state: "added", ...v2.layer },
    ],
    layerBytes: { shared: 0, added: 4, removed: 3 },
    entries: [],
    config: [],
    history: [],
  });
});

test("layers that both have are shown where their names or media types differ", async () => {
  const file = join(at.folder, "a");
  writeFileSync(file, "a");
  await berth(["push", `${app}:files`, `${file}:text/plain`]);
  await berth(["push", `${app}:other`, `${file}:text/html`]);
  const { stdout } = await berth(["manifest", "diff", `${app}:files`, `${app}:other`]);
  const digest = `sha256:${createHash("sha256").update("a").digest("hex")}`;
  expect(stdout.slice(stdout.indexOf("\nLayers"))).toBe(
    `\nLayers (1 B shared, 0 B added, 0 B removed):\n  ~ ${digest} 1 B text/html\n      ~ mediaType: "text/plain" -> "text/html"\n`,
  );
  const json = await berth(["manifest", "diff", "--format", "json", `${app}:files`, `${app}:other`]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    same: false,
    layers: [{ state: "shared", digest, changes: [{ path: ["mediaType"], kind: "changed", before: "text/plain", after: "text/html" }] }],
  });
});

test("what is not there is exit code 4", async () => {
  expect(await berth(["manifest", "diff", `${app}:v1`, `${app}:nope`])).toMatchObject({ code: 4, stdout: "" });
});
