import { lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createRemoteRepository } from "@berth/client";
import { MEDIA_TYPES, type ReadOnlyTarget } from "@berth/oci";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import {
  createScratch,
  debianImage,
  type Dockerd,
  type DockerdOptions,
  type PartName,
  requirePart,
  run,
  type RunResult,
  type Scratch,
  startDockerd,
  type TestImage,
  writeTinyImage,
} from "@berth/testkit/parts";
import {
  copy,
  copyGraph,
  createDockerArchive,
  createOciArchive,
  openDockerArchive,
  openFileStore,
  openLayout,
  openOciArchive,
  packArtifact,
} from "@berth/transfer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

/** What an image is made of, whatever its layers look like on the way. */
interface ImageJson {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** A folder, and images in layouts, for one group of tests. */
function useImages(): () => { readonly scratch: Scratch; readonly tiny: TestImage; readonly debian: TestImage } {
  let images: ReturnType<ReturnType<typeof useImages>> | undefined;
  beforeAll(async () => {
    const scratch = await createScratch();
    await writeFile(scratch.join("auth.json"), "{}");
    images = { scratch, tiny: await writeTinyImage(scratch.join("tiny")), debian: await debianImage() };
  });
  afterAll(async () => {
    await images?.scratch.remove();
  });
  return () => {
    if (images === undefined) throw new ReferenceError("The images are not there yet");
    return images;
  };
}

/** Runs a command with nothing of the person who runs the tests. */
async function runIn(scratch: Scratch, part: PartName, args: readonly string[], cwd?: string): Promise<RunResult> {
  const env = { HOME: scratch.path, XDG_RUNTIME_DIR: scratch.join("runtime"), REGISTRY_AUTH_FILE: scratch.join("auth.json") };
  return await run(requirePart(part).command(part), args, { env, ...(cwd !== undefined && { cwd }) });
}

async function podman(scratch: Scratch, args: readonly string[]): Promise<RunResult> {
  const own = ["--root", scratch.join("podman"), "--runroot", scratch.join("podman-run"), "--cgroup-manager=cgroupfs", "--runtime=runc"];
  return await runIn(scratch, "podman", [...own, "--storage-driver=vfs", ...args]);
}

async function writeDockerArchive(image: TestImage, path: string, references: readonly string[]): Promise<void> {
  await using archive = await createDockerArchive(path, { references });
  await copy(await openLayout(image.path), image.tag, archive);
  await archive.finish();
}

async function imageOf(source: ReadOnlyTarget, reference: string): Promise<ImageJson> {
  return JSON.parse(Buffer.concat(await Array.fromAsync(await source.fetch(await source.resolve(reference)))).toString());
}

async function diffIdsOf(image: TestImage): Promise<readonly string[]> {
  const config: { readonly rootfs: { readonly diff_ids: readonly string[] } } = JSON.parse(
    await readFile(`${image.path}/blobs/${image.blobs[0]?.digest.replace(":", "/")}`, "utf8"),
  );
  return config.rootfs.diff_ids;
}

const ENGINES: readonly (readonly [string, DockerdOptions])[] = [
  ["dockerd 20.10, image store of layers", { from: "docker", store: "graph" }],
  ["dockerd 28, image store of layers", { from: "docker-sid", store: "graph" }],
  ["dockerd 28, containerd image store", { from: "docker-sid", store: "containerd" }],
];

for (const [title, options] of ENGINES) {
  describeWithParts(`${title}: docker archives`, [options.from, "runc", "busybox", "debian-image"], () => {
    const images = useImages();
    let engine: Dockerd;
    beforeAll(async () => {
      engine = await startDockerd(options);
    });
    afterAll(async () => {
      await engine?.stop();
    });

    test.each(["tiny", "debian"] as const)("the %s image written by us is loaded, and what is saved is read by us", async (name) => {
      const { scratch, [name]: image } = images();
      const path = scratch.join(`${name}.tar`);
      await writeDockerArchive(image, path, [`berth.test/${name}:1`]);
      const { stdout } = await engine.docker(["load", "--input", path]);
      expect(stdout).toContain(`Loaded image: berth.test/${name}:1`);
      const container = (await engine.docker(["create", `berth.test/${name}:1`, "true"])).stdout.trim();
      await engine.docker(["rm", container]);

      const saved = scratch.join(`${name}-saved.tar`);
      await engine.docker(["save", "--output", saved, `berth.test/${name}:1`]);
      await using archive = await openDockerArchive(saved);
      expect(await Array.fromAsync(archive.tags())).toEqual([`berth.test/${name}:1`]);
      expect(archive.images.map(({ config }) => config)).toEqual([image.blobs[0]?.digest]);
      const layout = await openLayout(scratch.join(`${name}-layout`), { create: true });
      await copy(archive, `berth.test/${name}:1`, layout, "1");
      const read = await imageOf(layout, "1");
      expect(read.config.digest).toBe(image.blobs[0]?.digest);
      expect(read.layers).toHaveLength(image.blobs.length - 1);
    });

    test("several images saved at once are found by their names", async () => {
      const { scratch } = images();
      const path = scratch.join("both.tar");
      await engine.docker(["save", "--output", path, "berth.test/tiny:1", "berth.test/debian:1"]);
      await using archive = await openDockerArchive(path);
      expect(await Array.fromAsync(archive.tags())).toEqual(["berth.test/debian:1", "berth.test/tiny:1"]);
      const tiny = await imageOf(archive, "berth.test/tiny:1");
      expect(tiny.config.digest).toBe(images().tiny.blobs[0]?.digest);
      await expect(archive.resolve("")).rejects.toMatchObject({ code: "ERR_AMBIGUOUS_NAME" });
    });
  });
}

describeWithParts("skopeo and podman: archives", ["skopeo", "podman", "runc", "busybox", "debian-image"], () => {
  const images = useImages();

  test.each(["tiny", "debian"] as const)("skopeo reads our docker archive of the %s image, and we read its", async (name) => {
    const { scratch, [name]: image } = images();
    const path = scratch.join(`skopeo-${name}.tar`);
    await writeDockerArchive(image, path, ["berth.test/app:1"]);
    const layout = scratch.join(`skopeo-${name}`);
    await runIn(scratch, "skopeo", ["copy", `docker-archive:${path}:berth.test/app:1`, `oci:${layout}:1`]);
    const theirs = await imageOf(await openLayout(layout), "1");
    expect(theirs.layers).toHaveLength(image.blobs.length - 1);

    const written = scratch.join(`by-skopeo-${name}.tar`);
    await runIn(scratch, "skopeo", ["copy", `oci:${image.path}:${image.tag}`, `docker-archive:${written}:berth.test/app:2`]);
    await using archive = await openDockerArchive(written);
    const ours = await imageOf(archive, "berth.test/app:2");
    expect(ours.layers.map(({ digest }) => digest)).toEqual(await diffIdsOf(image));
    expect((await archive.resolve("")).mediaType).toBe(MEDIA_TYPES.dockerManifest);
  });

  test.each(["tiny", "debian"] as const)("OCI archives of the %s image go both ways byte for byte", async (name) => {
    const { scratch, [name]: image } = images();
    const path = scratch.join(`oci-${name}.tar`);
    await using written = await createOciArchive(path);
    await copy(await openLayout(image.path), image.tag, written, "v1");
    await written.finish();
    const back = scratch.join(`oci-${name}-back.tar`);
    await runIn(scratch, "skopeo", ["copy", "--preserve-digests", `oci-archive:${path}:v1`, `oci-archive:${back}:v2`]);
    await using archive = await openOciArchive(back);
    expect(await archive.resolve("v2")).toMatchObject({ digest: image.manifest.digest, size: image.manifest.size });
    const layout = await openLayout(scratch.join(`oci-${name}-layout`), { create: true });
    await copy(archive, "v2", layout, "1");
    expect((await layout.resolve("1")).digest).toBe(image.manifest.digest);
  });

  test("podman loads both kinds that we write; we read both kinds that it saves, also by way of a stream", async () => {
    const { scratch, tiny } = images();
    const docker = scratch.join("podman-docker.tar");
    await writeDockerArchive(tiny, docker, ["berth.test/podman:1"]);
    expect((await podman(scratch, ["load", "--input", docker])).stdout).toContain("berth.test/podman:1");
    const oci = scratch.join("podman-oci.tar");
    await using written = await createOciArchive(oci);
    await copy(await openLayout(tiny.path), tiny.tag, written, "berth.test/podman:2");
    await written.finish();
    expect((await podman(scratch, ["load", "--input", oci])).stdout).toContain("berth.test/podman:2");
    await podman(scratch, ["save", "--format", "docker-archive", "--output", scratch.join("saved-docker.tar"), "berth.test/podman:1"]);
    await podman(scratch, ["save", "--format", "oci-archive", "--output", scratch.join("saved-oci.tar"), "berth.test/podman:2"]);
    await using savedDocker = await openDockerArchive(scratch.join("saved-docker.tar"));
    expect((await imageOf(savedDocker, "berth.test/podman:1")).layers.map(({ digest }) => digest)).toEqual(await diffIdsOf(tiny));
    const bytes = await readFile(scratch.join("saved-oci.tar"));
    await using savedOci = await openOciArchive(
      (async function* () {
        yield bytes;
      })(),
    );
    expect((await imageOf(savedOci, "")).config.digest).toBe(tiny.blobs[0]?.digest);
  });
});

describeWithParts("oras: files of artifacts", ["oras"], () => {
  let scratch: Scratch;
  let registry: OwnRegistry;
  const content = Buffer.alloc(3_000_000, "content of a file\n");
  beforeAll(async () => {
    scratch = await createScratch();
    registry = await startOwnRegistry();
    await mkdir(scratch.join("in/dir/sub"), { recursive: true });
    await writeFile(scratch.join("in/file.bin"), content);
    await writeFile(scratch.join("in/dir/sub/deep.txt"), "deep", { mode: 0o640 });
    await symlink("sub/deep.txt", scratch.join("in/dir/link"));
  });
  afterAll(async () => {
    await registry?.close();
    await scratch?.remove();
  });

  /** What was pulled is what lies in `in`. */
  async function expectSame(folder: string): Promise<void> {
    expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(["dir", "dir/link", "dir/sub", "dir/sub/deep.txt", "file.bin"]);
    expect((await readFile(`${folder}/file.bin`)).equals(content)).toBe(true);
    expect(await readFile(`${folder}/dir/link`, "utf8")).toBe("deep");
    expect((await lstat(`${folder}/dir/sub/deep.txt`)).mode & 0o777).toBe(0o640);
  }

  test("a file and a folder pushed by us are pulled by oras as they were", async () => {
    await using files = await openFileStore(scratch.join("in"));
    const layers = [await files.add("file.bin", { mediaType: "application/x-bin" }), await files.add("dir")];
    const manifest = await packArtifact(files, { artifactType: "application/vnd.berth.test", layers });
    const repository = createRemoteRepository(`${registry.host}/ours`);
    await copyGraph(files, manifest, repository);
    await repository.tag(manifest, "1");
    await mkdir(scratch.join("by-oras"));
    await runIn(scratch, "oras", ["pull", "--plain-http", `${registry.host}/ours:1`], scratch.join("by-oras"));
    await expectSame(scratch.join("by-oras"));
  });

  test("a file and a folder pushed by oras are pulled by us as they were", async () => {
    await runIn(
      scratch,
      "oras",
      ["push", "--plain-http", `${registry.host}/theirs:1`, "file.bin:application/x-bin", "dir"],
      scratch.join("in"),
    );
    const files = await openFileStore(scratch.join("by-us"));
    const result = await copy(createRemoteRepository(`${registry.host}/theirs`), "1", files);
    expect(await files.resolve("1")).toMatchObject({ digest: result.descriptor.digest });
    await expectSame(scratch.join("by-us"));
  });
});
