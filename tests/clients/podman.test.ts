import { readFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { readLayout } from "@berth/testkit/parts";
import { expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const PLAIN = "--tls-verify=false";

describeWithParts("podman", [...SETTING_PARTS, "podman", "skopeo", "runc"], () => {
  const setting = useSetting();
  const podman = (args: readonly string[]) => {
    const { run, scratch } = setting();
    // Every engine file is under the temporary folder; runc because crun is not among the parts.
    const own = [
      "--root",
      scratch.join("podman"),
      "--runroot",
      scratch.join("podman-run"),
      "--cgroup-manager=cgroupfs",
      "--runtime=runc",
      "--storage-driver=vfs",
    ];
    return run("podman", [...own, ...args]);
  };

  test.each(["tiny", "debian"] as const)("pull of the %s image and push to another name keep its digests", async (name) => {
    const { host, probe, scratch, wire, run, [name]: image } = setting();
    await probe.seed(image, `pulled/${name}`, "1");
    await podman(["pull", PLAIN, `${host}/pulled/${name}:1`]);
    const digests = (await podman(["image", "inspect", "--format", "{{.Digest}}", `${host}/pulled/${name}:1`])).stdout.trim();
    expect(digests).toBe(image.manifest.digest);
    wire.clear();
    await podman(["push", PLAIN, "--digestfile", scratch.join("digest"), `${host}/pulled/${name}:1`, `${host}/pushed/${name}:1`]);
    const pushed = await probe.manifest(`pushed/${name}`, "1");
    expect(pushed.digest).toBe((await readFile(scratch.join("digest"), "utf8")).trim());
    expect(wire.find("GET", /^\/v2\/$/)).not.toEqual([]);
    await run("skopeo", ["copy", "--src-tls-verify=false", `docker://${host}/pushed/${name}:1`, `oci:${scratch.join(`podman-${name}`)}:1`]);
    expect((await readLayout(scratch.join(`podman-${name}`), "1")).blobs[0]?.digest).toBe(image.blobs[0]?.digest);
  });

  test("push to a second repository mounts the layers it knows from the first", async () => {
    const { host, probe, wire, tiny } = setting();
    await probe.seed(tiny, "known", "1");
    await podman(["pull", PLAIN, `${host}/known:1`]);
    wire.clear();
    await podman(["push", PLAIN, `${host}/known:1`, `${host}/mounted:1`]);
    const mounts = wire.find("POST", /\/mounted\/blobs\/uploads\//).filter((one) => one.query.has("mount"));
    expect(mounts.length).toBeGreaterThan(0);
    expect(mounts.map((one) => one.status)).toEqual(mounts.map(() => 201));
    expect((await probe.manifest("mounted", "1")).status).toBe(200);
  });

  test("search asks /v1/search, then the catalog; search --list-tags lists tags", async () => {
    const { host, probe, wire, tiny } = setting();
    for (const tag of ["1", "2"]) await probe.seed(tiny, "findable/image", tag);
    wire.clear();
    expect((await podman(["search", PLAIN, `${host}/findable`])).stdout).toContain("findable/image");
    expect(wire.find("GET", /^\/v1\/search$/).length).toBe(1);
    expect(wire.find("GET", /^\/v2\/_catalog$/).map((one) => one.status)).toContain(200);
    const tags = await podman(["search", PLAIN, "--list-tags", "--format", "json", `${host}/findable/image`]);
    const listed: readonly { readonly Tags: readonly string[] }[] = JSON.parse(tags.stdout);
    expect(listed.flatMap((one) => one.Tags).sort()).toEqual(["1", "2"]);
  });

  test("manifest create, add and push --all write a list with its images", async () => {
    const { host, probe, tiny } = setting();
    await probe.seed(tiny, "listed/podman", "amd64");
    await podman(["manifest", "create", "list"]);
    await podman(["manifest", "add", PLAIN, "list", `docker://${host}/listed/podman:amd64`]);
    await podman(["manifest", "push", PLAIN, "--all", "list", `docker://${host}/listed/podman:all`]);
    const list = await probe.manifest("listed/podman", "all");
    expect(list.mediaType).toMatch(/index|list/);
    expect(list.text).toContain(tiny.manifest.digest);
  });

  test("pull of a tag that is not there says so", async () => {
    const { host } = setting();
    await expect(podman(["pull", "-q", PLAIN, `${host}/nothing/here:1`])).rejects.toThrow(/manifest unknown|name unknown|not known/i);
  });
});
