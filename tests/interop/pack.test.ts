import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRemoteRegistry, type RemoteRegistry, type RemoteRepository } from "@berth/client";
import { bytesSource, createImageBuilder, decodeManifest, type Descriptor, isJsonObject, type JsonObject, type Platform } from "@berth/oci";
import { descriptorOf, digestOf, fileSource, readAllVerified } from "@berth/oci/node";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { pushGraph, Random, randomImage, randomIndex } from "@berth/testkit/images";
import { createScratch, type PartName, requirePart, run, type Scratch } from "@berth/testkit/parts";
import {
  attachArtifact,
  createIndex,
  editIndex,
  type FileReference,
  layerFromFiles,
  mutateImage,
  packArtifact,
  type PackArtifactOptions,
  parseAnnotationsFile,
  parseFileReference,
  rebaseImage,
} from "@berth/transfer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

const CREATED = "org.opencontainers.image.created=2026-01-02T03:04:05Z";
const annotations = { "org.opencontainers.image.created": "2026-01-02T03:04:05Z" };
const [amd64, arm64]: readonly [Platform, Platform] = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
];

describeWithParts("what is packed, changed and indexed", ["oras", "crane", "skopeo", "cosign"], () => {
  let scratch: Scratch;
  let server: OwnRegistry;
  let registry: RemoteRegistry;
  const random = new Random(20_260_815);

  beforeAll(async () => {
    scratch = await createScratch();
    server = await startOwnRegistry();
    registry = createRemoteRegistry(server.host);
    await mkdir(scratch.join("files"));
    await writeFile(scratch.join("files", "hi.txt"), "hi <&> there");
    await writeFile(scratch.join("files", "big.bin"), Buffer.alloc(300_000, 7));
    await writeFile(scratch.join("files", "config.json"), '{"a":1}');
  });
  afterAll(async () => {
    await registry.close();
    await server.close();
    await scratch.remove();
  });

  const call = async (part: PartName, ...args: readonly string[]): Promise<string> => {
    const env = { HOME: scratch.path, DOCKER_CONFIG: scratch.join("docker") };
    return (await run(requirePart(part).command(part), args, { cwd: scratch.join("files"), env })).stdout.trim();
  };
  const oras = async (command: string, ...args: readonly string[]): Promise<string> =>
    await call("oras", ...command.split(" "), "--plain-http", ...args);
  const rawOf = async (repository: RemoteRepository, target: Descriptor): Promise<Buffer> =>
    await readAllVerified(await repository.fetch(target), target);
  const objectOf = (text: string): JsonObject => {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  };
  const entriesOf = async (repository: RemoteRepository, target: Descriptor): Promise<readonly Descriptor[]> => {
    const manifest = decodeManifest(await rawOf(repository, target), target.mediaType);
    return manifest.kind === "index" ? manifest.manifests : [];
  };

  /** Layers as the `push` of oras makes them of its arguments. */
  const layersOf = async (...references: readonly string[]) =>
    await Promise.all(
      references.map(parseFileReference).map(async ({ path, mediaType }: FileReference) => ({
        source: await fileSource(scratch.join("files", path)),
        mediaType: mediaType ?? "application/vnd.oci.image.layer.v1.tar",
        annotations: { "org.opencontainers.image.title": path },
      })),
    );

  const pushes: readonly (readonly [
    title: string,
    args: readonly string[],
    files: readonly string[],
    options: (config: NonNullable<PackArtifactOptions["config"]>) => PackArtifactOptions,
  ])[] = [
    ["files", ["--artifact-type", "a/b", "-a", CREATED], ["hi.txt:text/plain", "big.bin"], () => ({ artifactType: "a/b", annotations })],
    [
      "nothing",
      ["--artifact-type", "a/b", "-a", CREATED, "-a", "<k>=&"],
      [],
      () => ({ artifactType: "a/b", annotations: { ...annotations, "<k>": "&" } }),
    ],
    [
      "image-spec 1.0",
      ["--image-spec", "v1.0", "--artifact-type", "application/vnd.own.config", "-a", CREATED],
      ["hi.txt"],
      () => ({ imageSpec: "1.0", artifactType: "application/vnd.own.config", annotations }),
    ],
    [
      "a config",
      ["--config", "config.json:application/vnd.c", "--artifact-type", "a/b", "-a", CREATED],
      [],
      (config) => ({ artifactType: "a/b", config, annotations }),
    ],
  ];

  test.each(pushes)(
    "[engine/T16] an artifact of %s has the digest that oras push gives it, and oras pulls it",
    async (title, args, files, options) => {
      const name = title.replaceAll(/[ .]/g, "-");
      await oras("push", ...args, `${server.host}/oras/${name}:1`, ...files);
      const ours = registry.repository(`ours/${name}`);
      const config = { source: await fileSource(scratch.join("files", "config.json")), mediaType: "application/vnd.c" };
      const packed = await packArtifact(ours, { ...options(config), layers: await layersOf(...files) });
      expect(packed.digest).toBe(await oras("resolve", `${server.host}/oras/${name}:1`));
      await ours.tag(packed, "1");
      expect(await oras("manifest fetch", `${server.host}/ours/${name}:1`)).toBe((await rawOf(ours, packed)).toString());
      await oras("pull", "-o", scratch.join(name), `${server.host}/ours/${name}:1`);
      for (const { path } of files.map(parseFileReference)) {
        expect((await readFile(scratch.join(name, path))).equals(await readFile(scratch.join("files", path)))).toBe(true);
      }
    },
  );

  test("annotations files give the digest that oras push gives", async () => {
    const file = { $manifest: { ...annotations, 10: "x", 9: "é<" }, $config: { c: "1" }, "hi.txt": { z: "2", a: "1" } };
    await writeFile(scratch.join("files", "annotations.json"), JSON.stringify(file));
    await oras("push", "--artifact-type", "a/b", "--annotation-file", "annotations.json", `${server.host}/oras/annotated:1`, "hi.txt");
    const read = parseAnnotationsFile(await readFile(scratch.join("files", "annotations.json"), "utf8"));
    const layers = (await layersOf("hi.txt")).map((layer) => ({
      ...layer,
      annotations: { ...layer.annotations, ...read.files.get("hi.txt") },
    }));
    const packed = await packArtifact(registry.repository("ours/annotated"), {
      artifactType: "a/b",
      annotations: read.manifest,
      configAnnotations: read.config,
      layers,
    });
    expect(packed.digest).toBe(await oras("resolve", `${server.host}/oras/annotated:1`));
  });

  test("what is attached has the digest that oras attach gives it; oras discover and cosign tree list it", async () => {
    const repository = registry.repository("attached");
    const graph = randomImage(random);
    await pushGraph(repository, graph, "1");
    const attached = await attachArtifact(repository, graph.manifest.descriptor, {
      artifactType: "a/note",
      layers: await layersOf("hi.txt:text/plain"),
      annotations,
    });
    const listed = objectOf(await oras("discover", "--format", "json", `${server.host}/attached:1`));
    expect(listed["referrers"]).toMatchObject([{ digest: attached.digest, artifactType: "a/note" }]);
    expect(await call("cosign", "tree", "--allow-http-registry", `${server.host}/attached:1`)).toContain(attached.digest.slice(0, 19));
    const theirs = objectOf(
      await oras(
        "attach",
        "--artifact-type",
        "a/note",
        "-a",
        CREATED,
        "--format",
        "json",
        `${server.host}/attached:1`,
        "hi.txt:text/plain",
      ),
    );
    expect(theirs["digest"]).toBe(attached.digest);
  });

  test("an index has the digest that oras gives it and the entries that crane gives it", async () => {
    const repository = registry.repository("indexed");
    const [one, two] = [randomImage(random, { platform: amd64 }), randomImage(random, { platform: arm64 })];
    const nested = randomIndex(random, [amd64, arm64]);
    await pushGraph(repository, one, "one");
    await pushGraph(repository, two, "two");
    await pushGraph(repository, nested, "nested");
    const artifact = await packArtifact(repository, { artifactType: "a/b", annotations });
    await repository.tag(artifact, "artifact");
    const manifests = [one.manifest, two.manifest, nested.manifest, { descriptor: artifact }];

    await oras(
      "manifest index create",
      "-a",
      "k=<v>",
      "--artifact-type",
      "a/index",
      `${server.host}/indexed:oras`,
      "one",
      "two",
      "nested",
      "artifact",
    );
    const made = await createIndex(repository, { manifests, annotations: { k: "<v>" }, artifactType: "a/index" });
    expect(made.digest).toBe((await repository.resolve("oras")).digest);
    await oras("manifest index update", "--remove", one.manifest.digest, "--tag", "updated", `${server.host}/indexed:oras`);
    const edited = await editIndex(repository, made, { remove: [one.manifest.digest] }, repository);
    expect(edited.digest).toBe((await repository.resolve("updated")).digest);

    const references = ["one", "two", "nested"].flatMap((tag) => ["-m", `${server.host}/indexed:${tag}`]);
    await call("crane", "index", "append", ...references, "-t", `${server.host}/indexed:crane`);
    const flat = await createIndex(repository, { manifests: manifests.slice(0, 3).map((one) => ({ ...one, flatten: true })) });
    expect(await entriesOf(repository, flat)).toEqual(await entriesOf(repository, await repository.resolve("crane")));
    await repository.tag(flat, "flat");
    await call("crane", "validate", "--remote", `${server.host}/indexed:flat`);
    const raw = objectOf(await call("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${server.host}/indexed:flat`));
    expect(raw["manifests"]).toHaveLength(4);

    const filtered = await editIndex(repository, flat, { keepPlatforms: [arm64] }, repository);
    await call(
      "crane",
      "index",
      "filter",
      `${server.host}/indexed:flat`,
      "--platform",
      "linux/arm64",
      "-t",
      `${server.host}/indexed:filtered`,
    );
    expect(await entriesOf(repository, filtered)).toEqual(await entriesOf(repository, await repository.resolve("filtered")));
  });

  test("a changed image has the config that crane mutate gives it, and others read it", async () => {
    const repository = registry.repository("mutated");
    const graph = randomImage(random);
    await pushGraph(repository, graph, "1");
    const made = await mutateImage(
      repository,
      graph.manifest.descriptor,
      {
        labels: { k: "v", a: "<b>" },
        env: { A: "1" },
        entrypoint: ["/run"],
        cmd: ["x", "y"],
        user: "nobody",
        workdir: "/w",
        ports: { "80/tcp": true },
        platform: arm64,
        annotations: { note: "n" },
      },
      repository,
    );
    await repository.tag(made, "ours");
    const words =
      "--label k=v --label a=<b> -e A=1 --entrypoint /run --cmd x,y -u nobody -w /w --exposed-ports 80/tcp --set-platform linux/arm64 -a note=n";
    await call("crane", "mutate", ...words.split(" "), "-t", `${server.host}/mutated:crane`, `${server.host}/mutated:1`);
    const { created: _, ...theirs } = objectOf(await call("crane", "config", `${server.host}/mutated:crane`)); // it writes the year 1
    expect(objectOf(await call("crane", "config", `${server.host}/mutated:ours`))).toEqual(theirs);
    const [mine, other] = await Promise.all(
      ["ours", "crane"].map(async (tag) => objectOf(await call("crane", "manifest", `${server.host}/mutated:${tag}`))),
    );
    expect([mine?.["layers"], mine?.["annotations"]]).toEqual([other?.["layers"], other?.["annotations"]]);
    await call("crane", "validate", "--remote", `${server.host}/mutated:ours`);
    const inspected = objectOf(
      await call("skopeo", "inspect", "--tls-verify=false", "--override-arch", "arm64", `docker://${server.host}/mutated:ours`),
    );
    expect(inspected).toMatchObject({ Labels: { k: "v", a: "<b>" }, Architecture: "arm64", Env: ["A=1"], Digest: made.digest });
  });

  test("an image on another base is what crane rebase makes of it", async () => {
    const repository = registry.repository("rebased");
    // All made by crane, which writes a history: without one its rebase loses the first layer above the base.
    for (const [tag, base] of [["old"], ["new"], ["image", "old"]] as const) {
      const file = `${tag}.tar`;
      await writeFile(scratch.join("files", tag), tag);
      await using layer = await layerFromFiles([{ path: scratch.join("files", tag), name: `etc/${tag}` }], { compression: "none" });
      await writeFile(scratch.join("files", file), Buffer.concat(await Array.fromAsync(layer.source)));
      const onto = base === undefined ? ["--oci-empty-base"] : ["-b", `${server.host}/rebased:${base}`];
      await call("crane", "append", ...onto, "-f", file, "-t", `${server.host}/rebased:${tag}`);
    }
    const [from, to] = ["old", "new"].map((tag) => `${server.host}/rebased:${tag}`);
    await call(
      "crane",
      "rebase",
      `${server.host}/rebased:image`,
      "--old_base",
      `${from}`,
      "--new_base",
      `${to}`,
      "-t",
      `${server.host}/rebased:crane`,
    );
    const made = await rebaseImage(repository, await repository.resolve("image"), repository, {
      oldBase: { descriptor: await repository.resolve("old") },
      newBase: { descriptor: await repository.resolve("new"), name: `${to}` },
    });
    await repository.tag(made, "ours");
    await call("crane", "validate", "--remote", `${server.host}/rebased:ours`);
    const [mine, other] = await Promise.all(
      ["ours", "crane"].map(async (tag) => objectOf(await call("crane", "manifest", `${server.host}/rebased:${tag}`))),
    );
    expect([mine?.["layers"], mine?.["annotations"]]).toEqual([other?.["layers"], other?.["annotations"]]);
    const [config, theirs] = await Promise.all(
      ["ours", "crane"].map(async (tag) => objectOf(await call("crane", "config", `${server.host}/rebased:${tag}`))),
    );
    for (const member of ["rootfs", "os", "architecture", "history", "config"]) expect(config?.[member]).toEqual(theirs?.[member]);
  });

  const layerOfFiles = async (compression: "gzip" | "zstd" | "none") => {
    await mkdir(scratch.join("root", "etc"), { recursive: true });
    await writeFile(scratch.join("root", "etc", "é.conf"), "conf");
    await chmod(scratch.join("root", "etc", "é.conf"), 0o755);
    return await layerFromFiles([{ path: scratch.join("root"), name: "" }], { compression });
  };

  test.each(["gzip", "zstd", "none"] as const)(
    "a layer of files, compressed by %s, is read by skopeo, crane and tar",
    async (compression) => {
      const repository = registry.repository(`layers/${compression}`);
      await using layer = await layerOfFiles(compression);
      await repository.push(layer.descriptor, layer.source);
      const config = Buffer.from(JSON.stringify({ ...amd64, config: {}, rootfs: { type: "layers", diff_ids: [layer.diffId] } }));
      const builder = createImageBuilder({ blobs: repository.blobs, config });
      builder.appendReference(layer);
      const { raw, mediaType } = await builder.build();
      await repository.pushReference(descriptorOf(mediaType, raw), bytesSource(raw), "1");
      if (compression === "gzip") await call("crane", "validate", "--remote", `${server.host}/layers/gzip:1`); // it knows no other layers
      await call(
        "skopeo",
        "copy",
        "--src-tls-verify=false",
        `docker://${server.host}/layers/${compression}:1`,
        `dir:${scratch.join(compression)}`,
      );
      await using plain = await layerOfFiles("none");
      const archive = Buffer.concat(await Array.fromAsync(plain.source));
      expect(layer.diffId).toBe(digestOf(archive));
      const list = ["-tvf", "-", "--numeric-owner", "--quoting-style=literal"];
      const { stdout } = await run("/usr/bin/tar", list, { env: { LC_ALL: "C.UTF-8", TZ: "UTC" }, input: archive });
      expect(stdout).toMatch(/-rwxr-xr-x 0\/0 +4 1970-01-01 00:00 etc\/é\.conf/);
    },
  );
});
