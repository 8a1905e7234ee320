import { readdir, rm, writeFile } from "node:fs/promises";
import { describeUnlessMissing } from "@berth/testkit/describe-with-parts";
import { canMount, mountSmallDisk, Random, type SmallDisk } from "@berth/testkit/faults";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn } from "./support/cli.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

const MIB = 1_048_576;

const probe = await createScratch();
const mayMount = await canMount(probe.join("disk"));
await probe.remove();

const unmountable = { name: "the right to mount", error: new Error("Cannot mount a small file system: run as root") };
describeUnlessMissing("berth on a full disk", mayMount ? undefined : unmountable, () => {
  let scratch: Scratch;
  let berth: Cli;
  let registry: OwnRegistry;
  let disk: SmallDisk;
  let reference: string;
  let digest: string;

  beforeAll(async () => {
    scratch = await createScratch();
    berth = cliIn(scratch);
    registry = await startOwnRegistry();
    reference = `${registry.host}/large:1`;
    await writeFile(scratch.join("large.bin"), new Random(5).bytes(8 * MIB));
    await berth(["push", reference, "large.bin"]);
    const manifest: { readonly layers: readonly { readonly digest: string }[] } = JSON.parse(
      (await berth(["manifest", "get", reference])).stdout,
    );
    digest = manifest.layers[0]?.digest ?? expect.fail("no layer");
    disk = await mountSmallDisk(scratch.join("disk"), 12 * MIB);
  });
  afterAll(async () => {
    await disk?.unmount();
    await registry?.close();
    await scratch?.remove();
  });

  test.each([
    ["an archive", (at: string) => ["cp", reference, `oci-archive:${at}/a.tar:1`]],
    ["files", (at: string) => ["pull", "-o", at, reference]],
    ["a blob", (at: string) => ["blob", "get", "-o", `${at}/blob`, `${registry.host}/large@${digest}`]],
    ["a layout", (at: string) => ["cp", reference, `oci:${at}/layout:1`]],
  ])("%s that does not fit is said to be too large, and half of it is not seen; with room it is there", async (what, args) => {
    await disk.fill(8 * MIB);
    const before = await readdir(disk.path);
    const { exitCode, stdout, stderr } = await berth(args(disk.path), { mayFail: true });
    expect([exitCode, stdout, stderr]).toEqual([1, "", expect.stringMatching(/no space left[^]*hint: free some space/)]);
    if (what === "a layout")
      expect((await berth(["digest", `oci:${disk.path}/layout:1`], { mayFail: true })).exitCode).toBe(4); // nothing leads to it
    else expect(await readdir(disk.path)).toEqual(before);
    await disk.relieve();
    await berth(args(disk.path));
    if (what === "a layout") expect((await berth(["fsck", "--format", "{{.ok}}", `oci:${disk.path}/layout:1`])).stdout).toBe("true\n");
    for (const name of await readdir(disk.path)) await rm(`${disk.path}/${name}`, { recursive: true });
  });
});
