import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { type CredentialWarningHandler, createDockerConfigStore, createFileStore } from "./docker-config-store.ts";
import { type TestHome, testHome } from "./helper-programs.test-support.ts";

const ALICE = { username: "alice", password: "hunter2" };
const entry = (username: string): object => ({ auth: Buffer.from(`${username}:p`).toString("base64") });
const keychainWith = async (home: TestHome, suffix: string, ...addresses: readonly string[]): Promise<void> => {
  const file = await home.keychain(suffix);
  await writeFile(file, JSON.stringify(Object.fromEntries(addresses.map((address) => [address, { Username: suffix, Secret: "s" }]))));
};

test("[client/B-55] the file is $DOCKER_CONFIG/config.json, else ~/.docker/config.json, and absent or blank it says nothing", async () => {
  const { env, join, write } = await testHome();
  const store = createDockerConfigStore({ env });
  expect(store.path).toBe(join(".docker", "config.json"));
  expect(await store.get("r.test")).toBeUndefined();
  await write(".docker/config.json", " \n");
  expect(await store.get("r.test")).toBeUndefined();
  await write(".docker/config.json", JSON.stringify({ auths: { "r.test": entry("home") } }));
  await write("elsewhere/config.json", JSON.stringify({ auths: { "r.test": entry("elsewhere") } }));
  expect((await store.get("r.test"))?.username).toBe("home");
  expect((await createDockerConfigStore({ env: { ...env, DOCKER_CONFIG: join("elsewhere") } }).get("r.test"))?.username).toBe("elsewhere");
  expect(() => createDockerConfigStore({ env: {} })).toThrow("no home folder");
});

test("[client/B-55] credHelpers goes before credsStore, and that before the file", async () => {
  const home = await testHome();
  await keychainWith(home, "one", "one.test");
  await keychainWith(home, "all", "one.test", "all.test");
  const auths = { "one.test": entry("file"), "all.test": entry("file"), "file.test": entry("file") };
  await home.write(".docker/config.json", JSON.stringify({ auths, credsStore: "all", credHelpers: { "one.test": "one" } }));
  const store = createDockerConfigStore({ env: home.env });
  const found = await Promise.all(["one.test", "all.test", "file.test", "none.test"].map((registry) => store.get(registry)));
  expect(found.map((one) => one?.username)).toEqual(["one", "all", "file", undefined]);
});

test("[client/C-22] path keys of an auth.json are found by repository", async () => {
  const { env, write } = await testHome();
  const path = await write(
    "auth.json",
    JSON.stringify({ auths: { "r.test/team-a": entry("a"), "r.test/team-a/deep": entry("deep"), "r.test": entry("r") } }),
  );
  const store = createDockerConfigStore({ env, path });
  const of = async (repository: string): Promise<string | undefined> => (await store.find({ registry: "r.test", repository }))?.username;
  expect([await of("team-a/x"), await of("team-a/deep/x"), await of("team-b/x"), await of("team-ab")]).toEqual(["a", "deep", "r", "r"]);
  expect((await store.get("r.test/team-a/x"))?.username).toBe("a");
});

test("[client/B-57] what other tools keep in the file survives byte by byte", async () => {
  const { env, write } = await testHome();
  const text = `{
    "HttpHeaders" : {"User-Agent":"x", "Big": 12345678901234567890.10},
    "credHelpers": { "other.test" :"pass"},
    "auths": {
        "https://old.test/v1/": {"auth": "b2xkOnA=", "email": "e"}
    },
    "plugins": {}, "list": [ 1,2 ,3 ]
}
`;
  const path = await write(".docker/config.json", text);
  const store = createDockerConfigStore({ env, allowPlaintextPut: true });
  await store.put("r.test", ALICE);
  const lines = `,\n        "r.test": {\n            "auth": "${Buffer.from("alice:hunter2").toString("base64")}"\n        }\n`;
  expect(await readFile(path, "utf8")).toBe(text.replace('"email": "e"}\n', `"email": "e"}${lines}`));
  await store.delete("r.test");
  expect(await readFile(path, "utf8")).toBe(text);
  await store.delete("r.test");
  await store.delete("other.example");
  expect(await readFile(path, "utf8")).toBe(text);
});

test("[client/B-57] folder and file are for their owner only, nothing temporary stays, links stay links", async () => {
  const { env, join, home } = await testHome();
  const store = createDockerConfigStore({ env, allowPlaintextPut: true });
  await store.put("r.test", ALICE);
  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  expect([await mode(join(".docker")), await mode(join(".docker", "config.json"))]).toEqual([0o700, 0o600]);
  expect(await readdir(join(".docker"))).toEqual(["config.json"]);
  expect(await readFile(join(".docker", "config.json"), "utf8")).toBe(
    `{\n\t"auths": {\n\t\t"r.test": {\n\t\t\t"auth": "${Buffer.from("alice:hunter2").toString("base64")}"\n\t\t}\n\t}\n}`,
  );

  await mkdir(join("real"));
  await writeFile(join("real", "file.json"), '{"a":1}', { mode: 0o644 });
  await symlink("real/file.json", join("link.json"));
  await symlink("link.json", join("link-to-link.json"));
  await createFileStore(join("link-to-link.json")).put("r.test", ALICE);
  expect([await readlink(join("link-to-link.json")), await readlink(join("link.json"))]).toEqual(["link.json", "real/file.json"]);
  expect(await readFile(join("real", "file.json"), "utf8")).toMatch(/^\{"a":1,"auths":\{"r.test":/);
  expect([await mode(join("real", "file.json")), await readdir(join("real"))]).toEqual([0o600, ["file.json"]]);

  await symlink("later/file.json", join("dangling.json"));
  await createFileStore(join("dangling.json")).put("r.test", ALICE);
  expect(await readFile(join("later", "file.json"), "utf8")).toContain("r.test");
  await symlink("loop.json", join("loop.json"));
  await expect(createFileStore(join("loop.json")).put("r.test", ALICE)).rejects.toMatchObject({ code: "ERR_CREDENTIAL_FILE" });
  expect(await readdir(home)).not.toContain("config.json");
});

test("[client/B-57] changes at the same time are all kept", async () => {
  const { env } = await testHome();
  const registries = Array.from({ length: 20 }, (_, i) => `r${i}.test`);
  await Promise.all(registries.map((registry) => createDockerConfigStore({ env, allowPlaintextPut: true }).put(registry, ALICE)));
  const store = createDockerConfigStore({ env });
  expect(await Promise.all(registries.map((registry) => store.get(registry)))).toEqual(registries.map(() => ALICE));
});

test("[client/B-57] plain text is refused unless allowed, a colon in the username always, and the file stays as it is", async () => {
  const { env, write } = await testHome();
  const path = await write(".docker/config.json", "{}");
  await expect(createDockerConfigStore({ env }).put("r.test", ALICE)).rejects.toMatchObject({ code: "ERR_PLAINTEXT_PUT" });
  await expect(createFileStore(path, { allowPlaintextPut: false }).put("r.test", ALICE)).rejects.toMatchObject({
    code: "ERR_PLAINTEXT_PUT",
  });
  await expect(createFileStore(path).put("r.test", { username: "a:b", password: "p" })).rejects.toMatchObject({
    code: "ERR_INVALID_CREDENTIAL",
  });
  expect(await readFile(path, "utf8")).toBe("{}");
});

test("[client/B-57] a malformed file is left alone", async () => {
  const { env, write } = await testHome();
  const path = await write(".docker/config.json", '{"auths": {hunter2}}');
  const store = createDockerConfigStore({ env, allowPlaintextPut: true });
  for (const call of [() => store.put("r.test", ALICE), () => store.delete("r.test"), () => store.get("r.test")]) {
    const error: unknown = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "ERR_CREDENTIAL_FILE", malformed: true, file: path, place: { line: 1, column: 12 } });
    expect(inspect(error)).not.toContain("hunter2");
  }
  expect(await readFile(path, "utf8")).toBe('{"auths": {hunter2}}');
});

test("[client/B-57] puts go to the helper, and credHelpers and credsStore stay as they are", async () => {
  const home = await testHome();
  const [one, all] = [await home.keychain("one"), await home.keychain("all")];
  const text = '{"credHelpers":{"one.test":"one"},"credsStore":"all"}';
  const path = await home.write(".docker/config.json", text);
  const store = createDockerConfigStore({ env: home.env });
  await store.put("one.test", ALICE);
  await store.put("all.test", { refreshToken: "t" });
  expect(JSON.parse(await readFile(one, "utf8"))).toEqual({ "one.test": { Username: "alice", Secret: "hunter2" } });
  expect(JSON.parse(await readFile(all, "utf8"))).toEqual({ "all.test": { Username: "<token>", Secret: "t" } });
  await store.delete("one.test");
  expect([JSON.parse(await readFile(one, "utf8")), await readFile(path, "utf8")]).toEqual([{}, text]);
});

test("[client/B-61] a deleted credential is found nowhere again: not in other helpers, not under old keys, but paths stay", async () => {
  const home = await testHome();
  await keychainWith(home, "one", "one.test");
  await keychainWith(home, "all", "one.test");
  const auths = { "one.test": entry("file"), "https://one.test/v1/": entry("old"), "one.test/team": entry("team") };
  await home.write(".docker/config.json", JSON.stringify({ auths, credsStore: "all", credHelpers: { "one.test": "one" } }));
  const store = createDockerConfigStore({ env: home.env });
  await store.delete("one.test");
  expect(await store.get("one.test")).toBeUndefined();
  expect((await store.find({ registry: "one.test", repository: "team/x" }))?.username).toBe("team");
});

test("[client/B-59] the system's helper is used when the file says nothing, and noted at the first put", async () => {
  const home = await testHome();
  const options = { env: home.env, platform: "darwin", detectDefaultHelper: true } as const;
  const store = createDockerConfigStore(options);
  await expect(store.put("r.test", ALICE)).rejects.toMatchObject({ code: "ERR_PLAINTEXT_PUT" });
  const kept = await home.keychain("osxkeychain");
  const path = await home.write(".docker/config.json", '{"HttpHeaders":{"a":"b"}}');
  expect(await store.get("r.test")).toBeUndefined();
  await store.put("r.test", ALICE);
  expect(await readFile(path, "utf8")).toBe('{"HttpHeaders":{"a":"b"},"credsStore":"osxkeychain"}');
  expect(await readFile(kept, "utf8")).toContain("r.test");
  expect(await store.get("r.test")).toEqual(ALICE);
  await store.put("s.test", ALICE);
  expect(await readFile(path, "utf8")).toBe('{"HttpHeaders":{"a":"b"},"credsStore":"osxkeychain"}');
});

test("[client/B-59] the system's helper is not used when the file says anything, or when its put fails", async () => {
  const home = await testHome();
  await home.helper("osxkeychain", "echo locked; exit 1");
  const path = await home.write(".docker/config.json", "{}");
  const store = createDockerConfigStore({ env: home.env, platform: "darwin", detectDefaultHelper: true, allowPlaintextPut: true });
  await expect(store.put("r.test", ALICE)).rejects.toThrow("locked");
  expect(await readFile(path, "utf8")).toBe("{}");
  await home.write(".docker/config.json", '{"auths":{"x.test":{}}}');
  await store.put("r.test", ALICE);
  expect(await store.get("r.test")).toEqual(ALICE);
});

test("[client/D-10] a broken helper is a warning for a pull, which goes on to the file, and an error for a push and a put", async () => {
  const home = await testHome();
  const path = await home.write(".docker/config.json", JSON.stringify({ credsStore: "gone", auths: { "r.test": entry("file") } }));
  const warnings: Parameters<CredentialWarningHandler>[] = [];
  const store = createDockerConfigStore({ env: home.env, onWarning: (...all) => warnings.push(all) });
  expect((await store.find({ registry: "r.test", purpose: "pull" }))?.username).toBe("file");
  expect(warnings).toMatchObject([[{ code: "ERR_CREDENTIAL_HELPER", helper: "docker-credential-gone" }, { registry: "r.test" }]]);
  expect(warnings[0]?.[0].message).toBe(
    `Cannot run credential helper "docker-credential-gone get": it is not on the PATH: install "docker-credential-gone", or remove "gone" from "credsStore" of "${path}"`,
  );
  await expect(store.find({ registry: "r.test", purpose: "push" })).rejects.toMatchObject({ code: "ERR_CREDENTIAL_HELPER" });
  await expect(store.put("r.test", ALICE)).rejects.toMatchObject({ code: "ERR_CREDENTIAL_HELPER" });
  await expect(createDockerConfigStore({ env: home.env }).get("r.test")).rejects.toMatchObject({ code: "ERR_CREDENTIAL_HELPER" });
});

test("[client/D-10] a file that cannot be read is a warning for a pull, one that is malformed is an error", async () => {
  const { env, join, write } = await testHome();
  await mkdir(join(".docker", "config.json"), { recursive: true });
  const warnings: string[] = [];
  const onWarning: CredentialWarningHandler = ({ message }) => warnings.push(message);
  const store = createDockerConfigStore({ env, onWarning });
  expect(await store.get("r.test")).toBeUndefined();
  expect(warnings).toEqual([`Cannot read credentials of "${store.path}": it is a folder`]);
  await expect(store.find({ registry: "r.test", purpose: "push" })).rejects.toMatchObject({
    code: "ERR_CREDENTIAL_FILE",
    malformed: false,
  });
  const path = await write("bad.json", "{");
  await expect(createDockerConfigStore({ env, path, onWarning }).get("r.test")).rejects.toMatchObject({ malformed: true });
});

test("a config file may have 4 MiB, and a byte order mark", async () => {
  const { env, write } = await testHome();
  const store = createDockerConfigStore({ env });
  await write(".docker/config.json", `\uFEFF${JSON.stringify({ auths: { "r.test": entry("u") } })}`);
  expect((await store.get("r.test"))?.username).toBe("u");
  await write(".docker/config.json", `{"a":"${"x".repeat(4 << 20)}"}`);
  await expect(store.get("r.test")).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});
