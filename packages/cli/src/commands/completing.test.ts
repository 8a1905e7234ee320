import { writeFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { pushImage, pushIndex } from "../testing/registry.ts";
import { berth, type Ran } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
vi.setConfig({ testTimeout: 30_000 });

const at = useRegistry();

/** An index under v1, with images for amd64 and arm64. @returns digests. */
async function pushBoth(): Promise<{ readonly index: string; readonly amd64: string }> {
  const [amd64, arm64] = [
    await pushImage(at.repository, { architecture: "amd64", content: `amd64 ${at.path}` }),
    await pushImage(at.repository, { architecture: "arm64", content: `arm64 ${at.path}` }),
  ];
  const images = [["linux/amd64", amd64.manifest] as const, ["linux/arm64", arm64.manifest] as const];
  return { index: (await pushIndex(at.repository, "v1", images)).digest, amd64: amd64.manifest.digest };
}

async function sync(item: string, ...flags: readonly string[]): Promise<Ran> {
  const file = `${at.path}.yml`;
  writeFileSync(file, `sync:\n  - ${item}\n`);
  return await berth(["sync", ...flags, file]);
}

test.each([
  ["other images before", ["--platforms", "linux/arm64"], []],
  ["no image before", ["--index-only"], []],
  ["other images after", ["--platforms", "linux/arm64"], ["--platforms", "linux/amd64"]],
])("a copy over an index that is there in part brings what is missing, and says so: %s", async (_, before, after) => {
  const { index } = await pushBoth();
  const to = `oci:${at.path}:v1`;
  expect((await berth(["cp", ...before, `${at.app}:v1`, to])).code).toBe(0);
  const brought = before[0] === "--index-only" ? 6 : 3;
  expect(await berth(["cp", ...after, `${at.app}:v1`, to])).toMatchObject({
    code: 0,
    stdout: `${to}@${index} (unchanged, ${brought} copied)\n`,
  });
  expect(await berth(["fsck", to])).toMatchObject({ code: 0, stderr: expect.not.stringContaining("missing") });
  const again = await berth(["cp", "--format", "json", `${at.app}:v1`, to]);
  expect(JSON.parse(again.stdout)).toMatchObject({ tags: [{ outcome: "unchanged" }], stats: { copied: 0 } });
  expect(again.stdout).not.toContain('"copied":3');
});

test("pull --all-platforms completes a layout, and a tag of another name is whole as well", async () => {
  await pushBoth();
  for (const args of [
    ["pull", "--all-platforms", "-o", `oci:${at.path}:v1`, `${at.app}:v1`],
    ["cp", `${at.app}:v1`, `oci:${at.path}:v2`],
  ]) {
    expect((await berth(["cp", "--platforms", "linux/arm64", `${at.app}:v1`, `oci:${at.path}:v1`])).code).toBe(0);
    expect((await berth(args)).code).toBe(0);
    expect((await berth(["fsck", `oci:${at.path}`])).stdout).not.toContain("missing");
  }
});

test("sync brings to a layout the images that its file did not choose before", async () => {
  const { index } = await pushBoth();
  const item = (more: string): string => `{source: "${at.app}:v1", destination: "oci:${at.path}:v1"${more}}`;
  expect(await sync(item(", platforms: [linux/amd64]"))).toMatchObject({ code: 0, stderr: expect.stringContaining("1 tagged") });
  const widened = await sync(item(""));
  expect(widened).toMatchObject({ code: 0, stdout: `oci:${at.path}:v1@${index} (unchanged, 3 copied)\n` });
  expect(await sync(item(""))).toMatchObject({ code: 0, stdout: "", stderr: "0 tagged, 1 unchanged, 0 B moved\n" });
});

test("sync --recheck, as cp --recheck, makes a registry's index whole", async () => {
  const { index, amd64 } = await pushBoth();
  const to = `${at.app}-to`;
  const item = `{source: "${at.app}:v1", destination: "${to}:v1"}`;
  for (const recheck of [
    async () => await sync(item, "--recheck"),
    async () => await berth(["cp", "--recheck", `${at.app}:v1`, `${to}:v1`]),
  ]) {
    expect((await sync(item)).code).toBe(0);
    const lost = await at.embedded.repository(`${to.slice(to.indexOf("/") + 1)}`).resolve(amd64);
    await at.embedded.repository(`${to.slice(to.indexOf("/") + 1)}`).manifests.delete(lost);
    expect(await sync(item)).toMatchObject({ code: 0, stdout: "" });
    expect(await recheck()).toMatchObject({ code: 0, stdout: `${to}:v1@${index} (unchanged, 1 copied)\n` });
    expect((await berth(["digest", `${to}@${amd64}`])).code).toBe(0);
  }
});

test("[engine/T19] --platforms with one that an index does not have fails, and names those it has", async () => {
  await pushBoth();
  for (const platforms of ["linux/s390x", "linux/amd64,linux/s390x"]) {
    const ran = await berth(["cp", "--platforms", platforms, `${at.app}:v1`, `oci:${at.path}:v1`]);
    expect(ran).toMatchObject({ code: 4, stdout: "" });
    expect(ran.stderr).toContain("Cannot find image for linux/s390x: there are images for linux/amd64, linux/arm64");
    expect((await berth(["ls", `oci:${at.path}`])).code).not.toBe(0);
  }
});

test("of many images one that is not for all platforms is a warning, and one for none of them fails", async () => {
  await pushBoth();
  const item = (platforms: string): string => `{source: "${at.app}:v1", destination: "oci:${at.path}:v1", platforms: [${platforms}]}`;
  const some = await sync(item("linux/s390x, linux/amd64"));
  expect(some).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning: index "sha256:\w+" has no image for linux\/s390x/) });
  expect(await sync(item("linux/s390x"))).toMatchObject({ code: 4 });
  const all = await berth(["cp", "--all-tags", "--platforms", "linux/amd64,linux/s390x", at.app, `oci:${at.path}`]);
  expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining("has no image for linux/s390x") });
});

test("a dry run of cp fails for platforms that an index does not have as the copy does, and asks nothing of tags that are kept", async () => {
  await pushBoth();
  const args = (platforms: string): string[] => ["--platforms", platforms, `${at.app}:v1`, `oci:${at.path}:v1`];
  for (const platforms of ["linux/s390x", "linux/amd64,linux/s390x"]) {
    const would = await berth(["cp", "--dry-run", ...args(platforms)]);
    expect(would).toMatchObject({ code: 4, stdout: "", stderr: expect.stringContaining("Cannot find image for linux/s390x") });
    expect(would).toEqual(await berth(["cp", ...args(platforms)]));
  }
  expect(await berth(["cp", "--dry-run", ...args("linux/arm64")])).toMatchObject({ code: 0, stderr: "" });
  const other = await pushImage(at.repository, { architecture: "amd64", content: `other ${at.path}` });
  await pushIndex(at.repository, "v2", [["linux/amd64", other.manifest]]);
  expect((await berth(["cp", `${at.app}:v2`, `oci:${at.path}:v1`])).code).toBe(0);
  const kept = await berth(["cp", "--dry-run", "--only-missing", ...args("linux/s390x")]);
  expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining("kept"), stderr: "" });
});

test("a dry run of cp --all-tags and of sync warns of platforms, and fails for tags that have none of them, as the run does", async () => {
  await pushBoth();
  const other = await pushImage(at.repository, { architecture: "s390x", content: `other ${at.path}` });
  const { digest } = await pushIndex(at.repository, "v2", [["linux/s390x", other.manifest]]);
  const all = (...flags: readonly string[]): Promise<Ran> =>
    berth(["cp", "--all-tags", ...flags, "--platforms", "linux/amd64,linux/arm/v7", at.app, `oci:${at.path}`]);
  const would = await all("--dry-run");
  expect(would).toMatchObject({
    code: 9,
    stdout: expect.stringContaining(":v1@"),
    stderr: expect.stringContaining("no image for linux/arm/v7"),
  });
  expect(would.stdout).not.toContain(digest);
  expect(would.stderr).toContain("v2: Cannot find image for linux/amd64, linux/arm/v7: there are images for linux/s390x");
  const told = would.stderr
    .split("\n")
    .filter((line) => line !== "")
    .toSorted();
  expect((await all()).stderr.split("\n").toSorted()).toEqual(expect.arrayContaining(told));
  const item = `{source: "${at.app}:v2", destination: "oci:${at.path}:v2", platforms: [linux/amd64]}`;
  expect(await sync(item, "--dry-run")).toMatchObject({ code: 4, stderr: expect.stringContaining("Cannot find image for linux/amd64") });
});

test("an image that an index lists and a layout lacks is named by its platform and its place", async () => {
  const { amd64 } = await pushBoth();
  expect((await berth(["cp", "--platforms", "linux/arm64", `${at.app}:v1`, `oci:${at.path}:v1`])).code).toBe(0);
  const ran = await berth(["cp", "--platform", "linux/amd64", `oci:${at.path}:v1`, `docker-archive:${at.path}.tar`]);
  expect(ran).toMatchObject({ code: 4, stdout: "" });
  expect(ran.stderr).toContain(`"oci:${at.path}:v1": its index lists the image for linux/amd64, "${amd64}", and it is not there`);
});

test.each(["oci-archive", "docker-archive"])(
  "of commands that write one %s at the same time none loses what another one wrote",
  async (kind) => {
    await pushBoth();
    const place = `${kind}:${at.path}.tar`;
    const names = ["app:t1", "app:t2", "app:t3", "app:t4"].map((name) => (kind === "oci-archive" ? name.replace("app:", "") : name));
    const ran = await Promise.all(
      names.map(async (name) => await berth(["cp", "--platform", "linux/amd64", `${at.app}:v1`, `${place}:${name}`])),
    );
    const done = names.filter((_, n) => ran[n]?.code === 0);
    expect(done).toHaveLength(1);
    expect(ran.flatMap(({ code }) => (code === 0 ? [] : [code]))).toEqual([5, 5, 5]);
    expect((await berth(["ls", place])).stdout).toBe(`${done[0]}\n`);
  },
);
