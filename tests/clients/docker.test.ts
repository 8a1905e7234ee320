import { readFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { type Dockerd, type DockerdOptions, startDockerd } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseManifest } from "./support/manifest.ts";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const ENGINES: readonly (readonly [string, DockerdOptions])[] = [
  ["dockerd 20.10, image store of layers", { from: "docker", store: "graph" }],
  ["dockerd 28, image store of layers", { from: "docker-sid", store: "graph" }],
];

for (const [title, options] of ENGINES) {
  describeWithParts(title, [...SETTING_PARTS, options.from, "runc"], () => {
    const setting = useSetting();
    let engine: Dockerd;
    beforeAll(async () => {
      engine = await startDockerd({ ...options, mirrors: [setting().wire.url] });
    });
    afterAll(async () => {
      await engine?.stop();
    });

    test.each(["tiny", "debian"] as const)("pull of the %s image: ping, HEAD of the tag, GET by digest, blobs", async (name) => {
      const { host, probe, wire, [name]: image } = setting();
      await probe.seed(image, `pull/${name}`, "1");
      wire.clear();
      const { stdout } = await engine.docker(["pull", `${host}/pull/${name}:1`]);
      expect(stdout).toContain(`Digest: ${image.manifest.digest}`);
      expect(wire.find("GET", /^\/v2\/$/).length).toBeGreaterThan(0);
      const [head] = wire.find("HEAD", /\/manifests\/1$/);
      expect([head?.status, head?.answer["docker-content-digest"], head?.answer["content-type"], head?.answer["content-length"]]).toEqual([
        200,
        image.manifest.digest,
        image.manifest.mediaType,
        String(image.manifest.size),
      ]);
      expect(wire.find("GET", new RegExp(`/manifests/${image.manifest.digest}$`)).map((one) => one.status)).toEqual([200]);
      expect(wire.find("GET", /\/blobs\//).length).toBe(image.blobs.length);
    });

    test("push: chunked PATCH without length and range, empty PUT, and the pushed digest is the printed one", async () => {
      const { host, probe, wire, tiny } = setting();
      await probe.seed(tiny, "push/from", "1");
      await engine.docker(["pull", `${host}/push/from:1`]);
      // A new layer, which no repository can lend: the engine has to send it.
      const container = (await engine.docker(["create", `${host}/push/from:1`])).stdout.trim();
      await engine.docker(["cp", `${tiny.path}/oci-layout`, `${container}:/added`]);
      await engine.docker(["commit", container, `${host}/push/to:1`]);
      await engine.docker(["rm", container]);
      wire.clear();
      const { stdout } = await engine.docker(["push", `${host}/push/to:1`]);
      const pushed = await probe.manifest("push/to", "1");
      expect(/digest: (sha256:[0-9a-f]{64})/.exec(stdout)?.[1]).toBe(pushed.digest);
      const patches = wire.find("PATCH", /\/blobs\/uploads\//);
      expect(patches.length).toBeGreaterThan(0);
      for (const patch of patches) {
        expect([patch.status, patch.headers["transfer-encoding"], patch.headers["content-length"], patch.headers["content-range"]]).toEqual(
          [202, "chunked", undefined, undefined],
        );
        expect(patch.answer["range"]).toMatch(/^0-\d+$/);
        expect(patch.answer["docker-upload-uuid"]).toBeTruthy();
      }
      const puts = wire.find("PUT", /\/blobs\/uploads\//);
      expect(puts.map((one) => one.status)).toEqual(patches.map(() => 201));
      for (const layer of parseManifest(pushed.text).layers ?? [])
        expect(await probe.blobDigest("push/to", layer.digest)).toBe(layer.digest);
    });

    test("push of a pulled image to another name mounts its layers", async () => {
      const { host, probe, wire, tiny } = setting();
      await probe.seed(tiny, "lender", "1");
      await engine.docker(["pull", `${host}/lender:1`]);
      await engine.docker(["tag", `${host}/lender:1`, `${host}/borrower:1`]);
      wire.clear();
      const { stdout } = await engine.docker(["push", `${host}/borrower:1`]);
      expect(stdout).toContain("Mounted from");
      const mounts = wire.find("POST", /\/borrower\/blobs\/uploads\//).filter((one) => one.query.has("mount"));
      expect(mounts.map((one) => one.status)).toEqual([201, 201]);
      expect((await probe.manifest("borrower", "1")).status).toBe(200);
    });

    test("a cut download goes on with a Range request from the byte it had", async () => {
      const { host, probe, wire, debian } = setting();
      const layer = debian.blobs[1]?.digest ?? "";
      await probe.seed(debian, "resumed", "1");
      await engine.docker(["rmi", "-f", ...(await images(engine))], { mayFail: true });
      wire.clear();
      wire.cutNext(new RegExp(`/blobs/${layer}$`), 20_000_000);
      const { stdout } = await engine.docker(["pull", `${host}/resumed:1`]);
      expect(stdout).toContain(debian.manifest.digest);
      const [first, second] = wire.find("GET", new RegExp(`/blobs/${layer}$`));
      expect(first?.headers.range).toBeUndefined();
      const start = Number(/^bytes=(\d+)-/.exec(second?.headers.range ?? "")?.[1]);
      expect(start).toBeGreaterThan(0);
      const total = debian.blobs[1]?.size ?? 0;
      expect([second?.status, second?.answer["content-range"]]).toEqual([206, `bytes ${start}-${total - 1}/${total}`]);
    });

    test("pull -a and push -a take every tag", async () => {
      const { host, probe, wire, tiny } = setting();
      for (const tag of ["x", "y", "z"]) await probe.seed(tiny, "all/tags", tag);
      wire.clear();
      await engine.docker(["pull", "-a", `${host}/all/tags`]);
      expect(wire.find("GET", /\/all\/tags\/tags\/list$/).map((one) => [one.status, one.query.get("n")])).toEqual([[200, null]]);
      for (const tag of ["x", "y", "z"]) await engine.docker(["tag", `${host}/all/tags:${tag}`, `${host}/all/pushed:${tag}`]);
      await engine.docker(["push", "-a", `${host}/all/pushed`]);
      expect([...(await probe.tags("all/pushed"))].sort()).toEqual(["x", "y", "z"]);
    });

    test("manifest inspect, create and push: an index of children that are present", async () => {
      const { host, probe, tiny } = setting();
      await probe.seed(tiny, "many/arch", "amd64");
      await engine.docker(["pull", `${host}/many/arch:amd64`]);
      await engine.docker(["push", `${host}/many/arch:amd64`]);
      const experimental = { env: { DOCKER_CLI_EXPERIMENTAL: "enabled" } };
      const child = (await probe.manifest("many/arch", "amd64")).digest;
      expect((await engine.docker(["manifest", "inspect", "--insecure", `${host}/many/arch:amd64`], experimental)).stdout).toContain(
        "layers",
      );
      await engine.docker(["manifest", "create", "--insecure", `${host}/many/arch:all`, `${host}/many/arch:amd64`], experimental);
      await engine.docker(["manifest", "push", "--insecure", `${host}/many/arch:all`], experimental);
      const index = await probe.manifest("many/arch", "all");
      expect(parseManifest(index.text).manifests?.map((one) => one.digest)).toEqual([child]);
    });

    test("pull of a tag that is not there repeats the HEAD as GET and shows the registry's error", async () => {
      const { host, probe, wire, tiny } = setting();
      await probe.seed(tiny, "lonely", "1");
      wire.clear();
      await expect(engine.docker(["pull", `${host}/lonely:missing`])).rejects.toThrow(/manifest unknown|not found/);
      expect(wire.find("HEAD", /\/lonely\/manifests\/missing$/).map((one) => one.status)).toContain(404);
      expect(wire.find("GET", /\/lonely\/manifests\/missing$/).map((one) => one.status)).toContain(404);
    });

    test("search gets a clear answer from the version 1 endpoint", async () => {
      const { host, wire } = setting();
      wire.clear();
      await engine.docker(["search", `${host}/anything`], { mayFail: true });
      const asked = wire.exchanges.filter((one) => one.path.startsWith("/v1/"));
      expect(asked.length).toBeGreaterThan(0);
      for (const one of asked) expect([200, 404]).toContain(one.status);
    });

    test("as a registry mirror: Docker Hub's short names are found under library/", async () => {
      const { probe, wire, tiny } = setting();
      await probe.seed(tiny, "library/berth-mirror-test", "1");
      wire.clear();
      const { stdout } = await engine.docker(["pull", "berth-mirror-test:1"]);
      expect(stdout).toContain(tiny.manifest.digest);
      expect(wire.find("HEAD", /\/v2\/library\/berth-mirror-test\/manifests\/1$/).map((one) => one.status)).toContain(200);
    });

    test("the pulled file system holds what was pushed", async () => {
      const { host, probe, scratch, tiny } = setting();
      await probe.seed(tiny, "content", "1");
      await engine.docker(["pull", `${host}/content:1`]);
      const container = (await engine.docker(["create", `${host}/content:1`])).stdout.trim();
      await engine.docker(["cp", `${container}:/bin/busybox`, scratch.join("busybox")]);
      await engine.docker(["rm", container]);
      expect((await readFile(scratch.join("busybox"))).equals(await readFile("/bin/busybox"))).toBe(true);
    });
  });
}

async function images(engine: Dockerd): Promise<readonly string[]> {
  return (await engine.docker(["images", "-q"])).stdout.trim().split("\n");
}
