import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// each test runs many commands
vi.setConfig({ testTimeout: 60_000 });

const at = useRegistry();

/** The configs that a docker archive names. */
function configsIn(file: string): readonly string[] {
  const found = readFileSync(file, "latin1").matchAll(/"Config":"[^"]*?([0-9a-f]{64})/g); // what lists them is not compressed
  return [...found].map(([, hex]) => `sha256:${hex}`);
}

test("of a docker archive the image ID is told, which is in the file, not a digest that is not", async () => {
  const { config, manifest } = await pushImage(at.repository, { tags: ["v1"] });
  const place = `docker-archive:${at.path}`;
  const named = `${place}:${at.app}:v1`;
  const line = `${named} (image ID ${config.digest})`;
  const digestFile = `${at.path}.digest`;
  const refsFile = `${at.path}.refs`;
  for (const [args, told] of [
    [["cp", "--digest-file", digestFile, "--refs-file", refsFile, `${at.app}:v1`, place], line],
    [["pull", "--digest-file", digestFile, "-o", place, `${at.app}:v1`], line],
    [["save", "-o", at.path, `${at.app}:v1`], line],
    [["push", "--digest-file", digestFile, named, `docker-archive:${at.path}`], line],
    [["cp", "--overwrite", `${at.app}@${manifest.digest}`, place], `${place} (image ID ${config.digest})`],
  ] as const) {
    const dry = await berth([args[0], "--dry-run", ...args.slice(1)]);
    expect(dry).toEqual({ code: 0, stdout: `${told} (dry run)\n`, stderr: "" });
    expect(await berth(args)).toEqual({ code: 0, stdout: `${told}\n`, stderr: "" });
    expect(configsIn(at.path)).toEqual([config.digest]);
  }
  expect(readFileSync(digestFile, "utf8")).toBe(`${config.digest}\n`);
  expect(readFileSync(refsFile, "utf8")).toBe(`${named}\n`);
});

test("programs are told the image ID in place of digest and size", async () => {
  const { config } = await pushImage(at.repository, { tags: ["v1"] });
  const place = `docker-archive:${at.path}`;
  const { stats: _, ...told } = JSON.parse((await berth(["cp", "--format", "json", `${at.app}:v1`, place])).stdout) as { stats: object };
  const imageId = config.digest;
  expect(told).toEqual({
    source: `${at.app}:v1`,
    reference: place,
    imageId,
    tags: [{ reference: `${place}:${at.app}:v1`, tag: `${at.app}:v1`, imageId, outcome: "tagged" }],
  });
});

test("save tells images that get no tag by what they are: by ID in a docker archive, by digest in one of OCI", async () => {
  const { config, manifest } = await pushImage(at.repository, { tags: ["v1"] });
  const byDigest = `${at.app}@${manifest.digest}`;
  for (const [kind, content, told] of [
    ["docker", { imageId: config.digest }, `docker-archive:${at.path} (image ID ${config.digest})`],
    ["oci", { digest: manifest.digest, size: manifest.size }, `oci-archive:${at.path}@${manifest.digest}`],
  ] as const) {
    const save = ["save", "--overwrite", "--format-archive", kind, "-o", at.path];
    expect(await berth([...save, "--dry-run", byDigest])).toEqual({ code: 0, stdout: `${told} (dry run)\n`, stderr: "" });
    expect(await berth([...save, byDigest])).toEqual({ code: 0, stdout: `${told}\n`, stderr: "" });
    expect(JSON.parse((await berth([...save, "--format", "json", byDigest])).stdout)).toMatchObject({ ...content, tags: [] });
    const several = JSON.parse((await berth([...save, "--format", "json", byDigest, `${at.app}:v1`])).stdout);
    expect(several).toMatchObject({ tags: [{ tag: `${at.app}:v1`, ...content }], untagged: [content] });
    expect((await berth([...save, byDigest, `${at.app}:v1`])).stdout.split("\n")).toContain(told);
  }
});

test("a new image has an ID of its own in a docker archive, and a dry run knows it", async () => {
  await pushImage(at.repository, { tags: ["v1"] });
  const make = ["mutate", "--label", "a=b", "--format", "jsonpath=.imageId", "-o", `docker-archive:${at.path}`, `${at.app}:v1`];
  const dry = await berth([...make, "--dry-run"]);
  const made = await berth(make);
  expect(made).toEqual(dry);
  expect(configsIn(at.path)).toEqual([made.stdout.trim()]);
});
