import { type Descriptor, layersOf } from "@berth/oci";
import { expect, test } from "vitest";
import { PlatformNotFoundError } from "../errors.ts";
import { failure, type Sample, sample, scripted, type ScriptedRepository } from "./testing/scripted.test-kit.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";

/** An image for a platform: its config, and its manifest. */
function image(
  config: Readonly<Record<string, unknown>>,
  configType: string = CONFIG,
): { readonly config: Sample; readonly manifest: Sample } {
  const content = sample(JSON.stringify(config), configType);
  const body = { schemaVersion: 2, mediaType: MANIFEST, config: content.descriptor, layers: [] };
  return { config: content, manifest: sample(JSON.stringify(body), MANIFEST) };
}

function index(...manifests: readonly Descriptor[]): Sample {
  return sample(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }), INDEX);
}

const amd64 = image({ os: "linux", architecture: "amd64" });
const arm64 = image({ os: "linux", architecture: "arm64", variant: "v8" });
const windows = image({ os: "windows", architecture: "amd64", "os.version": "10.0.17763.1", "os.features": ["win32k"] });

const entry = ({ manifest }: { readonly manifest: Sample }, platform?: Descriptor["platform"]): Descriptor => ({
  ...manifest.descriptor,
  ...(platform && { platform }),
});

/** A repository that holds everything, with `top` under the tag `x`. */
async function holding(top: Sample, ...more: readonly Sample[]): Promise<ScriptedRepository> {
  const started = await scripted();
  const add = (path: string, { descriptor, bytes }: Sample): unknown =>
    started.server.on("GET", path, { headers: { "content-type": descriptor.mediaType }, body: bytes });
  const all = [top, ...more, ...[amd64, arm64, windows].flatMap(({ config, manifest }) => [config, manifest])];
  for (const one of all) {
    add(`/v2/a/b/manifests/${one.descriptor.digest}`, one);
    add(`/v2/a/b/blobs/${one.descriptor.digest}`, one);
  }
  add("/v2/a/b/manifests/x", top);
  started.server.on("HEAD", "/v2/a/b/manifests/x", {
    headers: { "content-type": top.descriptor.mediaType, "docker-content-digest": top.descriptor.digest },
    body: top.bytes,
  });
  return started;
}

const many = index(
  entry(windows, { os: "windows", architecture: "amd64", "os.version": "10.0.17763.1", "os.features": ["win32k"] }),
  entry(amd64),
  entry(arm64, { os: "linux", architecture: "arm64", variant: "v8" }),
  entry(windows, { os: "linux", architecture: "arm64", variant: "v8" }), // too late
);

test("[client/B-74,C-29] of an index the first image for the platform is taken; one without a platform is for linux/amd64", async () => {
  const { repository } = await holding(many);
  const digestFor = async (platform: NonNullable<Descriptor["platform"]>): Promise<string> =>
    (await repository.resolve("x", { platform })).digest;
  expect(await digestFor({ os: "linux", architecture: "amd64" })).toBe(amd64.manifest.descriptor.digest);
  expect(await digestFor({ os: "linux", architecture: "arm64" })).toBe(arm64.manifest.descriptor.digest);
  expect(await digestFor({ os: "linux", architecture: "arm64", variant: "v8" })).toBe(arm64.manifest.descriptor.digest);
  expect(await digestFor({ os: "windows", architecture: "amd64" })).toBe(windows.manifest.descriptor.digest);
  expect(await digestFor({ os: "windows", architecture: "amd64", "os.version": "10.0.17763.1" })).toBe(windows.manifest.descriptor.digest);
  expect(await digestFor({ os: "windows", architecture: "amd64", "os.features": ["win32k"] })).toBe(windows.manifest.descriptor.digest);
});

test("[client/C-29] when there is none, the error names the platforms that there are", async () => {
  const { repository } = await holding(many);
  for (const platform of [
    { os: "linux", architecture: "s390x" },
    { os: "linux", architecture: "arm64", variant: "v9" },
    { os: "windows", architecture: "amd64", "os.version": "10.0.1" },
    { os: "windows", architecture: "amd64", "os.features": ["win32k", "more"] },
  ]) {
    const error = await failure(repository.fetchManifest("x", { platform }));
    expect(error).toBeInstanceOf(PlatformNotFoundError);
    expect(error).toMatchObject({ code: "ERR_NOT_FOUND", available: ["windows(10.0.17763.1)/amd64", "linux/amd64", "linux/arm64/v8"] });
  }
  const error = await failure(repository.fetchManifest("x", { platform: { os: "linux", architecture: "s390x" } }));
  expect(String(error)).toContain(
    `a/b@${many.descriptor.digest}": it has no image for linux/s390x; there are images for windows(10.0.17763.1)/amd64, linux/amd64, linux/arm64/v8`,
  );
});

test("[client/C-29] an error that knows no place says what was looked for", () => {
  const error = new PlatformNotFoundError("linux/s390x", ["linux/amd64"]);
  expect([error.code, error.target, error.message]).toEqual([
    "ERR_NOT_FOUND",
    "linux/s390x",
    "Cannot find image for linux/s390x: there are images for linux/amd64",
  ]);
  expect(error.stack).toContain(error.message);
  expect(error.stack).not.toContain("it has no image");
});

test("[client/C-29] platforms that say nothing are not listed", () => {
  const failed = (available: readonly string[]): PlatformNotFoundError => new PlatformNotFoundError("linux/s390x", available);
  expect(failed([""])).toMatchObject({
    available: [],
    message: "Cannot find image for linux/s390x: what is there does not say its platform",
  });
  expect(failed(["", "linux/amd64"])).toMatchObject({
    available: ["linux/amd64"],
    message: "Cannot find image for linux/s390x: there are images for linux/amd64",
  });
  expect(failed([]).message).toBe("Cannot find image for linux/s390x: there is none for any platform");
});

test("[client/C-29] indexes within indexes are searched, and what an entry carries itself is not fetched", async () => {
  const inner = index(entry(arm64, { os: "linux", architecture: "arm64" }));
  const carried = { ...inner.descriptor, data: inner.bytes.toString("base64") };
  const { server, repository } = await holding(index(carried));
  const found = await repository.fetchManifest("x", { platform: { os: "linux", architecture: "arm64" } });
  expect(found.descriptor.digest).toBe(arm64.manifest.descriptor.digest);
  expect(server.journal()).not.toContain(`GET /v2/a/b/manifests/${inner.descriptor.digest}`);
});

test("[client/C-29] indexes within indexes end somewhere", async () => {
  let top = index(entry(arm64, { os: "linux", architecture: "arm64" }));
  const all = [top];
  for (let depth = 0; depth < 20; depth++) all.push((top = index(top.descriptor)));
  const { server, repository } = await holding(top, ...all);
  const error = await failure(repository.fetchManifest("x", { platform: { os: "linux", architecture: "arm64" } }));
  expect(error).toBeInstanceOf(PlatformNotFoundError);
  expect(server.requests.length).toBeLessThan(12);
});

test("[client/B-74] a single image must be for the platform too, as its config says", async () => {
  const { server, repository } = await holding(arm64.manifest);
  const arm = { os: "linux", architecture: "arm64" };
  expect((await repository.resolve("x", { platform: arm })).digest).toBe(arm64.manifest.descriptor.digest);
  expect(server.journal("GET")).toContain(`GET /v2/a/b/blobs/${arm64.config.descriptor.digest}`);
  const error = await failure(repository.resolve("x", { platform: { ...arm, architecture: "amd64" } }));
  expect(error).toMatchObject({ code: "ERR_NOT_FOUND", platform: "linux/amd64", available: ["linux/arm64/v8"] });
});

test("[client/B-74] an artifact is for no platform", async () => {
  const artifact = image({}, "application/vnd.oci.empty.v1+json");
  const { repository } = await holding(artifact.manifest, artifact.config);
  const error = await failure(repository.resolve("x", { platform: { os: "linux", architecture: "amd64" } }));
  expect(error).toBeInstanceOf(PlatformNotFoundError);
  expect(String(error)).toContain("it has no image for linux/amd64; there is none for any platform");
});

test("fetchManifest() without a platform gives what is there; fetchConfig() of an index is for linux/amd64", async () => {
  const { repository } = await holding(many);
  const { descriptor, manifest } = await repository.fetchManifest("x");
  expect([descriptor, manifest.kind]).toEqual([many.descriptor, "index"]);
  const config = await repository.fetchConfig("x");
  expect(config.config).toEqual({ os: "linux", architecture: "amd64" });
  expect([config.descriptor.digest, config.image.descriptor.digest]).toEqual([
    amd64.config.descriptor.digest,
    amd64.manifest.descriptor.digest,
  ]);
  const arm = await repository.fetchConfig("x", { platform: { os: "linux", architecture: "arm64" } });
  expect(Buffer.from(arm.raw).toString()).toBe(arm64.config.bytes.toString());
});

test("a config that is no JSON object is an error", async () => {
  for (const text of ["[]", "nope"]) {
    const config = sample(text, CONFIG);
    const body = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: config.descriptor, layers: [] });
    const { repository } = await holding(sample(body, MANIFEST), config);
    expect(await failure(repository.fetchConfig("x"))).toMatchObject({ code: "ERR_INVALID_MANIFEST" });
  }
});

test("[client/C-33] a schema 1 manifest has no config, but its layers and bytes are there", async () => {
  const type = "application/vnd.docker.distribution.manifest.v1+json";
  const digests = ["1", "2"].map((digit) => `sha256:${digit.repeat(64)}`);
  const body = {
    schemaVersion: 1,
    name: "a/b",
    tag: "x",
    architecture: "amd64",
    fsLayers: digests.map((blobSum) => ({ blobSum })),
    history: digests.map(() => ({ v1Compatibility: "{}" })),
  };
  const old = sample(JSON.stringify(body), type);
  const { repository } = await holding(old);
  expect(await failure(repository.fetchConfig("x"))).toMatchObject({ code: "ERR_UNSUPPORTED" });
  const { manifest } = await repository.fetchManifest("x");
  expect(Buffer.from(manifest.raw).toString()).toBe(old.bytes.toString());
  expect(layersOf(manifest).map(({ digest }) => digest)).toEqual(digests.toReversed());
});
