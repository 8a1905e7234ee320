import { mkdir, readFile, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, requirePart, run, type Scratch } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { type RunningServer, SERVERS } from "./support/servers.ts";

const CREATED = "org.opencontainers.image.created=2026-01-02T03:04:05Z";

for (const server of SERVERS.filter(({ name }) => name.endsWith(", plain"))) {
  describeWithParts(`artifacts of berth and oras over ${server.name}`, [...server.needs, "oras"], () => {
    let scratch: Scratch;
    let berth: Cli;
    let running: RunningServer;
    const content = Buffer.alloc(3_000_000, "content of a file\n");

    beforeAll(async () => {
      scratch = await createScratch();
      berth = cliIn(scratch);
      running = await server.start();
      await mkdir(scratch.join("in/site/sub"), { recursive: true });
      await writeFile(scratch.join("in/report.json"), "{}");
      await writeFile(scratch.join("in/file.bin"), content);
      await writeFile(scratch.join("in/site/sub/page.html"), "<p>", { mode: 0o640 });
    });
    afterAll(async () => {
      await running?.stop();
      await scratch?.remove();
    });

    const oras = async (args: readonly string[], cwd: string): Promise<string> =>
      (await run(requirePart("oras").command("oras"), args, { cwd, env: homeOf(scratch) })).stdout;
    const expectFiles = async (folder: string): Promise<void> => {
      expect((await readFile(`${folder}/file.bin`)).equals(content)).toBe(true);
      expect(await readFile(`${folder}/report.json`, "utf8")).toBe("{}");
      expect(await readFile(`${folder}/site/sub/page.html`, "utf8")).toBe("<p>");
    };
    const files = ["report.json:application/json", "file.bin", "site"];

    test("what berth pushes is pulled by oras", async () => {
      const reference = `${running.host}/ours:1`;
      await berth(["push", "--artifact-type", "application/vnd.test", "--annotation", "by=us", reference, ...files], {
        cwd: scratch.join("in"),
      });
      await mkdir(scratch.join("by-oras"));
      await oras(["pull", "--plain-http", reference], scratch.join("by-oras"));
      await expectFiles(scratch.join("by-oras"));
      const manifest: { readonly artifactType: string; readonly annotations: object } = JSON.parse(
        await oras(["manifest", "fetch", "--plain-http", reference], scratch.path),
      );
      expect(manifest).toMatchObject({ artifactType: "application/vnd.test", annotations: { by: "us" } });
    });

    test("what oras pushes is pulled by berth, and one file of both has the same digest", async () => {
      const reference = `${running.host}/theirs:1`;
      await oras(["push", "--plain-http", "--artifact-type", "application/vnd.test", reference, ...files], scratch.join("in"));
      await berth(["pull", "-o", scratch.join("by-berth"), reference]);
      await expectFiles(scratch.join("by-berth"));
      const same = ["--annotation", CREATED, "--artifact-type", "a/b"];
      await oras(["push", "--plain-http", ...same, `${running.host}/same:oras`, "report.json:application/json"], scratch.join("in"));
      await berth(["push", ...same, `${running.host}/same:berth`, "report.json:application/json"], { cwd: scratch.join("in") });
      const digests = [];
      for (const tag of ["oras", "berth"]) digests.push((await berth(["digest", `${running.host}/same:${tag}`])).stdout);
      expect(digests[0]).toBe(digests[1]);
    });

    test("what one attaches the other finds, also where the registry has no API for it", async () => {
      const reference = `${running.host}/noted:1`;
      const cwd = scratch.join("in");
      await berth(["push", "--artifact-type", "a/b", reference, "report.json"], { cwd });
      await berth(["attach", "--artifact-type", "note/ours", reference, "report.json:application/json"], { cwd });
      await oras(["attach", "--plain-http", "--artifact-type", "note/theirs", reference, "report.json:application/json"], cwd);
      const seen: { readonly referrers: readonly { readonly artifactType: string }[] } = JSON.parse(
        await oras(["discover", "--plain-http", "--format", "json", reference], cwd),
      );
      expect(seen.referrers.map(({ artifactType }) => artifactType).toSorted()).toEqual(["note/ours", "note/theirs"]);
      const found = await berth(["referrers", "--format", "jsonpath=.referrers[*].artifactType", reference]);
      expect(found.stdout.trim().split("\n").toSorted()).toEqual(["note/ours", "note/theirs"]);
      expect((await berth(["ls", `${running.host}/noted`])).stdout).toBe("1\n");

      await berth(["cp", "--referrer-type", "note/ours", reference, `${running.host}/some:1`]);
      await berth(["cp", "--referrers", reference, `${running.host}/all:1`]);
      for (const [name, types] of [
        ["some", ["note/ours"]],
        ["all", ["note/ours", "note/theirs"]],
      ] as const) {
        const there: { readonly referrers: readonly { readonly artifactType: string }[] } = JSON.parse(
          await oras(["discover", "--plain-http", "--format", "json", `${running.host}/${name}:1`], cwd),
        );
        expect(there.referrers.map(({ artifactType }) => artifactType).toSorted()).toEqual(types);
      }
    });
  });
}
