import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { blobFixture, imageManifest } from "@berth/testkit/images";
import { createScratch, requirePart, run, type Scratch } from "@berth/testkit/parts";
import { openLayout } from "@berth/transfer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { largeContent } from "./support/content.ts";
import { type RunningServer, SERVERS } from "./support/servers.ts";

const MIB = 1_048_576;
/** Of the one layer: as large as those that people have. It takes a minute on a small machine. */
const SIZE = Number(process.env["BERTH_INTEROP_LAYER_MIB"] ?? "2048") * MIB;
/** Of a process that moves a layer, however large that is. */
const MEMORY = 200 * MIB;
const PEAK = fileURLToPath(new URL("support/peak-memory.ts", import.meta.url));

const [ours, theirs] = ["Berth, plain", "docker-registry, plain"].map((wanted) => SERVERS.find(({ name }) => name === wanted));

if (ours !== undefined && theirs !== undefined) {
  describeWithParts("one large layer", [...ours.needs, ...theirs.needs, "crane"], () => {
    let scratch: Scratch;
    let berth: Cli;
    let servers: RunningServer[] = [];
    let digest: string;

    beforeAll(async () => {
      scratch = await createScratch();
      berth = cliIn(scratch);
      servers = [await ours.start(), await theirs.start()];
      const { descriptor, source } = await largeContent(SIZE, 7);
      const config = blobFixture(
        MEDIA_TYPES.ociConfig,
        Buffer.from('{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}'),
      );
      const manifest = imageManifest({ config: config.descriptor, layers: [{ ...descriptor, mediaType: MEDIA_TYPES.ociLayer }] });
      const layout = await openLayout(scratch.join("layout"), { create: true });
      await layout.push(descriptor, source);
      await layout.push(config.descriptor, bytesSource(config.bytes));
      await layout.push(manifest.descriptor, bytesSource(manifest.bytes));
      await layout.tag(manifest.descriptor, "1");
      digest = manifest.digest;
    });
    afterAll(async () => {
      for (const server of servers) await server.stop();
      servers = [];
      await scratch?.remove();
    });

    test("moves between registries and layouts in bounded memory, and arrives whole", async () => {
      const [a, b] = servers.map(({ host }) => `${host}/large:1`);
      const peaks: number[] = [];
      for (const [from, to] of [
        [`oci:${scratch.join("layout")}:1`, a],
        [a, b],
        [b, `oci:${scratch.join("back")}:1`],
      ]) {
        const env = { NODE_OPTIONS: `--import=${PEAK}`, BERTH_TEST_PEAK: scratch.join("peak") };
        const { stdout } = await berth(["cp", from ?? "", to ?? ""], { env, timeoutMs: 240_000 });
        expect(stdout).toBe(`${to}@${digest}\n`);
        peaks.push(Number(await readFile(scratch.join("peak"), "utf8")) * 1024);
      }
      expect(peaks.filter((peak) => peak === 0 || peak > MEMORY)).toEqual([]);
      const crane = await run(requirePart("crane").command("crane"), ["digest", b ?? ""], { env: homeOf(scratch) });
      expect(crane.stdout.trim()).toBe(digest);
      expect((await berth(["fsck", "--format", "{{.ok}}", `oci:${scratch.join("back")}`])).stdout).toBe("true\n");
    });
  });
}
