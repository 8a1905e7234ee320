import { writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, requirePart, run, type RunResult, type Scratch, type TestImage, writeTinyImage } from "@berth/testkit/parts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type RunningServer, SERVERS, USER } from "./support/servers.ts";

for (const server of SERVERS.filter(({ name }) => name.endsWith(", token"))) {
  describeWithParts(`our token server in front of ${server.name}`, [...server.needs, "crane", "skopeo", "busybox", "umoci"], () => {
    let scratch: Scratch;
    let running: RunningServer;
    let image: TestImage;

    beforeAll(async () => {
      scratch = await createScratch();
      image = await writeTinyImage(scratch.join("tiny"));
      running = await server.start();
      const auth = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
      await writeFile(scratch.join("config.json"), JSON.stringify({ auths: { [running.host]: { auth } } }));
    });
    afterEach(() => running.tokens?.behave());
    afterAll(async () => {
      await running?.stop();
      await scratch?.remove();
    });

    const client = (part: "crane" | "skopeo", args: readonly string[], config = scratch.path): Promise<RunResult> =>
      run(requirePart(part).command(part), args, {
        env: { HOME: scratch.path, DOCKER_CONFIG: config, REGISTRY_AUTH_FILE: `${config}/config.json` },
        mayFail: true,
      });

    test("crane pushes and skopeo reads with the tokens it signs", async () => {
      expect(await client("crane", ["push", image.path, `${running.host}/team/tiny:1`])).toMatchObject({ exitCode: 0 });
      const read = await client("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${running.host}/team/tiny:1`]);
      expect(read.stdout).toBe(new TextDecoder().decode(image.manifest.bytes));
      const pushed = running.tokens?.requests.find(({ scopes }) => scopes.some((scope) => scope.includes("push")));
      expect(pushed).toMatchObject({ user: USER.username, service: running.tokens?.service, status: 200 });
    });

    test("nobody reads without a credential", async () => {
      const empty = scratch.join("empty");
      await run("/bin/mkdir", ["-p", empty]);
      await writeFile(`${empty}/config.json`, "{}");
      expect((await client("crane", ["digest", `${running.host}/team/tiny:1`], empty)).exitCode).not.toBe(0);
      expect(running.tokens?.requests.at(-1)).toMatchObject({ grant: "anonymous", granted: [] });
    });

    test("a token server that refuses is heard", async () => {
      running.tokens?.misbehave("refuse");
      const answer = await client("crane", ["digest", `${running.host}/team/tiny:1`]);
      expect(answer.exitCode).not.toBe(0);
      expect(answer.stderr).toMatch(/UNAUTHORIZED|401/);
    });

    test("a token counts only with its signature", async () => {
      const access = [{ type: "repository", name: "team/tiny", actions: ["pull"] }];
      const token = running.tokens?.tokenFor(USER.username, access) ?? "";
      const forged = `${token.slice(0, token.lastIndexOf("."))}.${Buffer.alloc(64, 1).toString("base64url")}`;
      const statuses = [];
      for (const bearer of [token, forged, ""]) {
        const headers = { accept: image.manifest.mediaType, authorization: `Bearer ${bearer}` };
        statuses.push((await fetch(`${running.url}/v2/team/tiny/manifests/1`, { headers })).status);
      }
      expect(statuses).toEqual([200, 401, 401]);
    });
  });
}
