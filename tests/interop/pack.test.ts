import { readFile, writeFile } from "node:fs/promises";
import { fileSource } from "@berth/oci/node";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { pushGraph, Random, randomImage } from "@berth/testkit/images";
import {
  attachArtifact,
  type FileReference,
  packArtifact,
  type PackArtifactOptions,
  parseAnnotationsFile,
  parseFileReference,
} from "@berth/transfer";
import { expect, test } from "vitest";
import { objectOf, rawOf, usePackSetting } from "./support/pack-setting.ts";

const CREATED = "org.opencontainers.image.created=2026-01-02T03:04:05Z";
const annotations = { "org.opencontainers.image.created": "2026-01-02T03:04:05Z" };

describeWithParts("what is packed and attached", ["oras", "cosign"], () => {
  const setting = usePackSetting();
  const random = new Random(20_260_815);

  /** Layers as the `push` of oras makes them of its arguments. */
  const layersOf = async (...references: readonly string[]) =>
    await Promise.all(
      references.map(parseFileReference).map(async ({ path, mediaType }: FileReference) => ({
        source: await fileSource(setting().file(path)),
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
      await setting().oras("push", ...args, `${setting().host}/oras/${name}:1`, ...files);
      const ours = setting().registry.repository(`ours/${name}`);
      const config = { source: await fileSource(setting().file("config.json")), mediaType: "application/vnd.c" };
      const packed = await packArtifact(ours, { ...options(config), layers: await layersOf(...files) });
      expect(packed.digest).toBe(await setting().oras("resolve", `${setting().host}/oras/${name}:1`));
      await ours.tag(packed, "1");
      expect(await setting().oras("manifest fetch", `${setting().host}/ours/${name}:1`)).toBe((await rawOf(ours, packed)).toString());
      await setting().oras("pull", "-o", setting().join(name), `${setting().host}/ours/${name}:1`);
      for (const { path } of files.map(parseFileReference)) {
        expect((await readFile(setting().join(name, path))).equals(await readFile(setting().file(path)))).toBe(true);
      }
    },
  );

  test("annotations files give the digest that oras push gives", async () => {
    const file = { $manifest: { ...annotations, 10: "x", 9: "é<" }, $config: { c: "1" }, "hi.txt": { z: "2", a: "1" } };
    await writeFile(setting().file("annotations.json"), JSON.stringify(file));
    await setting().oras(
      "push",
      "--artifact-type",
      "a/b",
      "--annotation-file",
      "annotations.json",
      `${setting().host}/oras/annotated:1`,
      "hi.txt",
    );
    const read = parseAnnotationsFile(await readFile(setting().file("annotations.json"), "utf8"));
    const layers = (await layersOf("hi.txt")).map((layer) => ({
      ...layer,
      annotations: { ...layer.annotations, ...read.files.get("hi.txt") },
    }));
    const packed = await packArtifact(setting().registry.repository("ours/annotated"), {
      artifactType: "a/b",
      annotations: read.manifest,
      configAnnotations: read.config,
      layers,
    });
    expect(packed.digest).toBe(await setting().oras("resolve", `${setting().host}/oras/annotated:1`));
  });

  test("what is attached has the digest that oras attach gives it; oras discover and cosign tree list it", async () => {
    const repository = setting().registry.repository("attached");
    const graph = randomImage(random);
    await pushGraph(repository, graph, "1");
    const attached = await attachArtifact(repository, graph.manifest.descriptor, {
      artifactType: "a/note",
      layers: await layersOf("hi.txt:text/plain"),
      annotations,
    });
    const listed = objectOf(await setting().oras("discover", "--format", "json", `${setting().host}/attached:1`));
    expect(listed["referrers"]).toMatchObject([{ digest: attached.digest, artifactType: "a/note" }]);
    expect(await setting().call("cosign", "tree", "--allow-http-registry", `${setting().host}/attached:1`)).toContain(
      attached.digest.slice(0, 19),
    );
    const theirs = objectOf(
      await setting().oras(
        "attach",
        "--artifact-type",
        "a/note",
        "-a",
        CREATED,
        "--format",
        "json",
        `${setting().host}/attached:1`,
        "hi.txt:text/plain",
      ),
    );
    expect(theirs["digest"]).toBe(attached.digest);
  });
});
