import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { packTar } from "@berth/testkit/parts";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
vi.setConfig({ testTimeout: 30_000 });

const at = useRegistry();
const layer = packTar([{ path: "etc/motd", content: Buffer.from("hello\n".repeat(10_000)) }]);
const config = Buffer.from(
  JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [digestOf(layer)] }, config: {} }),
);
/** What docker save wrote. */
let file: string;
let archive: string;

beforeEach(() => {
  file = `${at.path}.tar`;
  archive = `docker-archive:${file}`;
  const list = [{ Config: "c.json", RepoTags: ["docker.io/acme/app:v1"], Layers: ["l/layer.tar"] }];
  const entries = [
    { path: "l/layer.tar", content: layer },
    { path: "c.json", content: config },
    { path: "manifest.json", content: Buffer.from(JSON.stringify(list)) },
  ];
  writeFileSync(file, packTar(entries));
});

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly mediaType: string; readonly size: number }[];
}

async function ok(...args: string[]): Promise<string> {
  const ran = await berth(args);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  return ran.stdout;
}

async function manifestOf(place: string): Promise<Manifest> {
  return JSON.parse(await ok("manifest", "get", place)) as Manifest;
}

test("cp, push and load bring plain tars of a docker archive to a registry with gzip, the same each time, in Docker's form", async () => {
  const into = `${at.app}:v1`;
  const copied = await ok("cp", "--format", "jsonpath=.digest", archive, into);
  const manifest = await manifestOf(into);
  expect(manifest).toMatchObject({
    mediaType: MEDIA_TYPES.dockerManifest,
    config: { mediaType: MEDIA_TYPES.dockerConfig, digest: digestOf(config) },
    layers: [{ mediaType: MEDIA_TYPES.dockerLayerGzip }],
  });
  expect(manifest.layers[0]?.size).toBeLessThan(layer.byteLength / 10);
  expect(await ok("cat", into, "etc/motd")).toContain("hello");
  for (const [tag, args] of [
    ["dry", ["cp", "--dry-run", archive, `${at.app}:dry`]],
    ["v2", ["push", `${at.app}:v2`, archive]],
    ["v3", ["load", file, `${at.app}:v3`]],
    ["dry", ["push", "--dry-run", `${at.app}:dry`, archive]],
    ["dry", ["load", "--dry-run", file, `${at.app}:dry`]],
  ] as const) {
    expect(await ok(...args)).toContain(`${at.app}:${tag}@${copied.trim()}`);
  }
});

test("what a docker archive brought is not sent again", async () => {
  await ok("cp", archive, `${at.app}:v1`);
  const before = at.server.journal.length;
  const stats = JSON.parse(await ok("cp", "--format", "jsonpath=.stats", archive, `${at.app}:v1`)) as object;
  expect(stats).toMatchObject({ bytes: 0, copied: 0 });
  expect(at.server.journal.slice(before).filter((line) => /^(?:PUT|PATCH|POST) /.test(line))).toEqual([]);
});

test.each(["oci", "oci-archive"])("into %s images of a docker archive go in OCI's form, compressed", async (transport) => {
  const into = `${transport}:${at.path}-to:v1`;
  await ok("cp", archive, into);
  const saved = `${at.path}-saved`;
  if (transport === "oci-archive") await ok("save", "--format-archive", "oci", "-o", saved, archive);
  const places = transport === "oci" ? [into] : [into, `oci-archive:${saved}`];
  for (const place of places) {
    expect(await manifestOf(place)).toMatchObject({
      mediaType: MEDIA_TYPES.ociManifest,
      config: { mediaType: MEDIA_TYPES.ociConfig, digest: digestOf(config) },
      layers: [{ mediaType: MEDIA_TYPES.ociLayerGzip }],
    });
  }
});

test.each<[string, string, (to: string) => readonly string[]]>([
  ["pull", "a folder", (to) => ["pull", "--platform", "linux/amd64", "-o", to, archive]],
  ["pull", "oci", (to) => ["pull", "--platform", "linux/amd64", "-o", `oci:${to}`, archive]],
  ["mutate", "oci", (to) => ["mutate", "--label", "a=b", "-o", `oci:${to}`, archive]],
  ["mutate", "registry", () => ["mutate", "--label", "a=b", "-o", `${at.app}:v1`, archive]],
  ["convert", "oci", (to) => ["convert", "--to", "oci", "-o", `oci:${to}`, archive]],
])("%s -o brings an image of a docker archive in the form that is usual there: %s", async (verb, kind, args) => {
  const to = `${at.path}-to`;
  await ok(...args(to));
  const [manifestType, layerType] =
    kind === "registry"
      ? [MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerLayerGzip]
      : [MEDIA_TYPES.ociManifest, verb === "convert" ? MEDIA_TYPES.ociLayer : MEDIA_TYPES.ociLayerGzip]; // it changes what it is told to
  expect(await manifestOf(kind === "registry" ? `${at.app}:v1` : `oci:${to}`)).toMatchObject({
    mediaType: manifestType,
    layers: [{ mediaType: layerType }],
  });
});

test.each([
  [["--compression", "zstd"], MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociLayerZstd],
  [["--compression", "none"], MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerLayer],
  [["--level", "9"], MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerLayerGzip],
] as const)("%j says how, for cp, push and load", async (flags, mediaType, layerType) => {
  await ok("cp", ...flags, archive, `${at.app}:v1`);
  await ok("push", ...flags, `${at.app}:v2`, archive);
  await ok("load", ...flags, file, `${at.app}:v3`);
  const [one, ...others] = await Promise.all(["v1", "v2", "v3"].map(async (tag) => await manifestOf(`${at.app}:${tag}`)));
  expect(one).toMatchObject({ mediaType, config: { digest: digestOf(config) }, layers: [{ mediaType: layerType }] });
  expect(others).toEqual([one, one]);
});

test("flags that would do nothing are refused before anything is read", async () => {
  for (const [args, why] of [
    [["cp", "--compression", "zstd", "oci:nowhere:v1", `${at.app}:v1`], "--compression would do nothing"],
    [["cp", "--level", "9", archive, `docker-archive:${at.path}-copy`], "a docker archive has plain tars"],
    [["cp", "--level", "10", archive, `${at.app}:v1`], "gzip has no --level 10"],
    [["push", "--level", "9", `${at.app}:v1`, "oci:nowhere:v1"], "--level would do nothing"],
    [["push", "--compression", "gzip", `${at.app}:v1`, file], "not for files"],
    [["load", "--compression", "gzip", `oci:${at.path}-none`, `${at.app}:v1`], "berth recompress"],
  ] as const) {
    expect(await berth(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
  }
});

test("no layout is made, and no temporary file stays, for an image that is not in the archive", async () => {
  const layout = `${at.path}-layout`;
  expect(await berth(["cp", `${archive}:acme/other:v1`, `oci:${layout}:v1`])).toMatchObject({ code: 4 });
  expect(existsSync(layout)).toBe(false);
  const work = `${at.path}-work`;
  mkdirSync(work);
  vi.stubEnv("TMPDIR", work);
  onTestFinished(() => void vi.unstubAllEnvs());
  await ok("cp", archive, `oci:${layout}:v1`);
  expect(readdirSync(work)).toEqual([]);
});

test.each(["registry", "layout"])("progress tells what is compressed: into a %s", async (kind) => {
  const into = kind === "registry" ? `${at.app}:v1` : `oci:${at.path}-layout:v1`;
  const shown = await berth(["cp", "--progress", "json", archive, into]);
  const events = shown.stdout
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  const id = digestOf(layer).slice("sha256:".length, "sha256:".length + 12);
  expect(events).toContainEqual(expect.objectContaining({ id, action: "compressing", total: layer.byteLength }));
});

test("a docker archive that is copied to another one keeps its layers", async () => {
  const copy = `docker-archive:${join(at.folder, "copy.tar")}:acme/app:v1`;
  await ok("cp", archive, copy);
  expect(await manifestOf(copy)).toEqual(await manifestOf(archive));
});
