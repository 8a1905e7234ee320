import { readFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import {
  createScratch,
  debianImage,
  type PartName,
  requirePart,
  run,
  type Scratch,
  type TestImage,
  writeTinyImage,
} from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

describeWithParts(
  "layouts and OCI archives of berth, skopeo and umoci",
  ["busybox", "debian-image", "skopeo", "umoci", "umoci-sid", "crane"],
  () => {
    let scratch: Scratch;
    let berth: Cli;
    let registry: OwnRegistry;
    const images: Record<string, TestImage> = {};

    beforeAll(async () => {
      scratch = await createScratch();
      berth = cliIn(scratch);
      registry = await startOwnRegistry();
      images["tiny"] = await writeTinyImage(scratch.join("tiny"), { hello: "hello" });
      images["debian"] = await debianImage();
    });
    afterAll(async () => {
      await registry?.close();
      await scratch?.remove();
    });

    const call = async (part: PartName, command: string, ...args: readonly string[]): Promise<string> =>
      (await run(requirePart(part).command(command), args, { env: homeOf(scratch) })).stdout.trim();
    const skopeo = async (...args: readonly string[]): Promise<string> => await call("skopeo", "skopeo", "--insecure-policy", ...args);

    test.each(["tiny", "debian"])(
      "[engine/T32] the %s image by way of a registry, a layout and an archive stays what it is",
      async (name) => {
        const image = images[name] ?? expect.fail("no image");
        const { digest } = image.manifest;
        const [remote, layout, archive] = [
          `${registry.host}/${name}`,
          `oci:${scratch.join(`${name}-layout`)}`,
          `oci-archive:${scratch.join(`${name}.tar`)}`,
        ];
        await berth(["cp", `oci:${image.path}:${image.tag}`, `${remote}:v1`]);
        await berth(["cp", `${remote}:v1`, `${layout}:v1`]);
        await berth(["save", "--format-archive", "oci", "-o", scratch.join(`${name}.tar`), `${layout}:v1`]);
        await berth(["cp", `${archive}:v1`, `${remote}/back:v1`]);
        for (const place of [`${remote}:v1`, `${layout}:v1`, `${archive}:v1`, `${remote}/back:v1`]) {
          expect((await berth(["digest", place])).stdout, place).toBe(`${digest}\n`);
        }
        await skopeo("copy", "--preserve-digests", `${layout}:v1`, `oci:${scratch.join(`${name}-theirs`)}:v2`);
        await skopeo("copy", "--preserve-digests", `${archive}:v1`, `oci:${scratch.join(`${name}-theirs`)}:v3`);
        expect((await berth(["ls", `oci:${scratch.join(`${name}-theirs`)}`])).stdout).toBe("v2\nv3\n");
        expect((await berth(["fsck", `oci:${scratch.join(`${name}-theirs`)}`])).exitCode).toBe(0);
        await call("umoci-sid", "umoci", "unpack", "--image", `${scratch.join(`${name}-layout`)}:v1`, scratch.join(`${name}-bundle`));
        const file = name === "tiny" ? "hello" : "usr/lib/os-release";
        const unpacked = await readFile(scratch.join(`${name}-bundle`, "rootfs", file), "utf8");
        expect((await berth(["cat", `${layout}:v1`, file])).stdout).toBe(unpacked);
        expect(unpacked).toContain(name === "tiny" ? "hello" : "Debian");
      },
    );

    test("crane pushes the layout and the archive that we wrote; we read what it pulls", async () => {
      const crane = async (...args: readonly string[]): Promise<string> => await call("crane", "crane", ...args);
      const image = images["debian"] ?? expect.fail("no image");
      const [layout, archive] = [scratch.join("for-crane"), scratch.join("for-crane.tar")];
      await berth(["cp", `oci:${image.path}:${image.tag}`, `oci:${layout}:1`]);
      await berth(["save", "-o", archive, `oci:${layout}:1`]);
      await crane("push", layout, `${registry.host}/crane:layout`);
      await crane("push", archive, `${registry.host}/crane:archive`);
      expect((await berth(["digest", `${registry.host}/crane:layout`])).stdout).toBe(`${image.manifest.digest}\n`);
      const configs = [];
      for (const tag of ["layout", "archive"]) configs.push((await berth(["config", "get", `${registry.host}/crane:${tag}`])).stdout);
      expect(configs[0]).toBe(configs[1]);

      await crane("pull", "--format=oci", `${registry.host}/crane:layout`, scratch.join("by-crane"));
      await crane("pull", `${registry.host}/crane:layout`, scratch.join("by-crane.tar"));
      expect((await berth(["digest", `oci:${scratch.join("by-crane")}`])).stdout).toBe(`${image.manifest.digest}\n`);
      const release = await berth(["cat", `docker-archive:${scratch.join("by-crane.tar")}`, "/usr/lib/os-release"]);
      expect(release.stdout).toContain("Debian");
    });

    test("[engine/1.10] layers of a docker archive come compressed to where crane, skopeo and umoci read them", async () => {
      const image = images["debian"] ?? expect.fail("no image");
      const [archive, layout, remote] = [scratch.join("plain.tar"), scratch.join("plain"), `${registry.host}/plain`];
      await skopeo("copy", `oci:${image.path}:${image.tag}`, `docker-archive:${archive}:plain:1`);
      for (const compression of ["gzip", "zstd"]) {
        await berth(["cp", "--compression", compression, `docker-archive:${archive}`, `oci:${layout}:${compression}`]);
        await berth(["push", "--compression", compression, `${remote}:${compression}`, `docker-archive:${archive}`]);
        const id = image.blobs[0]?.digest;
        for (const place of [`oci:${layout}:${compression}`, `docker://${remote}:${compression}`]) {
          const flags = place.startsWith("docker:") ? ["--tls-verify=false"] : [];
          const manifest = JSON.parse(await skopeo("inspect", ...flags, "--raw", place)) as {
            readonly config: { readonly digest: string };
            readonly layers: readonly { readonly mediaType: string }[];
          };
          expect(manifest.config.digest).toBe(id);
          for (const { mediaType } of manifest.layers) expect(mediaType).toContain(compression);
        }
      }
      await call("crane", "crane", "validate", "--remote", `${remote}:gzip`);
      await skopeo("copy", `oci:${layout}:gzip`, `docker-archive:${scratch.join("again.tar")}:plain:1`);
      await call("umoci-sid", "umoci", "unpack", "--image", `${layout}:gzip`, scratch.join("plain-bundle"));
      expect(await readFile(scratch.join("plain-bundle", "rootfs", "usr/lib/os-release"), "utf8")).toContain("Debian");
    });

    test("what umoci changes in a layout of ours is pushed, and crane finds it whole", async () => {
      const layout = scratch.join("changed");
      await berth(["cp", `oci:${images["tiny"]?.path}`, `oci:${layout}:1`]);
      await call("umoci-sid", "umoci", "unpack", "--image", `${layout}:1`, scratch.join("changed-bundle"));
      await run("/bin/cp", [scratch.join("changed", "oci-layout"), scratch.join("changed-bundle", "rootfs", "added")]);
      await call("umoci-sid", "umoci", "repack", "--image", `${layout}:2`, scratch.join("changed-bundle"));
      await berth(["push", `${registry.host}/changed:2`, `oci:${layout}:2`]);
      await call("crane", "crane", "validate", "--remote", `${registry.host}/changed:2`);
      expect((await berth(["cat", `${registry.host}/changed:2`, "/added"])).stdout).toContain("imageLayoutVersion");
      await berth(["untag", `oci:${layout}:1`]);
      await berth(["gc", "--grace", "0", `oci:${layout}`]);
      await call("umoci-sid", "umoci", "unpack", "--image", `${layout}:2`, scratch.join("again-bundle"));
    });
  },
);
