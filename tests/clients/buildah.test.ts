import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { expect, test } from "vitest";
import { parseManifest } from "./support/manifest.ts";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const PLAIN = "--tls-verify=false";

describeWithParts("buildah", [...SETTING_PARTS, "buildah"], () => {
  const setting = useSetting();
  const buildah = (args: readonly string[]) => {
    const { run, scratch } = setting();
    return run("buildah", ["--root", scratch.join("buildah"), "--runroot", scratch.join("buildah-run"), "--storage-driver=vfs", ...args]);
  };

  test.each(["tiny", "debian"] as const)("an image built on the %s image pushes and pulls in both formats", async (name) => {
    const { host, probe, wire, [name]: image } = setting();
    await probe.seed(image, `base/${name}`, "1");
    const container = (await buildah(["from", PLAIN, `${host}/base/${name}:1`])).stdout.trim();
    await buildah(["copy", container, `${image.path}/oci-layout`, "/added"]);
    await buildah(["commit", container, `built-${name}`]);
    await buildah(["rm", container]);
    wire.clear();
    await buildah(["push", PLAIN, "--format", "oci", `built-${name}`, `docker://${host}/built/${name}:oci`]);
    await buildah(["push", PLAIN, "--format", "v2s2", `built-${name}`, `docker://${host}/built/${name}:docker`]);
    const oci = await probe.manifest(`built/${name}`, "oci");
    expect(oci.mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
    expect((await probe.manifest(`built/${name}`, "docker")).mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
    const [patch] = wire.find("PATCH", /\/blobs\/uploads\//);
    expect([patch?.status, patch?.headers["content-range"]]).toEqual([202, undefined]);
    for (const layer of parseManifest(oci.text).layers ?? [])
      expect(await probe.blobDigest(`built/${name}`, layer.digest)).toBe(layer.digest);

    await buildah(["rmi", "--all", "--force"]);
    await buildah(["pull", PLAIN, `docker://${host}/built/${name}:oci`]);
    const digest = (
      await buildah(["inspect", "--type", "image", "--format", "{{.FromImageDigest}}", `${host}/built/${name}:oci`])
    ).stdout.trim();
    expect(digest).toBe(oci.digest);
    await buildah(["rmi", "--all", "--force"]);
  });

  test("manifest create, add and push --all: children by digest first, the index by tag", async () => {
    const { host, probe, wire, tiny } = setting();
    await probe.seed(tiny, "source/child", "1");
    await buildah(["manifest", "create", "list"]);
    await buildah(["manifest", "add", PLAIN, "list", `docker://${host}/source/child:1`]);
    wire.clear();
    await buildah(["manifest", "push", PLAIN, "--all", "list", `docker://${host}/target/list:1`]);
    const puts = wire.find("PUT", /\/target\/list\/manifests\//);
    expect(puts.map((one) => one.status)).toEqual([201, 201]);
    expect(puts.map((one) => one.path.split("/").at(-1))).toEqual([tiny.manifest.digest, "1"]);
    const mounts = wire.find("POST", /\/target\/list\/blobs\/uploads\//).filter((one) => one.query.has("mount"));
    expect(mounts.length).toBeGreaterThan(0);
    expect(mounts.map((one) => one.status)).toEqual(mounts.map(() => 201));
  });
});
