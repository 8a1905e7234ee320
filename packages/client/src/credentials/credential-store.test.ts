import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createFallbackStore } from "./combine-credentials.ts";
import type { CredentialStore } from "./credential.ts";
import { createDockerConfigStore, createFileStore } from "./docker-config-store.ts";
import { createHelperStore } from "./helper-store.ts";
import { testHome } from "./helper-programs.test-support.ts";
import { createMemoryStore } from "./memory-store.ts";

const HUB = "https://index.docker.io/v1/";

const stores: readonly (readonly [string, () => Promise<CredentialStore>])[] = [
  ["createMemoryStore()", async () => createMemoryStore()],
  ["createFileStore()", async () => createFileStore((await testHome()).join("new", "auth.json"))],
  [
    "createHelperStore()",
    async () => {
      const { keychain, env } = await testHome();
      await keychain("kc");
      return createHelperStore("kc", { env });
    },
  ],
  [
    "createDockerConfigStore() with credsStore",
    async () => {
      const { keychain, env, write } = await testHome();
      await keychain("kc");
      await write(".docker/config.json", '{"credsStore":"kc"}');
      return createDockerConfigStore({ env });
    },
  ],
  [
    "createDockerConfigStore() in plain text",
    async () => createDockerConfigStore({ env: (await testHome()).env, allowPlaintextPut: true }),
  ],
  ["createFallbackStore()", async () => createFallbackStore(createMemoryStore(), createMemoryStore())],
];

describe.each(stores)("%s", (_, create) => {
  test("[client/B-54] keeps, replaces and forgets; what is missing is no error", async () => {
    const store = await create();
    expect(await store.get("r.test")).toBeUndefined();
    await store.delete("r.test");
    await store.put("r.test", { username: "u", password: 'p:1 ä\n"' });
    await store.put(HUB, { username: "h", password: "q" });
    expect(await store.get("r.test")).toEqual({ username: "u", password: 'p:1 ä\n"' });
    expect(await store.get(HUB)).toEqual({ username: "h", password: "q" });
    await store.put("r.test", { username: "v", password: "2" });
    expect(await store.get("r.test")).toEqual({ username: "v", password: "2" });
    await store.delete("r.test");
    expect([await store.get("r.test"), await store.get(HUB)]).toEqual([undefined, { username: "h", password: "q" }]);
    expect(await store.get("r.test.evil")).toBeUndefined();
  });

  test("[client/B-54,B-58] keeps refresh tokens", async () => {
    const store = await create();
    await store.put("r.test", { refreshToken: "t" });
    expect(await store.get("r.test")).toEqual({ refreshToken: "t" });
  });

  test("[client/B-54] shows no secret when printed", async () => {
    const store = await create();
    await store.put("r.test", { username: "u", password: "hunter2" });
    expect(inspect([store, await store.get("r.test")], { depth: 9, showHidden: true })).not.toContain("hunter2");
  });

  test("[client/B-54] rejects with the reason of a signal", async () => {
    const store = await create();
    const reason = new Error("enough");
    await store.get("r.test", { signal: AbortSignal.abort(reason) }).then(
      (found) => expect(found).toBeUndefined(), // memory does not wait
      (error: unknown) => expect(error).toBe(reason),
    );
  });
});

test("[client/B-60] a memory store begins with the entries of a config text, and has its own before them", async () => {
  const store = createMemoryStore({
    dockerConfig: '{"credsStore":"pass","auths":{"r.test":{"username":"u","password":"p"},"r.test/a":{"username":"a","password":"p"}}}',
  });
  expect(await store.get("r.test")).toEqual({ username: "u", password: "p" });
  expect(await store.find({ registry: "r.test", repository: "a/x" })).toEqual({ username: "a", password: "p" });
  await store.put("r.test", { username: "new", password: "p" });
  expect([await store.get("r.test"), await store.get("r.test/a")]).toEqual([
    { username: "new", password: "p" },
    { username: "a", password: "p" },
  ]);
  await store.delete("r.test");
  expect([await store.get("r.test"), await store.get("r.test/a")]).toEqual([undefined, { username: "a", password: "p" }]);
  expect(() => createMemoryStore({ dockerConfig: "{" })).toThrow(/Cannot read credentials of "text" at line 1, column 2/);
});

test("[client/B-60] fallbacks give the first credential, stop at an error, and are never written to", async () => {
  const [first, second, third] = [createMemoryStore(), createMemoryStore(), createMemoryStore()];
  await second.put("r.test", { username: "second", password: "p" });
  await third.put("r.test", { username: "third", password: "p" });
  const store = createFallbackStore(first, second, third);
  expect((await store.get("r.test"))?.username).toBe("second");
  expect((await store.find?.({ registry: "r.test", repository: "a" }))?.username).toBe("second");
  await store.put("r.test", { username: "first", password: "p" });
  expect([(await first.get("r.test"))?.username, (await second.get("r.test"))?.username]).toEqual(["first", "second"]);
  await store.delete("r.test");
  expect((await store.get("r.test"))?.username).toBe("second");
  const broken: CredentialStore = {
    ...first,
    get: () => Promise.reject(new RangeError("broken")),
    find: () => Promise.reject(new RangeError("broken")),
  };
  await expect(createFallbackStore(first, broken, third).get("r.test")).rejects.toThrow("broken");
  await expect(createFallbackStore(first, broken, third).find?.({ registry: "r.test" })).rejects.toThrow("broken");
});
