import { mkdir, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { type Containerd, run, startContainerd, writeTinyImage } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const CLIENTS = [
  ["ctr of containerd 1.6", "containerd", []],
  ["ctr of containerd 2, transfer service", "docker-sid", []],
  ["ctr of containerd 2, client side", "docker-sid", ["--local"]],
] as const;

for (const [title, from, more] of CLIENTS) {
  describeWithParts(title, [...SETTING_PARTS, from], () => {
    const setting = useSetting();
    let containerd: Containerd;
    beforeAll(async () => {
      containerd = await startContainerd(from);
    });
    afterAll(async () => {
      await containerd?.stop();
    });
    const pull = (reference: string) => containerd.ctr(["images", "pull", ...more, "--plain-http", "--snapshotter", "native", reference]);

    test.each(["tiny", "debian"] as const)("pull of the %s image and push to another name keep its digests", async (name) => {
      const { host, probe, wire, [name]: image } = setting();
      await probe.seed(image, `pull/${name}`, "1");
      await pull(`${host}/pull/${name}:1`);
      const listed = await containerd.ctr(["images", "list", `name==${host}/pull/${name}:1`]);
      expect(listed.stdout).toContain(image.manifest.digest);
      await containerd.ctr(["images", "tag", `${host}/pull/${name}:1`, `${host}/push/${name}:1`]);
      wire.clear();
      await containerd.ctr(["images", "push", ...more, "--plain-http", `${host}/push/${name}:1`]);
      expect((await probe.manifest(`push/${name}`, "1")).digest).toBe(image.manifest.digest);
      for (const blob of image.blobs) expect(await probe.blobDigest(`push/${name}`, blob.digest)).toBe(blob.digest);
      const mounts = wire.find("POST", /\/blobs\/uploads\//).filter((one) => one.query.has("mount"));
      expect(mounts.map((one) => [one.query.get("from"), one.status])).toEqual(image.blobs.map(() => [`pull/${name}`, 201]));
    });

    test("push of an imported image: HEAD and POST, then one PUT with its length for each blob", async () => {
      const { host, probe, scratch, wire } = setting();
      const image = await writeTinyImage(scratch.join(`import-${title}`), { tag: `${host}/imported:${from}` });
      await run("tar", ["-C", image.path, "-cf", `${image.path}.tar`, "."]);
      await containerd.ctr(["images", "import", ...more, "--snapshotter", "native", "--no-unpack", `${image.path}.tar`]);
      wire.clear();
      await containerd.ctr(["images", "push", ...more, "--plain-http", `${host}/imported:${from}`, `${host}/imported:${from}`]);
      expect((await probe.manifest("imported", from)).digest).toBe(image.manifest.digest);
      expect(wire.find("PATCH", /./)).toEqual([]);
      expect(wire.find("HEAD", /\/imported\/manifests\//).length).toBeGreaterThan(0);
      const puts = wire.find("PUT", /\/imported\/blobs\/uploads\//);
      expect(puts.length).toBeGreaterThan(0);
      for (const put of puts) expect([put.status, Number(put.headers["content-length"]) > 0]).toEqual([201, true]);
    });

    test("as a mirror of another registry: hosts.toml leads here, every request carries ?ns=", async () => {
      const { probe, scratch, wire, tiny } = setting();
      await probe.seed(tiny, "library/mirrored", "1");
      const hosts = scratch.join(`hosts-${from}`);
      await mkdir(`${hosts}/docker.io`, { recursive: true });
      await writeFile(
        `${hosts}/docker.io/hosts.toml`,
        `server = "${wire.url}"\n[host."${wire.url}"]\n  capabilities = ["pull", "resolve"]\n`,
      );
      wire.clear();
      await containerd.ctr(["images", "pull", ...more, "--hosts-dir", hosts, "--snapshotter", "native", "docker.io/library/mirrored:1"]);
      expect(wire.exchanges.length).toBeGreaterThan(0);
      expect(wire.find("HEAD", /\/library\/mirrored\/manifests\/1$/).map((one) => [one.status, one.query.get("ns")])).toContainEqual([
        200,
        "docker.io",
      ]);
    });

    test("fetch of content by a digest reference", async () => {
      const { host, probe, tiny } = setting();
      await probe.seed(tiny, "by/digest", "1");
      await pull(`${host}/by/digest@${tiny.manifest.digest}`);
      const content = await containerd.ctr(["content", "get", tiny.manifest.digest]);
      expect(content.stdout).toBe(new TextDecoder().decode(tiny.manifest.bytes));
    });

    test("pull of a tag that is not there says so", async () => {
      const { host } = setting();
      await expect(pull(`${host}/nothing/here:1`)).rejects.toThrow(/not found/);
    });
  });
}
