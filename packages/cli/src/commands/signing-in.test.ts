import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ScriptedRegistry, type ScriptedRequest, startScriptedRegistry } from "@berth/testkit/scripted";
import { afterEach, beforeEach, expect, test } from "vitest";
import { berth } from "../testing/run-berth.ts";

// each test runs many commands
const PASSWORD = "open sesame 7f3a";
const BASIC = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString("base64")}`;
const CHALLENGE = {
  status: 401,
  headers: { "www-authenticate": 'Basic realm="r"' },
  body: '{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}',
};

let folder: string;
let registry: ScriptedRegistry;
let env: Record<string, string>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-login-"));
  env = { DOCKER_CONFIG: folder, PATH: folder, HOME: folder };
  registry = await startScriptedRegistry();
  const guarded = (request: ScriptedRequest) =>
    request.headers["authorization"] === BASIC ? { body: '{"tags":["v1"],"repositories":["a"]}' } : CHALLENGE;
  registry.on("GET", "/v2/", guarded).on("GET", "/v2/a/tags/list", guarded).on("GET", "/v2/_catalog", guarded);
});

afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true });
});

function config(): string {
  return readFileSync(join(folder, "config.json"), "utf8");
}

test("login proves the password, keeps it where docker does, and the next command uses it; logout forgets it", async () => {
  const { host } = registry;
  const login = await berth(["login", "-u", "alice", "--password-stdin", `http://${host}/`], { env, stdin: `${PASSWORD}\n` });
  expect(login).toMatchObject({ code: 0, stdout: "" });
  expect(login.stderr).toMatch(
    /^Logged in to [\d.:]+ as alice\nberth: warning: the password is in ".*config\.json", where base64 is all that hides it/,
  );
  expect(config()).toContain(BASIC.slice("Basic ".length));
  expect(await berth(["ls", `${host}/a`], { env })).toEqual({ code: 0, stdout: "v1\n", stderr: "" });
  expect(await berth(["whoami", host], { env })).toEqual({ code: 0, stdout: "alice\n", stderr: "" });
  expect(JSON.parse((await berth(["whoami", "--format", "json", host], { env })).stdout)).toEqual({
    registry: host,
    username: "alice",
    kind: "password",
    verified: true,
  });
  expect(await berth(["logout", host], { env })).toEqual({ code: 0, stdout: "", stderr: `Logged out of ${host}\n` });
  expect(config()).not.toContain(BASIC.slice("Basic ".length));
  expect(await berth(["logout", host], { env })).toEqual({ code: 0, stdout: "", stderr: `Was not logged in to ${host}\n` });
  expect(await berth(["whoami", host], { env })).toMatchObject({ code: 3, stdout: "", stderr: `berth: nobody is logged in to ${host}\n` });
});

test("whoami asks a helper once; one that fails is told with what it complains of", async () => {
  const { host } = registry;
  const asked = join(folder, "asked");
  const helper = join(folder, "docker-credential-once");
  writeFileSync(helper, `#!/bin/sh\necho "$1" >> "${asked}"\necho '${JSON.stringify({ Username: "alice", Secret: PASSWORD })}'\n`, {
    mode: 0o755,
  });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ credHelpers: { [host]: "once" } }));
  expect(await berth(["whoami", host], { env })).toEqual({ code: 0, stdout: "alice\n", stderr: "" });
  expect(readFileSync(asked, "utf8")).toBe("get\n");
  writeFileSync(helper, "#!/bin/sh\necho 'no agent is running' >&2\nexit 2\n");
  const failed = await berth(["whoami", host], { env });
  expect(failed).toMatchObject({ code: 3, stdout: "" });
  expect(failed.stderr).toContain('credential helper "docker-credential-once get": it says on standard error: "no agent is running"');
});

test("a wrong password is not kept, exits 3 and tells how to sign in", async () => {
  const { host } = registry;
  const wrong = await berth(["login", "-u", "alice", "--password-stdin", host], { env, stdin: "wrong" });
  expect(wrong).toMatchObject({ code: 3, stdout: "" });
  expect(() => config()).toThrow("ENOENT");
  const ls = await berth(["ls", `${host}/a`], { env });
  expect(ls).toMatchObject({ code: 3, stderr: expect.stringContaining(`hint: sign in: berth login ${host}`) });
  expect(ls.stderr).toMatch(new RegExp(`^berth: Cannot list tags: "${host}" asks for a user name and password`));
});

test("a config file with a mistake is not mended by signing in: what to do with it is said instead", async () => {
  const file = join(folder, "config.json");
  writeFileSync(file, '{"auths": {');
  const ls = await berth(["ls", `${registry.host}/a`], { env });
  expect(ls).toMatchObject({ code: 3, stdout: "" });
  expect(ls.stderr).toMatch(/^berth: Cannot read credentials of ".*config\.json" at line 1, column 12: .*\nhint: mend that file, /);
  expect(ls.stderr).not.toContain("sign in");
});

test("login asks at a terminal, for the password without showing it; without one it says what to use", async () => {
  const asked = await berth(["login", registry.host], { env, typed: ["alice", PASSWORD] });
  expect(asked).toMatchObject({ code: 0, stderr: expect.stringContaining("Username: ") });
  expect(asked.stderr).not.toContain(PASSWORD);
  expect(await berth(["login", registry.host], { env })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no user name: use --user"),
  });
  expect(await berth(["login", "-u", "a", "--password-stdin", registry.host], { env })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("standard input holds no password"),
  });
});

test("--password works and is warned of; --no-verify asks nobody; --authfile and identity tokens are kept", async () => {
  const open = await berth(["login", "-u", "alice", "-p", PASSWORD, registry.host], { env });
  expect(open).toMatchObject({ code: 0, stderr: expect.stringContaining("--password is for all to see") });
  const before = registry.requests.length;
  const file = join(folder, "auth.json");
  expect(
    await berth(["login", "--no-verify", "--identity-token", "--password-stdin", "--authfile", file, "r.test"], { env, stdin: "idtoken" }),
  ).toMatchObject({ code: 0 });
  expect(registry.requests.length).toBe(before);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ auths: { "r.test": { identitytoken: "idtoken" } } });
});

test("an identity token without a user's name is proved, too", async () => {
  const { host } = registry;
  registry
    .on("GET", "/v2/", (request) =>
      request.headers["authorization"] === "Bearer tok"
        ? { body: "{}" }
        : { status: 401, headers: { "www-authenticate": `Bearer realm="http://${host}/token",service="s"` } },
    )
    .on("POST", "/token", { body: '{"access_token":"tok"}' });
  const ran = await berth(["login", "--identity-token", "--password-stdin", host], { env, stdin: "idtoken" });
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(`Logged in to ${host}\n`) });
  expect(JSON.parse(config())).toMatchObject({ auths: { [host]: { identitytoken: "idtoken" } } });
});

test("each command can be told who we are: by user and variable, by standard input, by token, as nobody", async () => {
  const { host } = registry;
  const ls = ["ls", `${host}/a`];
  expect(await berth([...ls, "--user", "alice"], { env: { ...env, BERTH_PASSWORD: PASSWORD } })).toMatchObject({ code: 0 });
  expect(await berth([...ls, "-u", "alice", "--password-stdin"], { env, stdin: PASSWORD })).toMatchObject({ code: 0 });
  expect(await berth(ls, { env: { ...env, BERTH_USER: "alice", BERTH_PASSWORD: PASSWORD } })).toMatchObject({ code: 0 });
  expect(await berth([...ls, "-u", "alice"], { env, typed: [PASSWORD] })).toMatchObject({ code: 0 });
  expect(await berth([...ls, "-u", "alice"], { env })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("use --password-stdin, or set BERTH_PASSWORD"),
  });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth: BASIC.slice(6) } } }));
  expect(await berth(ls, { env })).toMatchObject({ code: 0 });
  expect(await berth([...ls, "--anonymous"], { env })).toMatchObject({ code: 3 });
  registry.on("GET", "/v2/b/tags/list", (request) =>
    request.headers["authorization"] === "Bearer tok" ? { body: '{"tags":["b1"]}' } : CHALLENGE_BEARER,
  );
  expect(await berth(["ls", `${host}/b`], { env: { ...env, BERTH_TOKEN: "tok" } })).toMatchObject({ code: 0, stdout: "b1\n" });
});

const CHALLENGE_BEARER = { status: 401, headers: { "www-authenticate": 'Bearer realm="http://127.0.0.1:1/token",service="s"' } };

test("[engine/T36] passwords and tokens are in no debug log, no trace, no error and no crash", async () => {
  const { host } = registry;
  const trace = join(folder, "trace.log");
  const said: string[] = [];
  for (const args of [
    ["ls", "--debug", "--trace-http", trace, "-u", "alice", "--password-stdin", `${host}/a`],
    ["login", "--debug", "-u", "alice", "--password-stdin", host],
    ["ls", "--debug", "-u", "mallory", "--password-stdin", `${host}/a`],
    ["ls", "--debug", "--format", "json", "-u", "mallory", "--password-stdin", `${host}/a`],
  ]) {
    const { stdout, stderr } = await berth(args, { env, stdin: PASSWORD });
    said.push(stdout, stderr);
  }
  said.push(readFileSync(trace, "utf8"));
  expect(said.join("")).toContain("authorization: Basic REDACTED");
  expect(readFileSync(trace, "utf8")).toContain("--> GET ");
  for (const secret of [PASSWORD, BASIC.slice(6), Buffer.from(`mallory:${PASSWORD}`).toString("base64")])
    expect(said.join("")).not.toContain(secret);
});
