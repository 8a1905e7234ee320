import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { type Dockerd, startDockerd } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseManifest } from "./support/manifest.ts";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";
import { writeFile } from "node:fs/promises";

describeWithParts("dockerd 28, containerd image store", [...SETTING_PARTS, "docker-sid", "runc"], () => {
  const setting = useSetting();
  let engine: Dockerd;
  beforeAll(async () => {
    engine = await startDockerd({ from: "docker-sid", store: "containerd", mirrors: [setting().wire.url] });
  });
  afterAll(async () => {
    await engine?.stop();
  });

  test.each(["tiny", "debian"] as const)(
    "pull of the %s image: no ping, HEAD of the tag, GET by digest, bodies as they are stored",
    async (name) => {
      const { host, probe, wire, [name]: image } = setting();
      await probe.seed(image, `pull/${name}`, "1");
      wire.clear();
      const { stdout } = await engine.docker(["pull", `${host}/pull/${name}:1`]);
      expect(stdout).toContain(`Digest: ${image.manifest.digest}`);
      expect(wire.find("GET", /^\/v2\/$/)).toEqual([]);
      expect(wire.find("HEAD", /\/manifests\/1$/).map((one) => one.status)).toContain(200);
      const [manifest] = wire.find("GET", new RegExp(`/manifests/${image.manifest.digest}$`));
      expect([manifest?.status, manifest?.headers.accept]).toEqual([200, `${image.manifest.mediaType}, */*`]);
      const blobs = wire.find("GET", /\/blobs\/sha256:/);
      expect(blobs.length).toBeGreaterThanOrEqual(image.blobs.length);
      for (const blob of blobs) {
        expect(blob.headers["accept-encoding"]).toContain("gzip");
        expect(blob.answer["content-encoding"]).toBeUndefined();
      }
    },
  );

  test("push: HEAD, POST with mount, one PUT with its length, and the manifest byte for byte", async () => {
    const { host, probe, wire, tiny } = setting();
    await probe.seed(tiny, "same/bytes", "1");
    await engine.docker(["pull", `${host}/same/bytes:1`]);
    await engine.docker(["tag", `${host}/same/bytes:1`, `${host}/same/pushed:1`]);
    wire.clear();
    const { stdout } = await engine.docker(["push", `${host}/same/pushed:1`]);
    expect(stdout).toContain(tiny.manifest.digest);
    expect((await probe.manifest("same/pushed", "1")).digest).toBe(tiny.manifest.digest);
    expect(wire.find("PATCH", /./)).toEqual([]);
    expect(wire.find("HEAD", /\/same\/pushed\/manifests\//).length).toBeGreaterThan(0);
    const mounts = wire.find("POST", /\/same\/pushed\/blobs\/uploads\//).filter((one) => one.query.has("mount"));
    expect(mounts.map((one) => one.status)).toContain(201);
  });

  test("push of layers that no repository can lend: a single PUT each", async () => {
    const { host, probe, wire, tiny } = setting();
    await probe.seed(tiny, "changed/from", "1");
    await engine.docker(["pull", `${host}/changed/from:1`]);
    const container = (await engine.docker(["create", `${host}/changed/from:1`])).stdout.trim();
    await engine.docker(["cp", `${tiny.path}/oci-layout`, `${container}:/added`]);
    await engine.docker(["commit", container, `${host}/changed/to:1`]);
    await engine.docker(["rm", container]);
    wire.clear();
    await engine.docker(["push", `${host}/changed/to:1`]);
    const puts = wire.find("PUT", /\/changed\/to\/blobs\/uploads\//);
    expect(puts.length).toBeGreaterThan(0);
    for (const put of puts) {
      expect(put.status).toBe(201);
      expect(Number(put.headers["content-length"])).toBeGreaterThan(0);
    }
    for (const layer of parseManifest((await probe.manifest("changed/to", "1")).text).layers ?? []) {
      expect(await probe.blobDigest("changed/to", layer.digest)).toBe(layer.digest);
    }
  });

  test("as a registry mirror: asks with ?ns= for the registry it stands in for", async () => {
    const { probe, wire, tiny } = setting();
    await probe.seed(tiny, "library/berth-mirror-test", "1");
    wire.clear();
    const { stdout } = await engine.docker(["pull", "berth-mirror-test:1"]);
    expect(stdout).toContain(tiny.manifest.digest);
    const asked = wire.exchanges.filter((one) => one.path.startsWith("/v2/library/berth-mirror-test/"));
    expect(asked.map((one) => one.query.get("ns"))).toEqual(asked.map(() => "docker.io"));
    expect(asked.map((one) => one.status)).toContain(200);
  });

  test("buildx pushes an index with its attestation manifest, imagetools reads it back", async () => {
    const { host, probe, scratch, tiny } = setting();
    await probe.seed(tiny, "build/base", "1");
    await engine.docker(["pull", `${host}/build/base:1`]);
    await writeFile(scratch.join("Dockerfile"), `FROM ${host}/build/base:1\nCOPY auth.json /copied\n`);
    const reference = `${host}/build/out:1`;
    await engine.docker([
      "buildx",
      "build",
      "--network",
      "none",
      "--provenance=true",
      "-f",
      scratch.join("Dockerfile"),
      "-t",
      reference,
      "--push",
      scratch.path,
    ]);
    const index = await probe.manifest("build/out", "1");
    expect(index.mediaType).toBe("application/vnd.oci.image.index.v1+json");
    const children = parseManifest(index.text).manifests ?? [];
    expect(children.map((one) => one.annotations?.["vnd.docker.reference.type"])).toContain("attestation-manifest");
    for (const child of children) expect((await probe.manifest("build/out", child.digest)).digest).toBe(child.digest);
    expect((await engine.docker(["buildx", "imagetools", "inspect", "--raw", reference])).stdout.trim()).toBe(index.text.trim());
    await engine.docker(["buildx", "imagetools", "create", "-t", `${host}/build/out:copy`, reference]);
    expect((await probe.manifest("build/out", "copy")).status).toBe(200);
  });
});
