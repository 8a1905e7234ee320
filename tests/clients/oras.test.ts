import { mkdir, readFile, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { readLayout } from "@berth/testkit/parts";
import { expect, test } from "vitest";
import { parseManifest } from "./support/manifest.ts";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

interface Pushed {
  readonly digest: string;
}

interface Discovered {
  readonly referrers: readonly { readonly digest: string; readonly artifactType: string; readonly referrers?: Discovered["referrers"] }[];
}

function digestOf(stdout: string): string {
  const pushed: Pushed = JSON.parse(stdout);
  return pushed.digest;
}

describeWithParts("oras", [...SETTING_PARTS, "oras"], () => {
  const setting = useSetting();
  const oras = (args: readonly string[], cwd?: string) => setting().run("oras", args, cwd === undefined ? {} : { cwd });

  test("push and pull of files bring the same bytes back", async () => {
    const { host, probe, scratch, wire } = setting();
    await mkdir(scratch.join("files"));
    await writeFile(scratch.join("files", "a.txt"), "first");
    await writeFile(scratch.join("files", "b.bin"), Buffer.alloc(300_000, 7));
    wire.clear();
    const digest = digestOf(
      (
        await oras(
          [
            "push",
            "--plain-http",
            "--format",
            "json",
            "--artifact-type",
            "application/vnd.berth.test",
            `${host}/files:1`,
            "a.txt:text/plain",
            "b.bin",
          ],
          scratch.join("files"),
        )
      ).stdout,
    );
    const served = await probe.manifest("files", "1");
    expect(served.digest).toBe(digest);
    expect(parseManifest(served.text).artifactType).toBe("application/vnd.berth.test");
    expect(wire.find("GET", /^\/v2\/$/)).toEqual([]); // it does not ping
    expect(wire.find("PATCH", /./)).toEqual([]); // blobs go in one PUT
    await oras(["pull", "--plain-http", "-o", scratch.join("pulled"), `${host}/files:1`]);
    expect(await readFile(scratch.join("pulled", "a.txt"), "utf8")).toBe("first");
    expect((await readFile(scratch.join("pulled", "b.bin"))).equals(Buffer.alloc(300_000, 7))).toBe(true);
  });

  test.each(["tiny", "debian"] as const)("cp of the %s image to the registry and back keeps its digests", async (name) => {
    const { host, probe, scratch, [name]: image } = setting();
    await oras(["cp", "--from-oci-layout", "--to-plain-http", `${image.path}:${image.tag}`, `${host}/cp/${name}:1`]);
    expect((await probe.manifest(`cp/${name}`, "1")).digest).toBe(image.manifest.digest);
    await oras(["cp", "--from-plain-http", "--to-oci-layout", `${host}/cp/${name}:1`, `${scratch.join(`cp-${name}`)}:1`]);
    const back = await readLayout(scratch.join(`cp-${name}`), "1");
    expect([back.manifest.digest, back.blobs]).toEqual([image.manifest.digest, image.blobs]);
  });

  test("cp between repositories mounts blobs", async () => {
    const { host, probe, debian, wire } = setting();
    await probe.seed(debian, "mount/a", "1");
    wire.clear();
    await oras(["cp", "--from-plain-http", "--to-plain-http", `${host}/mount/a:1`, `${host}/mount/b:1`]);
    const mounts = wire.find("POST", /\/mount\/b\/blobs\/uploads\//);
    expect(mounts.map((one) => [one.query.get("from"), one.status])).toContainEqual(["mount/a", 201]);
    expect((await probe.manifest("mount/b", "1")).digest).toBe(debian.manifest.digest);
  });

  test("attach gets OCI-Subject and leaves no fallback tag; discover lists the referrer", async () => {
    const { host, probe, scratch, tiny, wire } = setting();
    await probe.seed(tiny, "subject", "1");
    await writeFile(scratch.join("sbom.json"), "{}");
    wire.clear();
    const attached = digestOf(
      (
        await oras(
          [
            "attach",
            "--plain-http",
            "--format",
            "json",
            "--artifact-type",
            "application/vnd.berth.sbom",
            `${host}/subject:1`,
            "sbom.json:application/json",
          ],
          scratch.path,
        )
      ).stdout,
    );
    const put = wire.find("PUT", /\/subject\/manifests\//);
    expect(put.map((one) => [one.status, one.answer["oci-subject"]])).toEqual([[201, tiny.manifest.digest]]);
    expect(await probe.tags("subject")).toEqual(["1"]);
    expect((await probe.referrers("subject", tiny.manifest.digest)).map((one) => one.digest)).toEqual([attached]);

    const found: Discovered = JSON.parse((await oras(["discover", "--plain-http", "--format", "json", `${host}/subject:1`])).stdout);
    expect(found.referrers.map((one) => [one.digest, one.artifactType])).toEqual([[attached, "application/vnd.berth.sbom"]]);
    const none: Discovered = JSON.parse(
      (await oras(["discover", "--plain-http", "--format", "json", "--artifact-type", "application/vnd.other", `${host}/subject:1`]))
        .stdout,
    );
    expect(none.referrers).toEqual([]);
  });

  test("cp -r takes the referrers along", async () => {
    const { host, probe, scratch, tiny } = setting();
    await probe.seed(tiny, "tree/from", "1");
    await writeFile(scratch.join("note.txt"), "note");
    const attach = [
      "attach",
      "--plain-http",
      "--format",
      "json",
      "--artifact-type",
      "application/vnd.berth.note",
      `${host}/tree/from:1`,
      "note.txt",
    ];
    const attached = digestOf((await oras(attach, scratch.path)).stdout);
    await oras(["cp", "-r", "--from-plain-http", "--to-plain-http", `${host}/tree/from:1`, `${host}/tree/to:1`]);
    expect((await probe.referrers("tree/to", tiny.manifest.digest)).map((one) => one.digest)).toEqual([attached]);
  });

  test("repo ls, repo tags, tag and resolve agree with the registry", async () => {
    const { host, probe, tiny } = setting();
    await probe.seed(tiny, "names/one", "1");
    await oras(["tag", "--plain-http", `${host}/names/one:1`, "2", "3"]);
    expect((await oras(["repo", "tags", "--plain-http", `${host}/names/one`])).stdout.trim().split("\n").sort()).toEqual(["1", "2", "3"]);
    expect((await oras(["repo", "ls", "--plain-http", host])).stdout.trim().split("\n")).toContain("names/one");
    expect((await oras(["resolve", "--plain-http", `${host}/names/one:3`])).stdout.trim()).toBe(tiny.manifest.digest);
  });

  test("manifest delete and blob delete remove the content", async () => {
    const { host, probe, tiny } = setting();
    await probe.seed(tiny, "deleted/oras", "1");
    await oras(["manifest", "delete", "--plain-http", "--force", `${host}/deleted/oras:1`]);
    expect((await probe.manifest("deleted/oras", tiny.manifest.digest)).status).toBe(404);
    const layer = tiny.blobs[2]?.digest ?? "";
    await oras(["blob", "delete", "--plain-http", "--force", `${host}/deleted/oras@${layer}`]);
    expect(await probe.blobStatus("deleted/oras", layer)).toBe(404);
  });

  test("backup and restore carry an artifact with its referrers to another repository", async () => {
    const { host, probe, scratch, tiny } = setting();
    await probe.seed(tiny, "backed/up", "1");
    await writeFile(scratch.join("extra.txt"), "extra");
    await oras(
      ["attach", "--plain-http", "--artifact-type", "application/vnd.berth.extra", `${host}/backed/up:1`, "extra.txt"],
      scratch.path,
    );
    await oras(["backup", "--plain-http", "--include-referrers", "-o", scratch.join("backup"), `${host}/backed/up:1`]);
    await oras(["restore", "--plain-http", "--input", scratch.join("backup"), `${host}/restored/up:1`]);
    expect((await probe.manifest("restored/up", "1")).digest).toBe(tiny.manifest.digest);
    expect(await probe.referrers("restored/up", tiny.manifest.digest)).toEqual(await probe.referrers("backed/up", tiny.manifest.digest));
  });

  test("a Helm chart in its OCI form: own config and layer types, `+` of the version as `_` in the tag", async () => {
    const { host, probe, scratch } = setting();
    await mkdir(scratch.join("chart"));
    await writeFile(scratch.join("chart", "config.json"), '{"name":"demo","version":"1.2.3+build.4","apiVersion":"v2"}');
    await writeFile(scratch.join("chart", "demo.tgz"), "chart bytes");
    const config = "config.json:application/vnd.cncf.helm.config.v1+json";
    await oras(
      [
        "push",
        "--plain-http",
        "--config",
        config,
        `${host}/charts/demo:1.2.3_build.4`,
        "demo.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip",
      ],
      scratch.join("chart"),
    );
    const manifest = parseManifest((await probe.manifest("charts/demo", "1.2.3_build.4")).text);
    expect(manifest.config?.mediaType).toBe("application/vnd.cncf.helm.config.v1+json");
    expect(await probe.tags("charts/demo")).toEqual(["1.2.3_build.4"]);
    await oras(["pull", "--plain-http", "-o", scratch.join("chart-pulled"), `${host}/charts/demo:1.2.3_build.4`]);
    expect(await readFile(scratch.join("chart-pulled", "demo.tgz"), "utf8")).toBe("chart bytes");
  });
});
