import { chmod, readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { detectDefaultHelper } from "./default-helper.ts";
import { createHelperStore } from "./helper-store.ts";
import { testHome } from "./helper-programs.test-support.ts";

async function failureOf(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("It did not fail");
  return error;
}

test("[client/B-58] get and erase send the bare address, store sends JSON, list sends nothing", async () => {
  const { env, helper, join } = await testHome();
  await helper(
    "echo",
    `printf '%s|' "$1" >> "${join("seen")}"; cat >> "${join("seen")}"; [ "$1" = list ] && printf '{"r.test":"u"}'; [ "$1" = get ] && printf '{}'; true`,
  );
  const store = createHelperStore("echo", { env });
  await store.get("https://index.docker.io/v1/");
  await store.put("r.test", { username: "u", password: "p" });
  await store.put("r.test", { username: "ignored", refreshToken: "t" });
  await store.delete("r.test");
  expect([...(await store.list())]).toEqual([["r.test", "u"]]);
  expect(await readFile(join("seen"), "utf8")).toBe(
    'get|https://index.docker.io/v1/store|{"ServerURL":"r.test","Username":"u","Secret":"p"}' +
      'store|{"ServerURL":"r.test","Username":"<token>","Secret":"t"}erase|r.testlist|',
  );
  expect(store.program).toBe("docker-credential-echo");
});

test("[client/B-58] the user <token> stands for a refresh token", async () => {
  const { env, helper } = await testHome();
  await helper("token", `echo '{"ServerURL":"r.test","Username":"<token>","Secret":"t"}'`);
  expect(await createHelperStore("token", { env }).get("r.test")).toEqual({ refreshToken: "t" });
});

test("[client/B-58] no shell sees what is passed on", async () => {
  const { env, keychain, join } = await testHome();
  await keychain("kc");
  const store = createHelperStore("kc", { env });
  const address = `r.test"; touch ${join("pwned")}; $(touch ${join("pwned")})`;
  await store.put(address, { username: "u", password: "$(id) `id` ' \" \\ \n" });
  expect(await store.get(address)).toEqual({ username: "u", password: "$(id) `id` ' \" \\ \n" });
  await expect(readFile(join("pwned"))).rejects.toThrow("ENOENT");
  for (const suffix of ["", "a b", "../x", "a/b", "a;b", "a\0b"]) expect(() => createHelperStore(suffix)).toThrow(TypeError);
});

test("[client/B-58] 'not found' is no error; other failures are, with what the helper said on standard output", async () => {
  const { env, helper } = await testHome();
  await helper("none", "echo 'credentials not found in native keychain'; exit 1");
  const none = createHelperStore("none", { env });
  expect([await none.get("r.test"), await none.delete("r.test")]).toEqual([undefined, undefined]);
  await helper("fails", "echo hunter3 >&2; printf '\\n  the key chain\\033[31m\\nis locked  \\n'; exit 7");
  const error = await failureOf(createHelperStore("fails", { env }).get("r.test"));
  expect(error).toMatchObject({ code: "ERR_CREDENTIAL_HELPER", helper: "docker-credential-fails", action: "get" });
  expect(error.message).toBe('Cannot run credential helper "docker-credential-fails get": the key chain [31m is locked');
  expect(inspect(error)).not.toContain("hunter3");
  await helper("silent", "exit 1");
  expect((await failureOf(createHelperStore("silent", { env }).get("r.test"))).message).toContain("it failed without a word");
});

test("[client/B-58] a helper that fails with a word on standard error alone is quoted: one line, its end, no secrets", async () => {
  const { env, helper } = await testHome();
  const said = async (script: string): Promise<string> => {
    await helper("broken", `exec >&2; ${script}; exit 1`);
    const store = createHelperStore("broken", { env });
    return (await failureOf(store.put("r.test", { username: "u", password: "hunter2 x" }))).message.replace(/^.*? store": /, "");
  };
  expect(await said("printf 'Traceback\\n  no module\\033[0m boto3\\n'")).toBe(
    'it says on standard error: "Traceback no module [0m boto3"',
  );
  expect(await said("head -c 2000 /dev/zero | tr '\\0' x; echo ' the end'")).toMatch(/^it says on standard error: "<concealed> the end"$/);
  const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";
  const leak = `cat; echo "; got ${jwt} password=hunter3 Token: hunter4 Authorization: Bearer hunter5 token=Bearer hunter6"`;
  expect(await said(leak)).not.toMatch(/hunter|eyJ/);
  expect(await said("echo cannot open /usr/local/lib/a-rather-long-name-of-a-folder/python3.12/x.so")).toContain("folder/python3.12/x.so");
});

test("[client/B-58] a helper that echoes what it was given does not bring it into the error", async () => {
  const { env, helper } = await testHome();
  await helper("parrot", 'cat; echo " raw hunter2 hunter4"; exit 1');
  const store = createHelperStore("parrot", { env });
  for (const credential of [{ username: "u", password: "hunter2" }, { refreshToken: "hunter4" }, { username: "u", password: 'hunter"5' }]) {
    const { message } = await failureOf(store.put("r.test", credential));
    expect(message).toContain("<concealed>");
    expect(message).not.toContain(credential.password ?? credential.refreshToken);
  }
});

test("[client/B-58] an answer that is nonsense is an error that shows nothing of it", async () => {
  const { env, helper } = await testHome();
  for (const answer of ["", "hunter2", '{"Secret":"hunter2"', '["hunter2"]', '{"Username":"u","Secret":["hunter2"]}']) {
    await helper("odd", `printf '%s' '${answer}'`);
    const error = await failureOf(createHelperStore("odd", { env }).get("r.test"));
    expect(error).toMatchObject({ code: "ERR_CREDENTIAL_HELPER" });
    expect(inspect(error)).not.toContain("hunter");
  }
  await helper("odd", "echo '{}'");
  expect(await createHelperStore("odd", { env }).get("r.test")).toBeUndefined();
});

test("[client/B-58] a helper that is missing or may not run says what to do", async () => {
  const { env, helper } = await testHome();
  const message = async (suffix: string): Promise<string> => (await failureOf(createHelperStore(suffix, { env }).get("r.test"))).message;
  expect(await message("absent")).toBe(
    'Cannot run credential helper "docker-credential-absent get": it is not on the PATH: install "docker-credential-absent"',
  );
  await chmod(await helper("plain", "true"), 0o644);
  expect(await message("plain")).toContain("it may not be executed");
});

test("[client/B-58] a helper that does not read its input may still answer", async () => {
  const { env, helper } = await testHome();
  await helper("deaf", `exec <&-; echo '{"Username":"u","Secret":"p"}'`);
  const store = createHelperStore("deaf", { env });
  expect(await store.get("r".repeat(1 << 20))).toEqual({ username: "u", password: "p" });
  await store.put("r.test", { username: "u", password: "p".repeat(1 << 20) });
});

test("[client/B-58] a helper that hangs is ended, also when something it started holds its output", async () => {
  const { env, helper } = await testHome();
  await helper("hangs", "echo Enter PIN: >&2; sleep 3; true"); // the sleep outlives the shell, and holds its output
  const error = await failureOf(createHelperStore("hangs", { env, timeoutMs: 50 }).get("r.test"));
  expect(error).toMatchObject({ code: "ERR_CREDENTIAL_HELPER", retryable: true });
  expect(error.message).toContain("it did not end within 50 ms");
  expect(error.message).not.toContain("\n");
});

test("[client/B-58] a signal ends a helper, and its reason is what the caller gets", async () => {
  const { env, helper, join } = await testHome();
  await helper("waits", `echo started > "${join("started")}"; exec sleep 60`);
  const controller = new AbortController();
  const reason = new Error("enough");
  const trace = { executeStart: () => queueMicrotask(() => controller.abort(reason)) };
  expect(await failureOf(createHelperStore("waits", { env, trace }).get("r.test", { signal: controller.signal }))).toBe(reason);
});

test("[client/B-58] a helper that talks without end is ended", async () => {
  const { env, helper } = await testHome();
  await helper("talks", "exec yes hunter2");
  const error = await failureOf(createHelperStore("talks", { env }).get("r.test"));
  expect(error.message).toContain("it printed more than 1048576 bytes");
  expect(inspect(error)).not.toContain("hunter2");
});

test("[client/B-58] what a helper cannot keep is refused before it is started", async () => {
  const { env } = await testHome();
  const store = createHelperStore("absent", { env });
  for (const credential of [{ accessToken: "t" }, {}]) {
    await expect(store.put("r.test", credential)).rejects.toMatchObject({ code: "ERR_INVALID_CREDENTIAL" });
  }
});

test("[client/B-62] trace hooks see start and end of each run, and no secrets", async () => {
  const { env, keychain } = await testHome();
  await keychain("kc");
  const seen: unknown[] = [];
  const trace = {
    executeStart: (...all: unknown[]) => seen.push(["start", ...all]),
    executeDone: (...all: unknown[]) => seen.push(["done", ...all]),
  };
  const store = createHelperStore("kc", { env, trace });
  await store.put("r.test", { username: "u", password: "hunter2" });
  await store.get("r.test");
  await store.get("none.test");
  await store.delete("r.test");
  const absent = await failureOf(createHelperStore("absent", { env, trace }).get("r.test"));
  const names = ["store", "get", "get", "erase"];
  expect(seen).toEqual([
    ...names.flatMap((name) => [
      ["start", "docker-credential-kc", name],
      ["done", "docker-credential-kc", name, undefined],
    ]),
    ["start", "docker-credential-absent", "get"],
    ["done", "docker-credential-absent", "get", absent],
  ]);
  expect(inspect(seen, { depth: 9 })).not.toContain("hunter2");
});

test("[client/B-59] the default helper is that of the system, when its program is there", async () => {
  const { env, helper, write } = await testHome();
  const detect = (platform: NodeJS.Platform): Promise<string | undefined> =>
    detectDefaultHelper({ env: { ...env, PATH: env["PATH"]?.split(":")[0] }, platform });
  for (const platform of ["darwin", "win32", "linux", "freebsd"] as const) expect(await detect(platform)).toBeUndefined();
  for (const suffix of ["osxkeychain", "secretservice", "pass"]) await helper(suffix, "true");
  expect([await detect("darwin"), await detect("linux"), await detect("freebsd")]).toEqual(["osxkeychain", "secretservice", undefined]);
  await write("bin/pass", "#!/bin/sh\n");
  expect(await detect("linux")).toBe("secretservice");
  await chmod(await write("bin/pass", "#!/bin/sh\n"), 0o755);
  expect(await detect("linux")).toBe("pass");
  await chmod(await write("bin/docker-credential-wincred.exe", ""), 0o755);
  expect(await detect("win32")).toBe("wincred");
});
