import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { createConnection } from "../remote/create-connection.ts";
import { createUndiciTransport } from "../transport/undici-transport.ts";
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

/** Sends the credential without being asked: the real stack has tests of its own. */
const connect: NonNullable<LoginOptions["connect"]> = async (registry, credentials) => {
  const inner = createUndiciTransport();
  const { username, password } = (await credentials({ registry })) ?? {};
  const authorization = `Basic ${btoa(`${username}:${password}`)}`;
  const connection = createConnection(registry, {
    transport: (request) => inner({ ...request, headers: { ...request.headers, authorization } }),
  });
  return { ...connection, close: () => inner.close() };
};

test("[client/B-61] a good credential is proved at /v2/ and stored under the server address", async () => {
  const registry = await guarded();
  const store = createMemoryStore();
  await login(registry.host, ALICE, { store, connect });
  expect(await store.get(registry.host)).toEqual(ALICE);
  expect(registry.journal()).toEqual(["GET /v2/"]);
});

test("[client/B-61] a wrong password is not stored, and what was stored before stays", async () => {
  const registry = await guarded();
  const store = createMemoryStore();
  const wrong = { username: "alice", password: "wrong" };
  await expect(login(registry.host, wrong, { store, connect })).rejects.toMatchObject({ status: 401 });
  expect(await store.get(registry.host)).toBeUndefined();
  await login(registry.host, ALICE, { store, connect });
  await expect(login(registry.host, wrong, { store, connect })).rejects.toMatchObject({ status: 401 });
  expect(await store.get(registry.host)).toEqual(ALICE);
});

test("[client/B-61] Docker Hub has one key under all its names, and logout forgets it", async () => {
  const hub: LoginOptions["connect"] = async () => connect((await guarded()).host, async () => ALICE);
  for (const name of ["docker.io", "registry-1.docker.io", "index.docker.io"]) {
    const keys: string[] = [];
    const memory = createMemoryStore();
    const store: CredentialStore = { ...memory, put: (address, ...rest) => memory.put((keys.push(address), address), ...rest) };
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
  await expect(login(registry.host, { username: "" }, { store, connect })).rejects.toMatchObject({ code: "ERR_INVALID_CREDENTIAL" });
  expect(registry.requests).toEqual([]);
  let closed = 0;
  const counting: LoginOptions["connect"] = async (...all) => {
    const connection = await connect(...all);
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
  await expect(login(registry.host, ALICE, { store, connect })).rejects.toThrow("full");
});
