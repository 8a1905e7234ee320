import { readFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, requirePart, run, type Scratch, type TestImage, writeTinyImage } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { type RunningServer, type Server, SERVERS, USER } from "./support/servers.ts";

const [berthServer] = SERVERS.filter(({ name }) => name === "Berth, htpasswd");
const OTHERS = SERVERS.filter(({ name }) => !name.startsWith("Berth") && /, (?:htpasswd|token)$/.test(name));

for (const [at, other] of OTHERS.entries()) {
  if (berthServer === undefined) continue;
  const pair = [berthServer, other];
  describeWithParts(
    `the verbs of berth over ${berthServer.name} and ${other.name}`,
    [...pair.flatMap(({ needs }) => needs), "busybox", "crane"],
    () => verbs(pair, at === 0 ? [0, 1] : [1]),
  );
}

/** @param looked which of the pair the reading verbs are tried on too. */
function verbs(pair: readonly Server[], looked: readonly number[]): void {
  let scratch: Scratch;
  let berth: Cli;
  let image: TestImage;
  let running: RunningServer[] = [];
  const hosts = (): readonly [string, string] => [running[0]?.host ?? "", running[1]?.host ?? ""];

  beforeAll(async () => {
    scratch = await createScratch();
    berth = cliIn(scratch);
    image = await writeTinyImage(scratch.join("tiny"));
    for (const server of pair) running.push(await server.start());
    for (const host of hosts()) await berth(["login", "-u", USER.username, "--password-stdin", host], { input: `${USER.password}\n` });
  });
  afterAll(async () => {
    for (const server of running) await server.stop();
    running = [];
    await scratch?.remove();
  });

  /** Runs crane with the credentials that `berth login` left. */
  const crane = async (...args: readonly string[]): Promise<string> =>
    (await run(requirePart("crane").command("crane"), args, { env: homeOf(scratch) })).stdout.trim();
  /** In the order of their names: the reference registry had none before 3.0. */
  const tagsOf = async (name: string): Promise<readonly string[]> => (await berth(["ls", name])).stdout.trim().split("\n").toSorted();
  const code = async (...args: readonly string[]): Promise<number> => (await berth(args, { mayFail: true })).exitCode;

  test("login asks the registry, and keeps a password where others find it", async () => {
    for (const host of hosts()) {
      const wrong = await berth(["login", "-u", USER.username, "--password-stdin", host], { input: "wrong", mayFail: true });
      expect([wrong.exitCode, wrong.stdout]).toEqual([3, ""]);
      expect((await berth(["whoami", host])).stdout).toContain(USER.username);
      expect(await code("ls", "--anonymous", host)).toBe(3);
    }
    const stored: { readonly auths: object } = JSON.parse(await readFile(scratch.join("home", ".docker", "config.json"), "utf8"));
    expect(Object.keys(stored.auths).toSorted()).toEqual([...hosts()].toSorted());
  });

  test.each([
    [0, 1],
    [1, 0],
  ] as const)("an image is pushed, copied over, looked at, tagged and pulled: %i to %i", async (a, b) => {
    const [from, to] = [hosts()[a], hosts()[b]];
    const { digest } = image.manifest;
    const name = `team/from${a}`;
    const push = await berth(["push", `${from}/${name}:1`, `oci:${image.path}:${image.tag}`]);
    expect(push.stdout).toBe(`${from}/${name}:1@${digest}\n`);
    expect(await crane("digest", `${from}/${name}:1`)).toBe(digest);

    const json = ["--format", "json"];
    const forgetful = { XDG_STATE_HOME: scratch.join(`state${a}`) }; // else blobs are mounted that an earlier test brought
    const cold: { readonly stats: object } = JSON.parse(
      (await berth(["cp", ...json, `${from}/${name}:1`, `${to}/copied/${name}:1`, "latest"], { env: forgetful })).stdout,
    );
    expect(cold.stats).toMatchObject({ copied: image.blobs.length + 1, existing: 0 });
    await crane("validate", "--remote", `${to}/copied/${name}:latest`);
    const again = await berth(["cp", `${from}/${name}:1`, `${to}/copied/${name}:1`]);
    expect(again.stdout).toBe(`${to}/copied/${name}:1@${digest} (unchanged)\n`);

    const within: { readonly stats: object } = JSON.parse(
      (await berth(["cp", ...json, `${from}/${name}:1`, `${from}/within/${name}:1`])).stdout,
    );
    expect(within.stats).toMatchObject({ mounted: image.blobs.length, copied: 1 }); // one token reads there and writes here

    if (!looked.includes(b)) return;
    expect((await berth(["digest", `${to}/copied/${name}:1`])).stdout).toBe(`${digest}\n`);
    expect((await berth(["inspect", "--format", "jsonpath=.config.Cmd[*]", `${to}/copied/${name}:1`])).stdout).toBe("cat\n/hello\n");
    expect((await berth(["tag", "-q", `${to}/copied/${name}:1`, "2", "3"])).stdout).toBe("");
    expect(await tagsOf(`${to}/copied/${name}`)).toEqual(["1", "2", "3", "latest"]);
    expect(await crane("digest", `${to}/copied/${name}:3`)).toBe(digest);
    expect((await berth(["ls", "--match", `copied/${name}`, to])).stdout).toBe(`copied/${name}\n`);

    const layout = `oci:${scratch.join(`pulled${a}`)}`;
    await berth(["pull", "--verify", "-o", layout, `${to}/copied/${name}@${digest}`]);
    expect((await berth(["digest", `${layout}@${digest}`])).stdout).toBe(`${digest}\n`);
    expect((await berth(["cat", `${to}/copied/${name}:1`, "/hello"])).stdout).toHaveLength(32);
    expect(await code("digest", `${to}/copied/${name}:none`)).toBe(4);
  });

  test("a tag is taken away alone where the registry can do that; a manifest goes with all of its tags", async () => {
    for (const [at, host] of hosts().entries()) {
      const name = `${host}/removed/image`;
      await berth(["push", "-q", "--tag", "2", `${name}:1`, `oci:${image.path}:${image.tag}`]);
      const untag = await berth(["rm", "-f", `${name}:2`], { mayFail: true });
      const canUntag = pair[at]?.lacks.untag === undefined;
      expect(untag.exitCode, untag.stderr).toBe(canUntag ? 0 : 1);
      expect(await tagsOf(name)).toEqual(canUntag ? ["1"] : ["1", "2"]);
      expect(await code("rm", `${name}:1`)).toBe(2); // nobody to ask
      await berth(["rm", "-f", "--manifest", `${name}:1`]);
      expect(await code("digest", `${name}:1`)).toBe(4);
      expect(await code("digest", `${name}@${image.manifest.digest}`)).toBe(4);
      expect(await code("rm", "-f", "--ignore-missing", `${name}@${image.manifest.digest}`)).toBe(0);
    }
  });

  test("[engine/T36] no password is said or written, whoever refuses", async () => {
    const secret = "not-the-passw0rd";
    const trace = scratch.join("trace.log");
    const [own, other] = hosts();
    const args = [
      "cp",
      "--debug",
      "--trace-http",
      trace,
      "--from-user",
      USER.username,
      "--from-password-stdin",
      `${own}/team/from0:1`,
      `${other}/secret/a:1`,
    ];
    const refused = await berth(args, { input: secret, mayFail: true });
    expect(refused.exitCode, refused.stderr).toBe(3);
    const worked = await berth(args, { input: USER.password });
    const said = refused.stdout + refused.stderr + worked.stdout + worked.stderr + (await readFile(trace, "utf8"));
    for (const password of [secret, USER.password]) {
      for (const text of [password, Buffer.from(`${USER.username}:${password}`).toString("base64")]) expect(said).not.toContain(text);
    }
    expect(said).not.toMatch(/Bearer [\w-]+\.[\w-]+\./);
  });
}
