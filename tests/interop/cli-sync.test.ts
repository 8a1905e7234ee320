import { writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, requirePart, run, type Scratch, type TestImage, writeTinyImage } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { type RunningServer, SERVERS, USER } from "./support/servers.ts";

const pair = SERVERS.filter(({ name }) => name === "Berth, htpasswd" || /^docker-registry, htpasswd$/.test(name));

describeWithParts(
  `berth sync over ${pair.map(({ name }) => name).join(" and ")}`,
  [...pair.flatMap(({ needs }) => needs), "busybox", "crane"],
  () => {
    let scratch: Scratch;
    let berth: Cli;
    let image: TestImage;
    let running: RunningServer[] = [];
    let [one, other] = ["", ""];

    beforeAll(async () => {
      scratch = await createScratch();
      berth = cliIn(scratch);
      image = await writeTinyImage(scratch.join("tiny"));
      for (const server of pair) running.push(await server.start());
      [one = "", other = ""] = running.map(({ host }) => host);
      for (const host of [one, other]) {
        await berth(["login", "-u", USER.username, "--password-stdin", host], { input: `${USER.password}\n` });
        for (const name of ["team/app", "team/tool"])
          await berth(["push", `${host}/${name}:1.0`, `oci:${image.path}:${image.tag}`, "--tag", "1.1", "--tag", "2.0-rc1"]);
        await berth(["logout", host]);
      }
    });
    afterAll(async () => {
      for (const server of running) await server.stop();
      running = [];
      await scratch?.remove();
    });

    test.each([0, 1])("a registry as a whole goes to the other one, by version, with who we are from variables: from %i", async (from) => {
      const [source, destination] = from === 0 ? [one, other] : [other, one];
      const who = `{user: ${USER.username}, passwordVariable: WHO}`;
      const file = scratch.join(`sync${from}.yml`);
      await writeFile(
        file,
        `registries: {"${source}": ${who}, "${destination}": ${who}}
sync:
  - source: "${source}"
    repositories: {match: team/*}
    destination: ${destination}/from${from}
    tags: {semver: "1.x"}
`,
      );
      const env = { WHO: USER.password };
      const sync = async (...flags: readonly string[]): Promise<{ readonly tags: readonly { readonly outcome: string }[] }> =>
        JSON.parse((await berth(["sync", "--format", "json", ...flags, file], { env })).stdout);
      expect((await sync("--dry-run")).tags.map(({ outcome }) => outcome)).toEqual(["tagged", "tagged", "tagged", "tagged"]);
      expect((await sync()).tags.map(({ outcome }) => outcome)).toEqual(["tagged", "tagged", "tagged", "tagged"]);
      expect(await sync()).toMatchObject({ tags: Array(4).fill({ outcome: "unchanged" }), stats: { copied: 0, mounted: 0, bytes: 0 } });
      const login = ["login", "-u", USER.username, "--password-stdin", destination];
      await berth(login, { input: `${USER.password}\n` });
      const crane = requirePart("crane").command("crane");
      for (const name of ["team/app:1.0", "team/tool:1.1"]) {
        const { stdout } = await run(crane, ["digest", `${destination}/from${from}/${name}`], { env: homeOf(scratch) });
        expect(stdout.trim()).toBe(image.manifest.digest);
      }
      expect((await berth(["ls", "--sort", "name", `${destination}/from${from}/team/app`])).stdout).toBe("1.0\n1.1\n");
      await berth(["logout", destination]);
    });
  },
);
