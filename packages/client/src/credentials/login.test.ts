import { inspect } from "node:util";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { createConnection } from "../remote/create-connection.ts";
import { createTokenCache } from "../auth/token-cache.ts";
import type { CredentialStore } from "./credential.ts";
import { login, type LoginOptions, logout } from "./login.ts";
import { createMemoryStore } from "./memory-store.ts";

const ALICE = { username: "alice", password: "hunter2" };
const BASIC = `Basic ${btoa("alice:hunter2")}`;

/** A registry that lets only alice in. */
async function guarded(): Promise<ScriptedRegistry> {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  return registry.on("GET", "/v2/", ({ headers }) =>
    headers["authorization"] === BASIC ? { body: "{}" } : { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } },
  );
}

test("[client/B-61] a good credential is proved at /v2/ and stored under the server address", async () => {
  const registry = await guarded();
  const store = createMemoryStore();
  await login(registry.host, ALICE, { store });
  expect(await store.get(registry.host)).toEqual(ALICE);
  expect(new Set(registry.journal())).toEqual(new Set(["GET /v2/"]));
});

test("[client/B-61] a wrong password is not stored, and what was stored before stays", async () => {
  const registry = await guarded();
  const store = createMemoryStore();
  const wrong = { username: "alice", password: "wrong" };
  await expect(login(registry.host, wrong, { store })).rejects.toMatchObject({
    status: 401,
    message: expect.stringMatching(/^Cannot log in: "[\d.:]+" answered 401 Unauthorized.*; check user name and password$/),
  });
  expect(await store.get(registry.host)).toBeUndefined();
  await login(registry.host, ALICE, { store });
  await expect(login(registry.host, wrong, { store })).rejects.toMatchObject({ status: 401 });
  expect(await store.get(registry.host)).toEqual(ALICE);
});

test("[client/B-61] Docker Hub has one key under all its names, and logout forgets it", async () => {
  const { host } = await guarded();
  const hub: LoginOptions["connect"] = async () => createConnection(host, { plainHttp: true, credentials: async () => ALICE });
  for (const name of ["docker.io", "registry-1.docker.io", "index.docker.io"]) {
    const keys: string[] = [];
    const memory = createMemoryStore();
    const store: CredentialStore = {
      ...memory,
      put: async (address, ...rest) => {
        keys.push(address);
        await memory.put(address, ...rest);
      },
    };
    await login(name, ALICE, { store, connect: hub });
    expect(keys).toEqual(["https://index.docker.io/v1/"]);
    await logout("docker.io", { store });
    expect(await store.get("https://index.docker.io/v1/")).toBeUndefined();
    await logout("docker.io", { store });
  }
});

test("[client/B-61] an empty credential asks nobody, and the connection is closed whatever happens", async () => {
  const registry = await guarded();
  const store = createMemoryStore();
  await expect(login(registry.host, { username: "" }, { store })).rejects.toMatchObject({ code: "ERR_INVALID_CREDENTIAL" });
  expect(registry.requests).toEqual([]);
  let closed = 0;
  const counting: LoginOptions["connect"] = async (...all) => {
    const connection = createConnection(all[0], { plainHttp: true, credentials: all[1] });
    return { ...connection, close: async () => void (await connection.close(), closed++) };
  };
  await login(registry.host, ALICE, { store, connect: counting });
  await expect(login(registry.host, { username: "x", password: "y" }, { store, connect: counting })).rejects.toThrow();
  await expect(login(registry.host, ALICE, { store, connect: counting, signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
    "enough",
  );
  expect(closed).toBe(3);
});

test("[client/B-61] what the store cannot keep is an error of the login", async () => {
  const registry = await guarded();
  const store: CredentialStore = { ...createMemoryStore(), put: () => Promise.reject(new RangeError("full")) };
  await expect(login(registry.host, ALICE, { store })).rejects.toThrow("full");
});

/** A registry whose token server knows alice, and gives others what they ask for with nothing in it. */
async function tokenGuarded(): Promise<ScriptedRegistry> {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  const challenge = { "www-authenticate": `Bearer realm="${registry.url}/token",service="s"` };
  return registry
    .on("GET", "/v2/", ({ headers }) => (headers["authorization"] === "Bearer good" ? {} : { status: 401, headers: challenge }))
    .on("GET", "/token", ({ headers }) => (headers["authorization"] === BASIC ? { body: '{"token":"good"}' } : { status: 401 }));
}

test("[client/B-61] a token server decides as well", async () => {
  const registry = await tokenGuarded();
  const store = createMemoryStore();
  await expect(login(registry.host, { username: "alice", password: "wrong" }, { store })).rejects.toThrow();
  expect(await store.get(registry.host)).toBeUndefined();
  await login(registry.host, ALICE, { store });
  expect(await store.get(registry.host)).toEqual(ALICE);
});

test("[client/B-61] tokens of before prove nothing, and options and tokens of the caller stay as they are", async () => {
  const registry = await tokenGuarded();
  const tokenCache = createTokenCache();
  const connection = { plainHttp: true, auth: { tokenCache } };
  const client = createConnection(registry.host, { ...connection, credentials: async () => ALICE });
  const ping = { method: "GET", target: "/v2/", expect: [200] };
  (await client.send(ping)).body.resume();
  const asked = registry.journal().length;
  const wrong = { username: "alice", password: "wrong" };
  await expect(login(registry.host, wrong, { store: createMemoryStore(), connection })).rejects.toThrow();
  expect(connection).toEqual({ plainHttp: true, auth: { tokenCache } });
  registry.requests.length = 0;
  (await client.send(ping)).body.resume();
  expect([asked, registry.journal()]).toEqual([3, ["GET /v2/"]]);
});

test("[client/B-61,D-9] the credential goes to no other host, wherever the registry leads", async () => {
  const other = await guarded();
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  registry.on("GET", "/v2/", { status: 307, headers: { location: `${other.url}/v2/` } });
  const store = createMemoryStore();
  await expect(login(registry.host, ALICE, { store })).rejects.toThrow();
  expect(other.requests.map(({ headers }) => headers["authorization"])).not.toContain(BASIC);
  expect(await store.get(registry.host)).toBeUndefined();
});

test("[client/B-61] no error of a login shows the password", async () => {
  const nothing = await startScriptedRegistry();
  onTestFinished(() => nothing.close());
  for (const registry of [nothing.host, (await guarded()).host, "127.0.0.1:1"]) {
    const error: unknown = await login(registry, { username: "bob", password: "hunter2" }, { store: createMemoryStore() }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: 9 })).not.toMatch(/hunter2|Ym9iOmh1bnRlcjI/);
  }
});
