import { readFile, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import {
  createScratch,
  debianImage,
  type Dockerd,
  type DockerdOptions,
  requirePart,
  run,
  type RunResult,
  type Scratch,
  startDockerd,
  type TestImage,
  writeTinyImage,
} from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

type ImageName = "debian" | "tiny";

const ENGINES: readonly (readonly [string, DockerdOptions, images: readonly ImageName[]])[] = [
  ["dockerd 20.10", { from: "docker", store: "graph" }, ["tiny", "debian"]],
  ["dockerd 28, containerd image store", { from: "docker-sid", store: "containerd" }, ["tiny"]],
];

interface Setting {
  readonly scratch: Scratch;
  readonly berth: Cli;
  readonly registry: OwnRegistry;
  readonly images: Readonly<Record<ImageName, TestImage>>;
}

/** A registry of ours with two images in it. */
function useSetting(): () => Setting {
  let setting: Setting | undefined;
  beforeAll(async () => {
    const scratch = await createScratch();
    const registry = await startOwnRegistry();
    const berth = cliIn(scratch);
    setting = { scratch, registry, berth, images: { tiny: await writeTinyImage(scratch.join("tiny")), debian: await debianImage() } };
    for (const [name, image] of Object.entries(setting.images)) {
      await berth(["push", "-q", `${registry.host}/${name}:1`, `oci:${image.path}:${image.tag}`]);
    }
  });
  afterAll(async () => {
    await setting?.registry.close();
    await setting?.scratch.remove();
  });
  return () => setting ?? expect.fail("not started");
}

for (const [title, options, names] of ENGINES) {
  describeWithParts(`docker archives of berth and ${title}`, [options.from, "runc", "busybox", "debian-image"], () => {
    const setting = useSetting();
    let engine: Dockerd;
    beforeAll(async () => {
      engine = await startDockerd(options);
    });
    afterAll(async () => {
      await engine?.stop();
    });

    test("what berth saves is loaded, under its names; what docker saves and pushes is read by berth", async () => {
      const { scratch, berth, registry, images } = setting();
      const { host } = registry;
      const all = names.map((name) => `${host}/${name}:1`);
      await berth(["save", "-o", scratch.join("all.tar"), ...all]);
      const { stdout } = await engine.docker(["load", "--input", scratch.join("all.tar")]);
      for (const name of names) expect(stdout).toContain(`Loaded image: ${host}/${name}:1`);
      const made = (await engine.docker(["create", `${host}/tiny:1`])).stdout.trim();
      await engine.docker(["rm", made]);

      await engine.docker(["save", "--output", scratch.join("saved.tar"), ...all]);
      const saved = await readFile(scratch.join("saved.tar"));
      await berth(["load", "--registry", `${host}/by-docker`, "-"], { input: saved });
      for (const name of names) {
        const image = images[name];
        const config = await berth(["inspect", "--format", "jsonpath=.layers[*].size", `${host}/by-docker/${name}:1`]);
        expect(config.stdout.trim().split("\n")).toHaveLength(image.blobs.length - 1);
        const manifest: { readonly config: { readonly digest: string } } = JSON.parse(
          (await berth(["manifest", "get", `${host}/by-docker/${name}:1`])).stdout,
        );
        expect(manifest.config.digest).toBe(image.blobs[0]?.digest);
      }
      await engine.docker(["tag", `${host}/tiny:1`, `${host}/pushed:1`]);
      const pushed = /digest: (sha256:[0-9a-f]{64})/.exec((await engine.docker(["push", `${host}/pushed:1`])).stdout)?.[1];
      await berth(["cp", `${host}/pushed:1`, `oci:${scratch.join("pushed")}:1`]);
      await berth(["cp", `oci:${scratch.join("pushed")}:1`, `${host}/back:1`]);
      expect((await engine.docker(["pull", `${host}/back:1`])).stdout).toContain(`Digest: ${pushed}`);
    });
  });
}

describeWithParts("archives of berth and podman", ["podman", "runc", "busybox", "debian-image"], () => {
  const setting = useSetting();

  test("both kinds are loaded by podman, and read from it, also by standard input and output", async () => {
    const { scratch, berth, registry } = setting();
    const { host } = registry;
    await writeFile(scratch.join("auth.json"), "{}");
    const podman = async (args: readonly string[]): Promise<RunResult> => {
      const own = [
        "--root",
        scratch.join("podman"),
        "--runroot",
        scratch.join("podman-run"),
        "--cgroup-manager=cgroupfs",
        "--runtime=runc",
      ];
      const env = { ...homeOf(scratch), REGISTRY_AUTH_FILE: scratch.join("auth.json") };
      return await run(requirePart("podman").command("podman"), [...own, "--storage-driver=vfs", ...args], { env });
    };
    for (const kind of ["docker", "oci"]) {
      const file = scratch.join(`${kind}.tar`);
      await berth(["save", "--format-archive", kind, "-o", file, `${host}/tiny:1`]);
      expect((await podman(["load", "--input", file])).stdout).toContain(`${host}/tiny:1`);
      const back = scratch.join(`${kind}-saved.tar`);
      await podman(["save", "--format", `${kind}-archive`, "--output", back, `${host}/tiny:1`]);
      await podman(["rmi", "--force", `${host}/tiny:1`]);
      const to = `${host}/by-podman:${kind}`;
      await berth(["cp", `${kind}-archive:-`, to], { input: await readFile(back) });
      expect((await berth(["cat", to, "/hello"])).stdout).toBe((await berth(["cat", `${host}/tiny:1`, "/hello"])).stdout);
      await berth(["cp", to, `${kind}-archive:${scratch.join(`${kind}-file.tar`)}:name:1`]);
      expect((await berth(["fsck", `${kind}-archive:${scratch.join(`${kind}-file.tar`)}`])).exitCode).toBe(0);
    }
  });
});
