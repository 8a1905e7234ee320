import { inspect } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import { defaultCredentials } from "./default-credentials.ts";
import { credentialFiles } from "./environment.ts";
import { githubCredentials } from "./github-credentials.ts";
import { helperCredentials } from "./helper-credentials.ts";
import { testHome } from "./helper-programs.test-support.ts";

const config = (...usernames: readonly (readonly [string, string])[]): string =>
  JSON.stringify({ auths: Object.fromEntries(usernames.map(([key, username]) => [key, { username, password: "p" }])) });

test("[client/C-21,C-23] variables and files are asked in their order", async () => {
  const { env: bare, join, write } = await testHome();
  const [docker, explicit] = [join("docker"), join("explicit.json")];
  const all = { ...bare, DOCKER_CONFIG: docker, REGISTRY_AUTH_FILE: explicit, XDG_RUNTIME_DIR: join("run"), XDG_CONFIG_HOME: join("xdg") };
  await write("docker/config.json", config(["r.test", "docker"]));
  await write(".docker/config.json", config(["r.test", "home docker"]));
  await write("explicit.json", config(["r.test", "explicit"]));
  await write("run/containers/auth.json", config(["r.test", "run"]));
  await write("xdg/containers/auth.json", config(["r.test", "xdg"]));
  await write(".config/containers/auth.json", config(["r.test", "home config"]));
  const nameWith = async (env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> =>
    (await defaultCredentials({ env, platform: "linux" })({ registry: "r.test" }))?.username;
  expect(await nameWith({ ...all, DOCKER_AUTH_CONFIG: config(["r.test", "inline"]) })).toBe("inline");
  expect(await nameWith({ ...all, DOCKER_AUTH_CONFIG: config(["other.test", "inline"]) })).toBe("docker");
  expect(await nameWith(bare)).toBe("home docker");
  await write(".docker/config.json", "");
  const without = { ...all, DOCKER_CONFIG: undefined };
  expect(await nameWith(without)).toBe("explicit");
  expect(await nameWith({ ...without, REGISTRY_AUTH_FILE: join("absent.json") })).toBe("run");
  expect(await nameWith({ ...bare, XDG_CONFIG_HOME: join("xdg") })).toBe("xdg");
  expect(await nameWith(bare)).toBe("home config");
  expect(await nameWith({})).toBeUndefined();
});

test("[client/C-21] without XDG_RUNTIME_DIR, Linux has a folder for each user", () => {
  const environment = { env: {}, home: "/home/a", platform: "linux", uid: 7 } as const;
  expect(credentialFiles(environment)).toEqual([
    "/home/a/.docker/config.json",
    "/run/containers/7/auth.json",
    "/home/a/.config/containers/auth.json",
  ]);
  expect(credentialFiles({ ...environment, platform: "darwin" })).toHaveLength(2);
});

test("[client/D-10] the search goes on until a credential is found", async () => {
  const { env, helper, join, write } = await testHome();
  await helper("none", "echo 'credentials not found in native keychain'; exit 1");
  await write(".docker/config.json", '{"credsStore":"none","auths":{"r.test":{},"docker.test":{"username":"d","password":"p"}}}');
  await write("run/containers/auth.json", config(["r.test", "r"], ["docker.test", "never"]));
  const find = defaultCredentials({ env: { ...env, XDG_RUNTIME_DIR: join("run") } });
  expect((await find({ registry: "r.test" }))?.username).toBe("r");
  expect((await find({ registry: "docker.test" }))?.username).toBe("d");
  expect(await find({ registry: "nobody.test" })).toBeUndefined();
});

test("[client/D-10] a broken helper is a warning for a pull and an error for a push", async () => {
  const { env, helper, join, write } = await testHome();
  await helper("locked", "echo 'the key chain is locked'; exit 1");
  await write(".docker/config.json", '{"credsStore":"locked"}');
  await write("auth.json", config(["r.test", "r"]));
  const warnings: string[] = [];
  const options = {
    env: { ...env, REGISTRY_AUTH_FILE: join("auth.json") },
    onWarning: ({ message }: Error) => void warnings.push(message),
  };
  const find = defaultCredentials(options);
  expect((await find({ registry: "r.test" }))?.username).toBe("r");
  expect(await find({ registry: "nobody.test" })).toBeUndefined();
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toContain("the key chain is locked");
  await expect(find({ registry: "r.test", purpose: "push" })).rejects.toMatchObject({ code: "ERR_CREDENTIAL_HELPER" });
  await expect(defaultCredentials({ ...options, purpose: "push" })({ registry: "r.test" })).rejects.toThrow("the key chain is locked");
  expect(warnings).toHaveLength(2);
});

test("[client/D-10] where nobody listens, a warning goes to the process, once", async () => {
  const { env, write } = await testHome();
  await write(".docker/config.json", '{"credsStore":"absent"}');
  const emit = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  onTestFinished(() => emit.mockRestore());
  const find = defaultCredentials({ env });
  const alone = helperCredentials("lost", { env });
  for (const registry of ["r.test", "s.test"]) for (const one of [find, alone]) expect(await one({ registry })).toBeUndefined();
  expect(emit).toHaveBeenCalledTimes(2);
  for (const name of ["absent", "lost"])
    expect(emit).toHaveBeenCalledWith(expect.stringContaining(`docker-credential-${name}`), { code: "ERR_CREDENTIAL_HELPER" });
});

test("[client/C-23] a malformed DOCKER_AUTH_CONFIG is named, not shown", async () => {
  const find = defaultCredentials({ env: { DOCKER_AUTH_CONFIG: '{"auths":{"r.test":{"auth":hunter2}}}' } });
  const error: unknown = await find({ registry: "r.test" }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "ERR_CREDENTIAL_FILE", file: "$DOCKER_AUTH_CONFIG" });
  expect(inspect(error)).not.toContain("hunter2");
});

test("[client/C-22] inline entries may be for parts of a registry", async () => {
  const find = defaultCredentials({ env: { DOCKER_AUTH_CONFIG: config(["r.test/team-a", "a"], ["r.test", "r"]) } });
  expect((await find({ registry: "r.test", repository: "team-a/x" }))?.username).toBe("a");
  expect((await find({ registry: "r.test", repository: "team-b/x" }))?.username).toBe("r");
});

test("[client/C-23] GITHUB_TOKEN is for GitHub's registry alone, after the files", async () => {
  const env = { GITHUB_TOKEN: "t", GITHUB_ACTOR: "octo" };
  expect(await githubCredentials({ env })({ registry: "ghcr.io" })).toEqual({ username: "octo", password: "t" });
  expect(await githubCredentials({ env: { GITHUB_TOKEN: "t" } })({ registry: "ghcr.io" })).toEqual({ username: "unset", password: "t" });
  for (const registry of ["ghcr.io.evil.test", "docker.io", "evil-ghcr.io"])
    expect(await githubCredentials({ env })({ registry })).toBeUndefined();
  expect(await githubCredentials({ env: {} })({ registry: "ghcr.io" })).toBeUndefined();
  const inline = { DOCKER_AUTH_CONFIG: config(["ghcr.io", "file"]) };
  expect((await defaultCredentials({ env })({ registry: "ghcr.io" }))?.username).toBe("octo");
  expect((await defaultCredentials({ env: { ...env, ...inline } })({ registry: "ghcr.io" }))?.username).toBe("file");
});

test("[client/C-20] a helper as a source: what fails means nobody, but not for a push", async () => {
  const { env, helper, keychain, write } = await testHome();
  const file = await keychain("kc");
  await write(file.slice(file.lastIndexOf("/") + 1), '{"docker.io":{"Username":"hub","Secret":"p"}}');
  expect(await helperCredentials("kc", { env })({ registry: "registry-1.docker.io" })).toEqual({ username: "hub", password: "p" });
  await helper("bad", "exit 3");
  const heard: string[] = [];
  const find = helperCredentials("bad", { env, onWarning: ({ code }) => heard.push(code) });
  expect(await find({ registry: "r.test" })).toBeUndefined();
  expect(heard).toEqual(["ERR_CREDENTIAL_HELPER"]);
  await expect(find({ registry: "r.test", purpose: "push" })).rejects.toMatchObject({ code: "ERR_CREDENTIAL_HELPER" });
});
