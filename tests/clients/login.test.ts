import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { type PartName, type TestUser, requirePart, run, startDockerd } from "@berth/testkit/parts";
import { describe, expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const USER: TestUser = { username: "berth", password: "correct horse" };

describeWithParts(
  "login against htpasswd",
  [...SETTING_PARTS, "htpasswd", "docker", "docker-sid", "skopeo", "podman", "crane", "oras", "runc"],
  () => {
    const setting = useSetting({ user: USER });
    const secrets = [USER.password];

    test("every 401 carries a Basic challenge, also for names that do not exist", async () => {
      const { registry } = setting();
      const asked: readonly (readonly [string, string])[] = [
        ["GET", "/v2/"],
        ["GET", "/v2/_catalog"],
        ["GET", "/v2/a/tags/list"],
        ["HEAD", "/v2/a/manifests/1"],
        ["POST", "/v2/a/blobs/uploads/"],
        ["DELETE", "/v2/a/manifests/1"],
      ];
      for (const [method, path] of asked) {
        const answer = await fetch(registry.url + path, { method });
        expect([method, path, answer.status]).toEqual([method, path, 401]);
        expect(answer.headers.get("www-authenticate")).toMatch(/^Basic realm="/);
      }
    });

    describe.each(["docker", "docker-sid"] as const)("%s login", (part) => {
      test("is taken with the right password and refused with a wrong one", async () => {
        const { host, probe, tiny, wire } = setting();
        const engine = await startDockerd({ from: part, store: "graph" });
        try {
          await expect(engine.docker(["login", "-u", USER.username, "--password-stdin", host], { input: "wrong" })).rejects.toThrow(
            /unauthorized|401|incorrect/i,
          );
          await expect(engine.docker(["pull", `${host}/private/${part}:1`])).rejects.toThrow(
            /no basic auth|unauthorized|denied|authentication required/i,
          );
          wire.clear();
          const login = await engine.docker(["login", "-u", USER.username, "--password-stdin", host], { input: USER.password, secrets });
          expect(login.stdout).toContain("Login Succeeded");
          expect(wire.find("GET", /^\/v2\/$/).map((one) => one.status)).toContain(200);
          await probe.seed(tiny, `private/${part}`, "1");
          expect((await engine.docker(["pull", `${host}/private/${part}:1`], { secrets })).stdout).toContain(tiny.manifest.digest);
          await engine.docker(["tag", `${host}/private/${part}:1`, `${host}/private/${part}:2`]);
          await engine.docker(["push", `${host}/private/${part}:2`], { secrets });
          expect((await probe.manifest(`private/${part}`, "2")).status).toBe(200);
        } finally {
          await engine.stop();
        }
      });
    });

    test("skopeo --creds and skopeo login", async () => {
      const { run: client, host, probe, tiny } = setting();
      const creds = `${USER.username}:${USER.password}`;
      const copy = ["copy", "--dest-tls-verify=false", `oci:${tiny.path}:1`, `docker://${host}/private/skopeo:1`];
      await expect(client("skopeo", copy)).rejects.toThrow(/unauthorized|authentication required/i);
      await expect(client("skopeo", [...copy, "--dest-creds", `${USER.username}:wrong`])).rejects.toThrow(
        /unauthorized|authentication required|invalid username/i,
      );
      await client("skopeo", [...copy, "--dest-creds", creds], { secrets });
      expect((await probe.manifest("private/skopeo", "1")).digest).toBe(tiny.manifest.digest);
      await client("skopeo", ["inspect", "--tls-verify=false", "--creds", creds, `docker://${host}/private/skopeo:1`], { secrets });
      await client("skopeo", ["login", "--tls-verify=false", "-u", USER.username, "--password-stdin", host], {
        input: USER.password,
        secrets,
      });
      await client("skopeo", ["delete", "--tls-verify=false", `docker://${host}/private/skopeo:1`], { secrets });
      await client("skopeo", ["logout", host]);
      expect((await probe.manifest("private/skopeo", "1")).status).toBe(404);
    });

    const logins: readonly (readonly [PartName, readonly string[], readonly string[], (host: string) => readonly string[]])[] = [
      ["podman", ["login", "--tls-verify=false"], [], (host) => ["search", "--tls-verify=false", `${host}/private`]],
      ["crane", ["auth", "login"], [], (host) => ["catalog", host]],
      ["oras", ["login", "--plain-http"], [], (host) => ["repo", "ls", "--plain-http", host]],
    ];
    test.each(logins)("%s logs in, then uses what it remembered", async (part, login, more, use) => {
      const { run: client, host, probe, tiny } = setting();
      await probe.seed(tiny, "private/listed", "1");
      const words = [...login, "-u", USER.username, "--password-stdin", ...more, host];
      await expect(client(part, words, { input: "wrong" }).then(() => client(part, use(host)))).rejects.toThrow(
        /unauthorized|invalid username|401/i,
      );
      await client(part, words, { input: USER.password, secrets });
      expect((await client(part, use(host), { secrets })).stdout).toContain("private/listed");
    });

    test("the password is in no output of a failing command", async () => {
      const { host } = setting();
      const failed = await run(
        requirePart("skopeo").command("skopeo"),
        ["inspect", "--tls-verify=false", "--creds", `a:${USER.password}`, `docker://${host}/x:1`],
        { secrets, mayFail: true },
      );
      expect(failed.exitCode).not.toBe(0);
      expect(failed.stdout + failed.stderr).not.toContain(USER.password);
    });
  },
);
