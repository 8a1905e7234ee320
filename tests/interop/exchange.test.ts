import { readFile, writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { zstdCompressSync } from "node:zlib";
import type { RemoteRegistry, RemoteRepository } from "@berth/client";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import {
  blobFixture,
  type ImageGraph,
  imageManifest,
  type ManifestFixture,
  pushGraph,
  Random,
  randomImage,
  randomIndex,
} from "@berth/testkit/images";
import {
  createScratch,
  layoutBlobPath,
  packTar,
  type PartName,
  requirePart,
  run,
  type Scratch,
  type TestImage,
  writeTinyImage,
} from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOf } from "./support/client.ts";
import { type RunningServer, type Server, SERVERS } from "./support/servers.ts";

const PARTS: readonly PartName[] = ["crane", "oras", "skopeo", "umoci", "busybox"];
const PLATFORMS = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
];
const ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd";

for (const server of SERVERS.filter(({ name }) => name.endsWith(", plain"))) {
  describeWithParts(`content exchanged with others over ${server.name}`, [...server.needs, ...PARTS], () => exchange(server));
}

function exchange(server: Server): void {
  let running: RunningServer;
  let registry: RemoteRegistry;
  let scratch: Scratch;

  beforeAll(async () => {
    scratch = await createScratch();
    running = await server.start();
    registry = clientOf(running);
  });
  afterAll(async () => {
    await registry?.close();
    await running?.stop();
    await scratch?.remove();
  });

  const tool = async (part: "crane" | "oras" | "skopeo", ...args: readonly string[]): Promise<string> => {
    const env = { HOME: scratch.path, DOCKER_CONFIG: scratch.path, XDG_RUNTIME_DIR: scratch.path };
    return (await run(requirePart(part).command(part), args, { cwd: scratch.path, env })).stdout;
  };
  const name = (repository: string, reference: string): string =>
    `${running.host}/${repository}${reference.includes(":") ? "@" : ":"}${reference}`;

  /** All three clients see the same bytes under a tag. */
  async function expectOthersToRead(repository: string, tag: string, manifest: ManifestFixture): Promise<void> {
    const wanted = manifest.bytes.toString();
    expect((await tool("crane", "digest", name(repository, tag))).trim()).toBe(manifest.digest);
    expect(await tool("crane", "manifest", name(repository, tag))).toBe(wanted);
    expect(await tool("oras", "manifest", "fetch", "--plain-http", name(repository, tag))).toBe(wanted);
    expect((await tool("oras", "resolve", "--plain-http", name(repository, tag))).trim()).toBe(manifest.digest);
    expect(await tool("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name(repository, tag)}`)).toBe(wanted);
  }

  /** A client copies everything under a tag to a layout, and finds all of it there. */
  async function expectWholeCopy(repository: string, tag: string, graph: ImageGraph): Promise<void> {
    const layout = scratch.join(`${repository}-${tag}`.replaceAll("/", "-"));
    await tool(
      "skopeo",
      "copy",
      "--all",
      "--preserve-digests",
      "--src-tls-verify=false",
      `docker://${name(repository, tag)}`,
      `oci:${layout}:${tag}`,
    );
    for (const { descriptor, bytes } of partsOf(graph)) {
      expect(await readFile(layoutBlobPath(layout, descriptor.digest))).toEqual(bytes);
    }
  }

  test("an image that we push is read by crane, oras and skopeo", async () => {
    const image = randomImage(new Random(1));
    await pushGraph(registry.repository("ours/image"), image, "1");
    await expectOthersToRead("ours/image", "1", image.manifest);
    await expectWholeCopy("ours/image", "1", image);
    await tool("crane", "validate", "--remote", name("ours/image", "1"));
  });

  test("an index that we push is read by crane, oras and skopeo", async () => {
    const index = randomIndex(new Random(2), PLATFORMS);
    await pushGraph(registry.repository("ours/index"), index, "1");
    await expectOthersToRead("ours/index", "1", index.manifest);
    await expectWholeCopy("ours/index", "1", index);
  });

  test("a Docker image and list that we push are read by crane and skopeo", async () => {
    const list = randomIndex(new Random(3), PLATFORMS, { family: "docker" });
    await pushGraph(registry.repository("ours/docker"), list, "1");
    await expectOthersToRead("ours/docker", "1", list.manifest);
    await tool("crane", "validate", "--remote", name("ours/docker", "1"));
  });

  test("a layer in zstd that we push is read by crane and skopeo", async () => {
    const image = zstdImage();
    await pushGraph(registry.repository("ours/zstd"), image, "1");
    await expectOthersToRead("ours/zstd", "1", image.manifest);
    await expectWholeCopy("ours/zstd", "1", image);
  });

  test("oras finds the artifact that we attach to an image", async () => {
    const image = randomImage(new Random(4));
    const repository = registry.repository("ours/subject");
    await pushGraph(repository, image, "1");
    const artifact = imageManifest({ artifactType: "application/vnd.test.note", subject: image.manifest.descriptor });
    await repository.blobs.push(descriptorOf(MEDIA_TYPES.ociEmpty, Buffer.from("{}")), bytesSource("{}"));
    await repository.manifests.push(artifact.descriptor, bytesSource(artifact.bytes));
    const found = await tool("oras", "discover", "--plain-http", "--format", "json", name("ours/subject", "1"));
    expect(found).toContain(artifact.digest);
    expect(found).toContain("application/vnd.test.note");
  });

  test("what crane pushes is read by us", async () => {
    const image = await writeTinyImage(scratch.join("tiny-crane"));
    await tool("crane", "push", image.path, name("crane/image", "1"));
    await expectUsToRead(registry.repository("crane/image"), "1", image);
    await tool("crane", "index", "append", "-m", name("crane/image", "1"), "-t", name("crane/image", "index"));
    const index = await registry.repository("crane/image").resolve("index");
    expect(index.digest).toBe((await tool("crane", "digest", name("crane/image", "index"))).trim());
    expect(await blobsBelow(registry.repository("crane/image"), "index")).toEqual(
      await blobsBelow(registry.repository("crane/image"), "1"),
    );
  });

  test("what skopeo pushes is read by us, OCI and Docker", async () => {
    const image = await writeTinyImage(scratch.join("tiny-skopeo"));
    const { tag } = image;
    for (const format of ["oci", "v2s2"]) {
      const to = `docker://${name("skopeo/image", format)}`;
      await tool("skopeo", "copy", "--dest-tls-verify=false", "--format", format, `oci:${image.path}:${tag}`, to);
      const seen = await registry.repository("skopeo/image").resolve(format);
      expect(seen.mediaType).toBe(format === "oci" ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.dockerManifest);
      expect(seen.digest).toBe((await tool("crane", "digest", name("skopeo/image", format))).trim());
      expect((await blobsBelow(registry.repository("skopeo/image"), format)).length).toBeGreaterThan(1);
    }
    await expectUsToRead(registry.repository("skopeo/image"), "oci", image);
  });

  test("what oras pushes and attaches is found by us", async () => {
    await writeFile(scratch.join("note.txt"), "hello from oras");
    await tool("oras", "push", "--plain-http", "--artifact-type", "application/vnd.test.app", name("oras/app", "1"), "note.txt:text/plain");
    await tool(
      "oras",
      "attach",
      "--plain-http",
      "--artifact-type",
      "application/vnd.test.note",
      name("oras/app", "1"),
      "note.txt:text/plain",
    );
    const repository = registry.repository("oras/app");
    const subject = await repository.resolve("1");
    const found: Descriptor[] = [];
    for await (const one of repository.referrers(subject)) found.push(one);
    expect(found.map(({ artifactType }) => artifactType)).toEqual(["application/vnd.test.note"]);
    const [attached] = found;
    const note = descriptorOf("text/plain", Buffer.from("hello from oras"));
    expect(await blobsBelow(repository, attached?.digest ?? "")).toContain(note.digest);
    expect((await buffer(await repository.blobs.fetch(note))).toString()).toBe("hello from oras");
  });

  test("referrers that oras and we add to one image are all found by both", async () => {
    await tool("oras", "push", "--plain-http", "--artifact-type", "application/vnd.test.app", name("both/app", "1"));
    const repository = registry.repository("both/app");
    const subject = await repository.resolve("1");
    await tool("oras", "attach", "--plain-http", "--artifact-type", "application/vnd.test.theirs", name("both/app", "1"), "-a", "by=oras");
    const ours = imageManifest({ artifactType: "application/vnd.test.ours", subject });
    await repository.manifests.push(ours.descriptor, bytesSource(ours.bytes));
    await tool("oras", "attach", "--plain-http", "--artifact-type", "application/vnd.test.later", name("both/app", "1"), "-a", "by=oras");
    const types: (string | undefined)[] = [];
    for await (const { artifactType } of repository.referrers(subject)) types.push(artifactType);
    const wanted = ["application/vnd.test.later", "application/vnd.test.ours", "application/vnd.test.theirs"];
    expect(new Set(types)).toEqual(new Set(wanted));
    expect(types).toHaveLength(wanted.length);
    const found = await tool("oras", "discover", "--plain-http", "--format", "json", name("both/app", "1"));
    for (const type of wanted) expect(found).toContain(type);
  });
}

async function expectUsToRead(repository: RemoteRepository, tag: string, image: TestImage): Promise<void> {
  const { descriptor, content } = await repository.fetchReference(tag);
  expect(descriptor.digest).toBe(image.manifest.digest);
  expect(await buffer(content)).toEqual(Buffer.from(image.manifest.bytes));
  expect(await blobsBelow(repository, tag)).toEqual(image.blobs.map(({ digest }) => digest));
}

/** The digests of config and layers below a tag; each is read and checked. */
async function blobsBelow(repository: RemoteRepository, tag: string): Promise<readonly string[]> {
  const { content } = await repository.fetchReference(tag);
  const manifest: {
    readonly config?: Descriptor;
    readonly layers?: readonly Descriptor[];
    readonly manifests?: readonly Descriptor[];
  } = JSON.parse((await buffer(content)).toString());
  const children = await Promise.all((manifest.manifests ?? []).map(({ digest }) => blobsBelow(repository, digest)));
  const blobs = [...(manifest.config ? [manifest.config] : []), ...(manifest.layers ?? [])];
  for (const blob of blobs) expect((await buffer(await repository.blobs.fetch(blob))).byteLength).toBe(blob.size);
  return [...blobs.map(({ digest }) => digest), ...children.flat()];
}

/** An image whose only layer is compressed by zstd. */
function zstdImage(): ImageGraph {
  const tar = packTar([{ path: "hello.txt", content: Buffer.from("hello") }]);
  const layer = blobFixture(ZSTD_LAYER, zstdCompressSync(tar));
  const config = blobFixture(
    MEDIA_TYPES.ociConfig,
    Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [digestOf(tar)] } })),
  );
  const manifest = imageManifest({ config: config.descriptor, layers: [layer.descriptor] });
  return { manifest, blobs: [config, layer], children: [] };
}

function partsOf(graph: ImageGraph): readonly { readonly descriptor: Descriptor; readonly bytes: Buffer }[] {
  return [graph.manifest, ...graph.blobs, ...graph.children.flatMap(partsOf)];
}
