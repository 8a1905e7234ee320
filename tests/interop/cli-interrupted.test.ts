import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { bareEnvironment, createScratch, type Scratch } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { BERTH, cliIn, homeOf } from "./support/cli.ts";
import { largeContent } from "./support/content.ts";
import { type CuttingProxy, startCuttingProxy } from "./support/cutting-proxy.ts";
import { type RunningServer, SERVERS } from "./support/servers.ts";

const MIB = 1_048_576;
const SIZE = 96 * MIB;

/** A line of `--progress json`. */
interface Progress {
  readonly total?: number;
  readonly current?: number;
}

for (const server of SERVERS.filter(({ name }) => name.endsWith(", plain"))) {
  describeWithParts(`berth killed at work with ${server.name}`, server.needs, () => {
    let scratch: Scratch;
    let running: RunningServer;
    let digest: string;
    beforeAll(async () => {
      scratch = await createScratch();
      running = await server.start();
      const { source, descriptor } = await largeContent(SIZE, 11);
      digest = descriptor.digest;
      await writeFile(scratch.join("large.bin"), source.open(0));
    });
    afterAll(async () => {
      await running?.stop();
      await scratch?.remove();
    });

    /** Runs berth, and kills it as soon as it says that 70 % of the file are there. True when it was killed. */
    async function killed(args: readonly string[]): Promise<boolean> {
      const child = spawn(process.execPath, [BERTH, ...args, "--progress", "json", "--limit-rate", "48MiB"], {
        cwd: scratch.path,
        env: bareEnvironment(homeOf(scratch)),
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exit = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
      for await (const line of createInterface(child.stdout)) {
        const { total, current = 0 }: Progress = JSON.parse(line);
        if (total === SIZE && current >= 0.7 * SIZE) child.kill("SIGKILL");
      }
      return (await exit) === "SIGKILL";
    }
    const startProxy = async (): Promise<CuttingProxy> => {
      const proxy = await startCuttingProxy(running.host);
      onTestFinished(() => proxy.close());
      return proxy;
    };

    // The reference registry gives up an upload that holds more than it said in its last answer: what it was sent is lost with the process.
    const share = server.name.startsWith("Berth") ? 0.35 : 1.01;
    test(`[engine/T45] a push of files, killed at 0.7 of the way, sends less than ${share} of it again`, async () => {
      const proxy = await startProxy();
      const args = ["push", `${proxy.host}/files:1`, "large.bin"];
      expect(await killed(args)).toBe(true);
      const before = proxy.sent;
      expect(before).toBeLessThan(SIZE);
      await cliIn(scratch)(args);
      expect(proxy.sent - before).toBeLessThan(share * SIZE);
    });

    // Over our own server the tests of the command say so already.
    test.each(share === 0.35 ? [] : ["pull", "cp"])(
      "[engine/T11] a %s into a layout, killed at 0.7 of the way, fetches less than 0.35 of it again",
      async (verb) => {
        const proxy = await startProxy();
        const berth = cliIn(scratch);
        await berth(["push", `${running.host}/for-${verb}:1`, "large.bin"]);
        const layout = `oci:${scratch.join(verb)}`;
        const args = verb === "pull" ? ["pull", "-o", layout, `${proxy.host}/for-pull:1`] : ["cp", `${proxy.host}/for-cp:1`, `${layout}:1`];
        expect(await killed(args)).toBe(true);
        const before = proxy.received;
        expect(before).toBeLessThan(SIZE);
        expect((await berth(["blob", "head", `${layout}@${digest}`], { mayFail: true })).exitCode).toBe(4); // nothing half-written is in it
        await berth(args);
        expect(proxy.received - before).toBeLessThan(0.35 * SIZE);
        await berth(["blob", "get", "-o", scratch.join(`${verb}.bin`), `${layout}@${digest}`]);
        expect((await berth(["digest", "--file", `${verb}.bin`])).stdout).toContain(digest);
      },
    );
  });
}
