import { writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, type Scratch, writeTinyImage } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn } from "./support/cli.ts";
import { largeContent } from "./support/content.ts";
import { type LimitingProxy, startLimitingProxy } from "./support/limiting-proxy.ts";
import { type RunningServer, SERVERS } from "./support/servers.ts";

const MIB = 1_048_576;

for (const server of SERVERS.filter(({ name }) => name.endsWith(", plain"))) {
  describeWithParts(`what berth does beyond other clients with ${server.name}`, [...server.needs, "busybox"], () => {
    let scratch: Scratch;
    let berth: Cli;
    let running: RunningServer;
    let proxy: LimitingProxy;
    beforeAll(async () => {
      scratch = await createScratch();
      berth = cliIn(scratch);
      running = await server.start();
      proxy = await startLimitingProxy(running.host, 5 * MIB);
    });
    afterAll(async () => {
      await proxy?.close();
      await running?.stop();
      await scratch?.remove();
    });

    test("blobs go through a proxy that limits bodies, and later runs know what it takes", async () => {
      for (const [name, seed] of [
        ["first", 3],
        ["second", 5],
      ] as const) {
        const { source, descriptor } = await largeContent(24 * MIB, seed);
        await writeFile(scratch.join(name), source.open(0));
        proxy.sizes.length = 0;
        await berth(["blob", "put", "-q", `${proxy.host}/proxied/blob`, name]);
        expect((await berth(["blob", "head", `${running.host}/proxied/blob@${descriptor.digest}`])).stdout).toContain(descriptor.digest);
        const refused = proxy.sizes.filter((size) => size > 5 * MIB);
        expect(refused).toHaveLength(name === "first" ? 2 : 0); // all of it, 16 MiB, then 4 MiB
      }
    });

    test("--cascade takes what refers to an image, to the last list of referrers; without it that is refused", async () => {
      const image = await writeTinyImage(scratch.join("image"));
      const app = `${running.host}/cascade/app`;
      await berth(["push", "-q", `${app}:1`, `oci:${image.path}:${image.tag}`]);
      await writeFile(scratch.join("note"), "hello");
      const attach = async (reference: string): Promise<string> =>
        (await berth(["attach", "--artifact-type", "a/note", "--format", "{{.digest}}", reference, "note"])).stdout.trim();
      const note = await attach(`${app}:1`);
      const noteOfNote = await attach(`${app}@${note}`);
      const refused = await berth(["rm", "--manifest", `${app}:1`], { mayFail: true });
      expect([refused.exitCode, refused.stderr]).toEqual([5, expect.stringContaining(note)]);
      await berth(["rm", "-f", "--cascade", `${app}:1`]);
      for (const digest of [note, noteOfNote, image.manifest.digest])
        expect((await berth(["digest", `${app}@${digest}`], { mayFail: true })).exitCode).toBe(4);
      const left = await berth(["ls", "--all", app], { mayFail: true });
      expect([left.exitCode === 0 || left.exitCode === 4, left.stdout]).toEqual([true, ""]);
    });
  });
}
