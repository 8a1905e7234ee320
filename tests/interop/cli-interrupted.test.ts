import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { bareEnvironment, createScratch, type Scratch } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { BERTH, cliIn, homeOf } from "./support/cli.ts";
import { largeContent } from "./support/content.ts";
import { type CuttingProxy, startCuttingProxy } from "./support/cutting-proxy.ts";
import { type RunningServer, SERVERS } from "./support/servers.ts";

const MIB = 1_048_576;
const SIZE = 64 * MIB;

/** A line of `--progress json`. */
interface Progress {
  readonly total?: number;
  readonly current?: number;
}

for (const server of SERVERS.filter(({ name }) => name.endsWith(", plain"))) {
  describeWithParts(`berth killed at work with ${server.name}`, server.needs, () => {
    const isOurs = server.name.startsWith("Berth");
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

    /** Runs berth, and ends it as soon as it says that 70 % of the file are there. @returns its exit code, or what killed it. */
    async function ended(args: readonly string[], signal: "SIGINT" | "SIGKILL" = "SIGKILL"): Promise<number | string | null> {
      const child = spawn(process.execPath, [BERTH, ...args, "--progress", "json", "--limit-rate", "48MiB"], {
        cwd: scratch.path,
        env: bareEnvironment(homeOf(scratch)),
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exit = new Promise<number | string | null>((resolve) => child.once("exit", (code, killedBy) => resolve(killedBy ?? code)));
      for await (const line of createInterface(child.stdout)) {
        const { total, current = 0 }: Progress = JSON.parse(line);
        if (total === SIZE && current >= 0.7 * SIZE) child.kill(signal);
      }
      return await exit;
    }
    const startProxy = async (): Promise<CuttingProxy> => {
      const proxy = await startCuttingProxy(running.host);
      onTestFinished(() => proxy.close());
      return proxy;
    };

    // The reference registry keeps what it answered for: of a cut upload the whole chunks, and version 2 not even those.
    const isVersion2 = server.name.startsWith("docker-registry");
    const share = isVersion2 ? 1.01 : 0.35;
    const flags = isOurs ? [] : ["--chunk-size", "16MiB"];
    test(`[engine/T45] a push of files, killed at 0.7 of the way, sends less than ${share} of it again`, async () => {
      const proxy = await startProxy();
      const args = ["push", ...flags, `${proxy.host}/files:1`, "large.bin"];
      expect(await ended(args)).toBe("SIGKILL");
      const before = proxy.sent;
      expect(before).toBeLessThan(SIZE);
      await cliIn(scratch)(args);
      expect(proxy.sent - before).toBeLessThan(share * SIZE);
    });

    if (isOurs)
      test("of an archive that was not finished nothing is left when stopped, of a file what came; all goes with the next run", async () => {
        const berth = cliIn(scratch);
        const reference = `${running.host}/unfinished:1`;
        await berth(["push", reference, "large.bin"]);
        const [archives, folder] = [scratch.join("archives"), scratch.join("pulled")];
        for (const path of [archives, folder]) await mkdir(path);
        const part: unknown = expect.stringMatching(/^\.berth-partial-/);
        for (const [args, path, name, stopped] of [
          [["cp", reference, `oci-archive:${archives}/large.tar:1`], archives, "large.tar", []],
          [["pull", "-o", folder, reference], folder, "large.bin", [part]],
        ] as const) {
          expect([await ended(args, "SIGINT"), await readdir(path)]).toEqual([130, stopped]);
          expect(await ended(args)).toBe("SIGKILL");
          expect(await readdir(path)).toEqual([expect.stringMatching(/^\.(?:berth|large\.tar\.partial)-/)]);
          await berth(args);
          expect(await readdir(path)).toEqual([name]);
        }
      });

    // Over our own server the tests of the command say so already.
    for (const verb of isOurs ? [] : ["pull", "cp"])
      test(`[engine/T11] a ${verb} into a layout, killed at 0.7 of the way, fetches less than 0.35 of it again`, async () => {
        const proxy = await startProxy();
        const berth = cliIn(scratch);
        await berth(["push", `${running.host}/for-${verb}:1`, "large.bin"]);
        const layout = `oci:${scratch.join(verb)}`;
        const args = verb === "pull" ? ["pull", "-o", layout, `${proxy.host}/for-pull:1`] : ["cp", `${proxy.host}/for-cp:1`, `${layout}:1`];
        expect(await ended(args)).toBe("SIGKILL");
        const before = proxy.received;
        expect(before).toBeLessThan(SIZE);
        expect((await berth(["blob", "head", `${layout}@${digest}`], { mayFail: true })).exitCode).toBe(4); // nothing half-written is in it
        await berth(args);
        expect(proxy.received - before).toBeLessThan(0.35 * SIZE);
        await berth(["blob", "get", "-o", scratch.join(`${verb}.bin`), `${layout}@${digest}`]);
        expect((await berth(["digest", "--file", `${verb}.bin`])).stdout).toContain(digest);
      });
  });
}
