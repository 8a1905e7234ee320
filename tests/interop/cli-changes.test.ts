import { mkdir, readFile, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import {
  createScratch,
  type Dockerd,
  type DockerdOptions,
  requirePart,
  run,
  type Scratch,
  startDockerd,
  writeTinyImage,
} from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

/** Each is made of the one before. */
const CHANGES: readonly { readonly verb: string; readonly tag: string; readonly args: readonly string[]; readonly layers: number }[] = [
  { verb: "append", tag: "appended", args: ["-f", "site", "--at", "/srv", "--created-by", "test"], layers: 3 },
  { verb: "mutate", tag: "mutated", args: ["--cmd", '["cat","/srv/added"]', "--env", "A=1", "--label", "by=us"], layers: 3 },
  { verb: "recompress", tag: "zstd", args: ["--to", "zstd"], layers: 3 },
  { verb: "recompress", tag: "gzip", args: ["--to", "gzip"], layers: 3 },
  { verb: "flatten", tag: "flat", args: [], layers: 1 },
  { verb: "convert", tag: "docker", args: ["--to", "docker"], layers: 1 },
  { verb: "convert", tag: "oci", args: ["--to", "oci"], layers: 1 },
];

const ENGINES: readonly (readonly [string, DockerdOptions, tags: readonly string[]])[] = [
  ["dockerd 20.10", { from: "docker", store: "graph" }, ["mutated", "gzip", "flat", "docker", "oci"]],
  ["dockerd 28, containerd image store", { from: "docker-sid", store: "containerd" }, ["mutated", "zstd", "flat", "docker", "oci"]],
];

describeWithParts("images that berth changed", ["busybox", "crane", "skopeo", "docker", "docker-sid", "runc"], () => {
  let scratch: Scratch;
  let berth: Cli;
  let registry: OwnRegistry;
  let name: string;

  beforeAll(async () => {
    scratch = await createScratch();
    berth = cliIn(scratch);
    registry = await startOwnRegistry();
    name = `${registry.host}/app`;
    await mkdir(scratch.join("site"));
    await writeFile(scratch.join("site", "added"), "appended\n");
    const image = await writeTinyImage(scratch.join("tiny"), { hello: "hello" });
    await berth(["push", `${name}:start`, `oci:${image.path}:${image.tag}`]);
    let from = "start";
    for (const { verb, tag, args } of CHANGES) {
      await berth([verb, ...args, "--tag", tag, `${name}:${from}`]);
      from = tag;
    }
  });
  afterAll(async () => {
    await registry?.close();
    await scratch?.remove();
  });

  test("crane and skopeo find them whole, with as many layers as there should be", async () => {
    const call = async (part: "crane" | "skopeo", ...args: readonly string[]): Promise<string> =>
      (await run(requirePart(part).command(part), args, { env: homeOf(scratch) })).stdout.trim();
    for (const { tag, layers } of CHANGES) {
      const raw: { readonly layers: readonly object[]; readonly mediaType: string } = JSON.parse(
        await call("crane", "manifest", `${name}:${tag}`),
      );
      expect([tag, raw.layers.length, raw.mediaType.includes("docker")]).toEqual([tag, layers, tag === "docker"]);
      if (tag !== "zstd") await call("crane", "validate", "--remote", `${name}:${tag}`); // it knows no zstd
      const read: { readonly Labels: object | null; readonly Env: readonly string[] } = JSON.parse(
        await call("skopeo", "inspect", "--tls-verify=false", `docker://${name}:${tag}`),
      );
      if (tag !== "appended") expect([read.Labels, read.Env]).toEqual([{ by: "us" }, ["A=1"]]);
      expect((await berth(["fsck", "--format", "{{.ok}}", `${name}:${tag}`])).stdout).toBe("true\n");
    }
    const digests = [];
    for (const tag of ["flat", "oci"]) digests.push(await call("crane", "digest", `${name}:${tag}`));
    expect(digests[0]).toBe(digests[1]); // there and back again
  });

  for (const [title, options, tags] of ENGINES) {
    test(`${title} makes containers of them`, async () => {
      let engine: Dockerd | undefined;
      try {
        engine = await startDockerd(options);
        for (const tag of tags) {
          await engine.docker(["pull", `${name}:${tag}`]);
          const container = (await engine.docker(["create", `${name}:${tag}`])).stdout.trim();
          await engine.docker(["cp", `${container}:/srv/added`, scratch.join(`${options.from}-${tag}`)]);
          const { stdout } = await engine.docker(["inspect", "--format", "{{json .Config.Cmd}}", container]);
          await engine.docker(["rm", container]);
          expect([tag, await readFile(scratch.join(`${options.from}-${tag}`), "utf8")]).toEqual([tag, "appended\n"]);
          expect([tag, stdout.trim()]).toEqual([tag, '["cat","/srv/added"]']);
        }
      } finally {
        await engine?.stop();
      }
    });
  }

  test("tar reads the file system that is exported, and it is the same before and after", async () => {
    const lists = [];
    for (const tag of ["mutated", "flat"]) {
      await berth(["export", "-o", scratch.join(`${tag}.tar`), `${name}:${tag}`]);
      const { stdout } = await run("/usr/bin/tar", ["-tvf", scratch.join(`${tag}.tar`), "--numeric-owner"]);
      expect(stdout).toContain("srv/added");
      lists.push(stdout.split("\n").toSorted());
    }
    expect(lists[0]).toEqual(lists[1]);
  });
});
