import { once } from "node:events";
import { access, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { createRemoteRepository } from "@berth/client";
import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { createRegistry } from "@berth/registry";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, run, startDistribution } from "@berth/testkit/parts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

const CLIENT = fileURLToPath(new URL("../../packages/client/", import.meta.url));

/** What the page of oras-go's registry/remote shows. */
const MANIFEST_DIGEST = "sha256:b53dc03a49f383ba230d8ac2b78a9c4aec132e4a9f36cc96524df98163202cc7";
const MANIFEST =
  '{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:569224ae188c06e97b9fcadaeb2358fb0fb7c4eb105d49aee2620b2719abea43","size":22},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:ef79e47691ad1bc702d7a256da6323ec369a8fc3159b4f1798a47136f3b38c10","size":21}]}';
const ARTIFACT_DIGEST = "sha256:f3550fd0947402d140fd0470702abc92c69f7e9b08d5ca2438f42f8a0ea3fd97";
const ARTIFACT =
  '{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"example/manifest","blobs":[{"mediaType":"application/tar","digest":"sha256:8d6497c94694a292c04f85cd055d8b5c03eda835dd311e20dfbbf029ff9748cc","size":20}],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:b53dc03a49f383ba230d8ac2b78a9c4aec132e4a9f36cc96524df98163202cc7","size":337}}';
const REFERRERS = ["example/SBoM", "example/signature"].map(
  (type) =>
    `{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"${type}","subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:b53dc03a49f383ba230d8ac2b78a9c4aec132e4a9f36cc96524df98163202cc7","size":337}}`,
);
const PULLED = [MANIFEST_DIGEST, "337", MANIFEST];
const WARNING = "This image is deprecated and will be removed soon.";

const LAYER = Buffer.from("Example layer content");
const CONFIG = Buffer.from("Example config content");
const BLOB = Buffer.from("example blob content");

/** A registry that runs. */
interface Running {
  readonly host: string;
  stop(): Promise<void>;
}

/** Changes that stand between a client and our server. */
interface Twist {
  readonly warning?: string;
  /** As registries before OCI 1.1, and without deletes. */
  readonly old?: boolean;
}

async function startOwn({ warning, old = false }: Twist = {}): Promise<Running> {
  const registry = await createRegistry({ deletes: !old });
  const server = createServer((request, response) => {
    if (warning !== undefined && request.url?.includes("/manifests/")) response.setHeader("Warning", `299 - "${warning}"`);
    if (old && request.url?.includes("/referrers/")) response.writeHead(404).end();
    else registry.handler(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await registry.close();
    },
  };
}

/** The lines that an example prints. */
async function example(name: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, ["--conditions=berth-source", `${CLIENT}examples/${name}.ts`, ...args], { cwd: CLIENT });
  return stdout.trimEnd().split("\n");
}

async function push(host: string, repository: string, mediaType: string, content: Uint8Array): Promise<Descriptor> {
  const descriptor = descriptorOf(mediaType, content);
  await createRemoteRepository(`${host}/${repository}`).push(descriptor, content);
  return descriptor;
}

/** The image that the page's examples read, under `latest` and more tags. */
async function pushExample(host: string, repository: string, ...tags: readonly string[]): Promise<void> {
  await push(host, repository, MEDIA_TYPES.ociLayer, LAYER);
  await push(host, repository, MEDIA_TYPES.ociConfig, CONFIG);
  const manifest = descriptorOf(MEDIA_TYPES.ociManifest, Buffer.from(MANIFEST));
  await createRemoteRepository(`${host}/${repository}`).manifests.pushTags(manifest, MANIFEST, tags);
}

/** Examples that every registry can run. */
function commonExamples(start: () => Promise<Running>): void {
  let running: Running;
  let name: string;
  const registryHost = (): string => running.host;

  beforeAll(async () => {
    running = await start();
    name = `${running.host}/example`;
    await pushExample(running.host, "example", "latest");
  });
  afterAll(async () => await running?.stop());

  test("[client/B-73] resolve by tag and by digest", async () => {
    const wanted = ["application/vnd.oci.image.manifest.v1+json", MANIFEST_DIGEST, "337"];
    expect(await example("resolve", name, "latest")).toEqual(wanted);
    expect(await example("resolve", name, MANIFEST_DIGEST)).toEqual(wanted);
  });

  test("[client/B-73] pull by tag and by digest", async () => {
    expect(await example("pull", name, "latest")).toEqual(PULLED);
    expect(await example("pull", name, MANIFEST_DIGEST)).toEqual(PULLED);
  });

  test("[client/B-73] fetch a manifest by tag and by digest", async () => {
    for (const reference of ["latest", MANIFEST_DIGEST]) {
      expect(await example("fetch-manifest", name, reference)).toEqual([MANIFEST]);
      expect(await example("fetch-reference", name, reference)).toEqual([MANIFEST]);
    }
  });

  test("[client/B-73] fetch a layer, and from its middle", async () => {
    const { digest } = descriptorOf(MEDIA_TYPES.ociLayer, LAYER);
    expect(await example("fetch-layer", name, digest)).toEqual(["Example layer content", "layer content"]);
  });

  test("[client/B-73] push a layer, and an image with a tag", async () => {
    expect(await example("push-layer", `${registryHost()}/pushed/layer`)).toEqual(["Push finished"]);
    const { blobs } = createRemoteRepository(`${registryHost()}/pushed/layer`);
    expect(await blobs.exists(descriptorOf(MEDIA_TYPES.ociLayer, LAYER))).toBe(true);
    expect(await example("push-and-tag", `${registryHost()}/example/registry`, "latest")).toEqual(["Succeed"]);
    const { manifest } = await createRemoteRepository(`${registryHost()}/example/registry`).fetchManifest("latest");
    expect(manifest.references.map(({ descriptor }) => descriptor.size)).toEqual(["Hello config".length, "Hello layer".length]);
  });

  test("[client/B-73] tag by descriptor and by reference, list tags", async () => {
    const repository = `${registryHost()}/tagged`;
    await pushExample(registryHost(), "tagged", "first");
    expect(await example("tag", repository, MANIFEST_DIGEST, "tag1")).toEqual(["Succeed"]);
    expect(await example("tag-reference", registryHost(), "tagged", MANIFEST_DIGEST, "tag2")).toEqual([
      `Tagged ${MANIFEST_DIGEST} as tag2`,
    ]);
    expect((await example("list-tags", repository)).toSorted()).toEqual(["first", "tag1", "tag2"]);
  });

  test("[client/B-73] list repositories", async () => {
    const names = ["public/repo1", "public/repo2", "internal/repo3"];
    for (const one of names) await pushExample(registryHost(), one, "latest");
    expect(await example("list-repositories", registryHost())).toEqual(expect.arrayContaining(names));
  });
}

describe("examples over our own registry", () => {
  commonExamples(() => startOwn());
});

describeWithParts("examples over docker-registry", ["docker-registry"], () => {
  commonExamples(() => startDistribution());
});

/** Artifact manifests, which OCI gave up, are not taken by the reference registry; warnings are given by nobody else. */
describe("examples of artifacts and warnings", () => {
  let running: Running;
  beforeAll(async () => {
    running = await startOwn({ warning: WARNING });
    await pushExample(running.host, "example", "latest");
  });
  afterAll(async () => await running?.stop());

  test("[client/B-73] hear warnings", async () => {
    const warned = `Warning from example: ${WARNING}`;
    expect(await example("handle-warning", `${running.host}/example`, MANIFEST_DIGEST)).toEqual([
      warned,
      MANIFEST_DIGEST,
      "337",
      warned,
      MANIFEST,
    ]);
  });

  test("[client/B-73] fetch an artifact's blobs", async () => {
    await push(running.host, "example", "application/tar", BLOB);
    const { digest } = await push(running.host, "example", MEDIA_TYPES.ociArtifactManifest, Buffer.from(ARTIFACT));
    expect(digest).toBe(ARTIFACT_DIGEST);
    expect(await example("fetch-artifact-blobs", `${running.host}/example`, digest)).toEqual([ARTIFACT, "example blob content"]);
  });

  test("[client/B-73] list referrers and fetch each", async () => {
    await pushExample(running.host, "referred", "latest");
    for (const one of REFERRERS) await push(running.host, "referred", MEDIA_TYPES.ociArtifactManifest, Buffer.from(one));
    expect((await example("fetch-referrers", `${running.host}/referred`, "latest")).toSorted()).toEqual(REFERRERS.toSorted());
  });

  test("[client/B-73] push an artifact manifest with a subject", async () => {
    const repository = createRemoteRepository(`${running.host}/artifact`);
    expect(await example("push-artifact", `${running.host}/artifact`)).toEqual(["Push finished"]);
    const config = descriptorOf(MEDIA_TYPES.ociConfig, Buffer.from("config bytes"));
    const json = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [] });
    const subject = await repository.resolve(descriptorOf(MEDIA_TYPES.ociManifest, Buffer.from(json)).digest);
    expect((await Array.fromAsync(repository.referrers(subject))).map(({ artifactType }) => artifactType)).toEqual(["sbom/example"]);
  });
});

describe("examples over a registry without referrers and deletes", () => {
  let running: Running;
  beforeAll(async () => {
    running = await startOwn({ old: true });
    await pushExample(running.host, "no-referrers-api", "latest");
  });
  afterAll(async () => await running?.stop());

  test("[client/B-73] go on when the old index of referrers cannot be deleted", async () => {
    const name = `${running.host}/no-referrers-api`;
    expect(await example("ignore-referrers-index-error", name, "latest", "first")).toEqual(["Push finished"]);
    expect(await example("ignore-referrers-index-error", name, "latest", "second")).toEqual([
      "ignoring error occurred during cleaning obsolete referrers index",
      "Push finished",
    ]);
  });
});

describe("examples of the package's own page", () => {
  let running: Running;
  beforeAll(async () => {
    running = await startOwn();
  });
  afterAll(async () => await running?.stop());

  test("[client/B-73] pull an image's config, as the page shows it", async () => {
    const name = `${running.host}/app`;
    const config = Buffer.from('{"architecture":"arm64","os":"linux","created":"2026-01-02T03:04:05Z"}');
    const json = JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: descriptorOf(MEDIA_TYPES.ociConfig, config),
      layers: [],
    });
    await push(running.host, "app", MEDIA_TYPES.ociConfig, config);
    const manifest = descriptorOf(MEDIA_TYPES.ociManifest, Buffer.from(json));
    await createRemoteRepository(name).pushReference(manifest, json, "v1");
    expect(await example("pull-config", name, "v1")).toEqual([`${manifest.digest} arm64 2026-01-02T03:04:05Z`]);
    expect(await example("pull-config", name, "v2")).toEqual(["No such image"]);
  });

  test("[client/X-5] go on with a file that an earlier run left behind, and throw away one that is something else", async () => {
    const name = `${running.host}/resumed`;
    const bytes = Buffer.alloc(300_000, "some content");
    const { digest } = await push(running.host, "resumed", MEDIA_TYPES.ociLayer, bytes);
    const scratch = await createScratch();
    onTestFinished(() => scratch.remove());
    const file = scratch.join("part");
    for (const had of [0, 123_456, 300_000]) {
      await writeFile(file, bytes.subarray(0, had));
      expect(await example("resume-pull", name, digest, file)).toEqual([`${had} of 300000 bytes are there`, digest]);
      expect((await readFile(file)).equals(bytes)).toBe(true);
    }
    await writeFile(file, "something else");
    await expect(example("resume-pull", name, digest, file)).rejects.toThrow("ERR_DIGEST_MISMATCH");
    await expect(access(file)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("[client/X-10] make spans of requests", async () => {
    await pushExample(running.host, "traced", "latest");
    expect(await example("trace-requests", `${running.host}/traced`, "latest")).toEqual([
      "HEAD resolve manifest 200 ok",
      "HEAD resolve manifest 404 error",
      "No such tag",
    ]);
  });

  test("the page shows what the file runs", async () => {
    const page = await readFile(`${CLIENT}README.md`, "utf8");
    const [, fence = ""] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
    const file = await readFile(`${CLIENT}examples/pull-config.ts`, "utf8");
    const body = (text: string): string => text.slice(text.indexOf("try {"));
    expect(body(fence)).toBe(body(file).replace("fetchConfig(tag,", 'fetchConfig("latest",'));
  });
});
