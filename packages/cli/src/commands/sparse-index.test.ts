import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { type PushedImage, pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
vi.setConfig({ testTimeout: 30_000 });

const at = useRegistry();

const PLATFORMS = ["amd64", "arm64", "s390x"] as const;

interface Sparse {
  /** The folder of a layout. */
  readonly folder: string;
  readonly index: string;
  readonly images: readonly PushedImage[];
}

/** A layout that has an index, tagged v1, and of its images those for some platforms only. */
async function layoutWith(...kept: readonly string[]): Promise<Sparse> {
  const images: PushedImage[] = [];
  for (const architecture of PLATFORMS)
    images.push(await pushImage(at.repository, { architecture, content: `${architecture} ${at.path}` }));
  const { digest } = await pushIndex(
    at.repository,
    "v1",
    images.map(({ manifest }, n) => [`linux/${PLATFORMS[n]}`, manifest]),
  );
  expect(await berth(["cp", `${at.app}:v1`, `oci:${at.path}:v1`])).toMatchObject({ code: 0 });
  for (const [n, { manifest, config, layer }] of images.entries()) {
    if (kept.includes(PLATFORMS[n] ?? "")) continue;
    for (const one of [manifest, config, layer]) rmSync(join(at.path, "blobs", ...one.digest.split(":")));
  }
  return { folder: at.path, index: digest, images };
}

const digestAt = async (place: string): Promise<string> => (await berth(["digest", place])).stdout.trim();

test.each(["push", "load"])("[engine/1.10] %s sends the only image of an index that is there, under the tag, and says so", async (verb) => {
  const { folder, images } = await layoutWith("arm64");
  const to = `${at.app}-to`;
  const args = verb === "push" ? ["push", `${to}:v1`, `oci:${folder}:v1`] : ["load", folder, `${to}:v1`];
  const ran = await berth(args);
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning: only the image for linux\/arm64 of oci:\S+ was pushed/) });
  expect(await digestAt(`${to}:v1`)).toBe(images[1]?.manifest.digest);
});

test.each([
  ["push", (folder: string, to: string) => ["push", `${to}:v1`, `oci:${folder}:v1`]],
  ["load", (folder: string, to: string) => ["load", folder, `${to}:v1`]],
  ["cp", (folder: string, to: string) => ["cp", `oci:${folder}:v1`, `${to}:v1`]],
] as const)(
  "[engine/1.10] %s names what is there of an index and what is not, when several images are, and how to send one",
  async (_, args) => {
    const { folder, index, images } = await layoutWith("amd64", "s390x");
    const to = `${at.app}-to`;
    const ran = await berth(args(folder, to));
    expect(ran).toMatchObject({ code: 4, stdout: "" });
    expect(ran.stderr).toContain(`Cannot copy index "${index}": the source has linux/amd64, linux/s390x of it, and lacks linux/arm64`);
    expect(ran.stderr).toContain("berth cp --platform linux/amd64 SOURCE DESTINATION");
    expect(ran.stderr.replace(/\s+/g, " ")).toContain("a registry that takes such an index: --platforms linux/amd64,linux/s390x");
    expect((await berth(["digest", `${to}:v1`])).code).toBe(4);
    expect(await berth(["cp", "--platform", "linux/s390x", `oci:${folder}:v1`, `${to}:v1`])).toMatchObject({ code: 0, stderr: "" });
    expect(await digestAt(`${to}:v1`)).toBe(images[2]?.manifest.digest);
  },
);

test("[engine/1.10] cp keeps digests: it does not send an image in place of its index, also where there is only one", async () => {
  const { folder } = await layoutWith("amd64");
  const ran = await berth(["cp", "--format", "json", `oci:${folder}:v1`, `${at.app}-to:v1`]);
  expect(ran.code).toBe(4);
  expect(JSON.parse(ran.stderr)).toMatchObject({
    class: "NotFound",
    code: "ERR_SPARSE_INDEX",
    hint: expect.stringContaining("--platform linux/amd64"),
  });
  expect((await berth(["digest", `${at.app}-to:v1`])).code).toBe(4);
});

test("[engine/1.10] an index of which nothing is there, or whose images the registry has, needs no choice", async () => {
  const { folder, index } = await layoutWith();
  const ran = await berth(["push", `${at.app}-to:v1`, `oci:${folder}:v1`]);
  expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining("the source has no image of it") });
  expect(await berth(["push", `${at.app}:again`, `oci:${folder}:v1`])).toMatchObject({ code: 0, stderr: "" });
  expect(await digestAt(`${at.app}:again`)).toBe(index);
});
