import { writeFile } from "node:fs/promises";
import type { Platform } from "@berth/oci";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { pushGraph, Random, randomImage, randomIndex } from "@berth/testkit/images";
import { createIndex, editIndex, layerFromFiles, mutateImage, packArtifact, rebaseImage } from "@berth/transfer";
import { expect, test } from "vitest";
import { entriesOf, objectOf, usePackSetting } from "./support/pack-setting.ts";

const annotations = { "org.opencontainers.image.created": "2026-01-02T03:04:05Z" };
const [amd64, arm64]: readonly [Platform, Platform] = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
];

describeWithParts("what is changed and indexed", ["oras", "crane", "skopeo"], () => {
  const setting = usePackSetting();
  const random = new Random(20_260_816);

  test("an index has the digest that oras gives it and the entries that crane gives it", async () => {
    const repository = setting().registry.repository("indexed");
    const [one, two] = [randomImage(random, { platform: amd64 }), randomImage(random, { platform: arm64 })];
    const nested = randomIndex(random, [amd64, arm64]);
    await pushGraph(repository, one, "one");
    await pushGraph(repository, two, "two");
    await pushGraph(repository, nested, "nested");
    const artifact = await packArtifact(repository, { artifactType: "a/b", annotations });
    await repository.tag(artifact, "artifact");
    const manifests = [one.manifest, two.manifest, nested.manifest, { descriptor: artifact }];

    await setting().oras(
      "manifest index create",
      "-a",
      "k=<v>",
      "--artifact-type",
      "a/index",
      `${setting().host}/indexed:oras`,
      "one",
      "two",
      "nested",
      "artifact",
    );
    const made = await createIndex(repository, { manifests, annotations: { k: "<v>" }, artifactType: "a/index" });
    expect(made.digest).toBe((await repository.resolve("oras")).digest);
    await setting().oras("manifest index update", "--remove", one.manifest.digest, "--tag", "updated", `${setting().host}/indexed:oras`);
    const edited = await editIndex(repository, made, { remove: [one.manifest.digest] }, repository);
    expect(edited.digest).toBe((await repository.resolve("updated")).digest);

    const references = ["one", "two", "nested"].flatMap((tag) => ["-m", `${setting().host}/indexed:${tag}`]);
    await setting().call("crane", "index", "append", ...references, "-t", `${setting().host}/indexed:crane`);
    const flat = await createIndex(repository, { manifests: manifests.slice(0, 3).map((one) => ({ ...one, flatten: true })) });
    expect(await entriesOf(repository, flat)).toEqual(await entriesOf(repository, await repository.resolve("crane")));
    await repository.tag(flat, "flat");
    await setting().call("crane", "validate", "--remote", `${setting().host}/indexed:flat`);
    const raw = objectOf(
      await setting().call("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${setting().host}/indexed:flat`),
    );
    expect(raw["manifests"]).toHaveLength(4);

    const filtered = await editIndex(repository, flat, { keepPlatforms: [arm64] }, repository);
    await setting().call(
      "crane",
      "index",
      "filter",
      `${setting().host}/indexed:flat`,
      "--platform",
      "linux/arm64",
      "-t",
      `${setting().host}/indexed:filtered`,
    );
    expect(await entriesOf(repository, filtered)).toEqual(await entriesOf(repository, await repository.resolve("filtered")));
  });

  test("a changed image has the config that crane mutate gives it, and others read it", async () => {
    const repository = setting().registry.repository("mutated");
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
    await setting().call("crane", "mutate", ...words.split(" "), "-t", `${setting().host}/mutated:crane`, `${setting().host}/mutated:1`);
    const { created: _, ...theirs } = objectOf(await setting().call("crane", "config", `${setting().host}/mutated:crane`)); // it writes the year 1
    expect(objectOf(await setting().call("crane", "config", `${setting().host}/mutated:ours`))).toEqual(theirs);
    const [mine, other] = await Promise.all(
      ["ours", "crane"].map(async (tag) => objectOf(await setting().call("crane", "manifest", `${setting().host}/mutated:${tag}`))),
    );
    expect([mine?.["layers"], mine?.["annotations"]]).toEqual([other?.["layers"], other?.["annotations"]]);
    await setting().call("crane", "validate", "--remote", `${setting().host}/mutated:ours`);
    const inspected = objectOf(
      await setting().call(
        "skopeo",
        "inspect",
        "--tls-verify=false",
        "--override-arch",
        "arm64",
        `docker://${setting().host}/mutated:ours`,
      ),
    );
    expect(inspected).toMatchObject({ Labels: { k: "v", a: "<b>" }, Architecture: "arm64", Env: ["A=1"], Digest: made.digest });
  });

  test("an image on another base is what crane rebase makes of it", async () => {
    const repository = setting().registry.repository("rebased");
    // All made by crane, which writes a history: without one its rebase loses the first layer above the base.
    for (const [tag, base] of [["old"], ["new"], ["image", "old"]] as const) {
      const file = `${tag}.tar`;
      await writeFile(setting().file(tag), tag);
      await using layer = await layerFromFiles([{ path: setting().file(tag), name: `etc/${tag}` }], { compression: "none" });
      await writeFile(setting().file(file), Buffer.concat(await Array.fromAsync(layer.source)));
      const onto = base === undefined ? ["--oci-empty-base"] : ["-b", `${setting().host}/rebased:${base}`];
      await setting().call("crane", "append", ...onto, "-f", file, "-t", `${setting().host}/rebased:${tag}`);
    }
    const [from, to] = ["old", "new"].map((tag) => `${setting().host}/rebased:${tag}`);
    await setting().call(
      "crane",
      "rebase",
      `${setting().host}/rebased:image`,
      "--old_base",
      `${from}`,
      "--new_base",
      `${to}`,
      "-t",
      `${setting().host}/rebased:crane`,
    );
    const made = await rebaseImage(repository, await repository.resolve("image"), repository, {
      oldBase: { descriptor: await repository.resolve("old") },
      newBase: { descriptor: await repository.resolve("new"), name: `${to}` },
    });
    await repository.tag(made, "ours");
    await setting().call("crane", "validate", "--remote", `${setting().host}/rebased:ours`);
    const [mine, other] = await Promise.all(
      ["ours", "crane"].map(async (tag) => objectOf(await setting().call("crane", "manifest", `${setting().host}/rebased:${tag}`))),
    );
    expect([mine?.["layers"], mine?.["annotations"]]).toEqual([other?.["layers"], other?.["annotations"]]);
    const [config, theirs] = await Promise.all(
      ["ours", "crane"].map(async (tag) => objectOf(await setting().call("crane", "config", `${setting().host}/rebased:${tag}`))),
    );
    for (const member of ["rootfs", "os", "architecture", "history", "config"]) expect(config?.[member]).toEqual(theirs?.[member]);
  });
});
