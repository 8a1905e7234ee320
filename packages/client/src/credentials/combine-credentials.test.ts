import { inspect } from "node:util";
import { expect, test } from "vitest";
import { firstCredentials, storeCredentials } from "./combine-credentials.ts";
import type { CredentialSource, CredentialStore } from "./credential.ts";
import { kubernetesCredentials } from "./kubernetes-credentials.ts";
import { refreshingCredentials } from "./refreshing-credentials.ts";
import { staticCredentials } from "./static-credentials.ts";

const TARGET = { registry: "r.test" };

test("[client/C-20] the first source that is not anonymous counts, and an error ends the search", async () => {
  const nobody: CredentialSource = async () => ({});
  const broken: CredentialSource = () => Promise.reject(new RangeError("broken"));
  const [a, b] = [staticCredentials("r.test", { accessToken: "a" }), staticCredentials("r.test", { accessToken: "b" })];
  expect(await firstCredentials(nobody, a, b, broken)(TARGET)).toEqual({ accessToken: "a" });
  expect(await firstCredentials(nobody)(TARGET)).toBeUndefined();
  await expect(firstCredentials(broken, a)(TARGET)).rejects.toThrow("broken");
});

test("[client/B-53] a static credential is for one registry, under any of its names", async () => {
  const find = staticCredentials("docker.io", { username: "u", password: "hunter2", accessToken: "" });
  for (const registry of ["docker.io", "registry-1.docker.io", "index.docker.io"]) {
    expect(await find({ registry })).toEqual({ username: "u", password: "hunter2" });
  }
  for (const registry of ["docker.io.evil.test", "r.test", "docker.io:5000"]) expect(await find({ registry })).toBeUndefined();
  expect(inspect(await find({ registry: "docker.io" }))).not.toContain("hunter2");
  expect(await staticCredentials("r.test:443", { accessToken: "t" })(TARGET)).toEqual({ accessToken: "t" });
});

test("[client/B-61] a store that knows no repositories is asked for the server address", async () => {
  const asked: string[] = [];
  const store: CredentialStore = {
    get: async (address) => void asked.push(address),
    put: async () => undefined,
    delete: async () => undefined,
  };
  const find = storeCredentials(store);
  await find({ registry: "registry-1.docker.io", repository: "library/alpine" });
  await find({ registry: "localhost:5000" });
  expect(asked).toEqual(["https://index.docker.io/v1/", "localhost:5000"]);
});

test("[client/C-20] a refreshing source asks again after its time, and once for all who ask at the same time", async () => {
  let [time, asked] = [0, 0];
  const find = refreshingCredentials(async () => ({ username: String(++asked) }), { ttlMs: 100, now: () => time });
  const names = async (): Promise<unknown> => (await find(TARGET))?.username;
  expect(await Promise.all([names(), names(), names()])).toEqual(["1", "1", "1"]);
  time = 99;
  expect(await names()).toBe("1");
  time = 100;
  expect(await names()).toBe("2");
  expect((await find({ ...TARGET, repository: "a" }))?.username).toBe("3");
  expect((await find({ registry: "s.test" }))?.username).toBe("4");
});

test("[client/C-20] a refreshing source keeps no errors and not more entries than it may", async () => {
  let asked = 0;
  const find = refreshingCredentials(
    async ({ registry }) => {
      asked++;
      if (asked === 1) throw new RangeError("broken");
      return { username: registry };
    },
    { maxEntries: 2 },
  );
  await expect(find(TARGET)).rejects.toThrow("broken");
  for (const registry of ["a", "b", "b", "c", "a"]) expect(await find({ registry })).toEqual({ username: registry });
  expect(asked).toBe(5);
});

test("[client/C-20] a caller who gives up leaves the others their answer", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const find = refreshingCredentials(async () => {
    await promise;
    return { username: "u" };
  });
  const controller = new AbortController();
  const reason = new Error("enough");
  const [first, second] = [find(TARGET, { signal: controller.signal }), find(TARGET)];
  controller.abort(reason);
  await expect(first).rejects.toBe(reason);
  await expect(find(TARGET, { signal: controller.signal })).rejects.toBe(reason);
  resolve();
  expect(await second).toEqual({ username: "u" });
});

const secretOf = (auths: object, key = ".dockerconfigjson"): object => ({
  metadata: { namespace: "ns", name: "pull" },
  data: { [key]: Buffer.from(JSON.stringify(key === ".dockercfg" ? auths : { auths })).toString("base64") },
});

test("[client/C-23] pull secrets name registries, parts of them, and patterns of hosts", async () => {
  const user = (username: string): object => ({ username, password: "p" });
  const find = kubernetesCredentials([
    secretOf({ "*.r.test": user("glob"), "r.test/team-a": user("a"), "https://r.test/v1/": user("r"), "r.test/team-a/deep": user("deep") }),
    JSON.stringify({ auths: { "text.test": user("text"), "r.test": user("never") } }),
    secretOf({ "old.test": user("old"), "https://index.docker.io/v1/": user("hub") }, ".dockercfg"),
  ]);
  const nameOf = async (registry: string, repository?: string): Promise<string | undefined> =>
    (await find({ registry, ...(repository && { repository }) }))?.username;
  expect([await nameOf("x.r.test", "y"), await nameOf("x.y.r.test"), await nameOf("x.r.test:5000")]).toEqual([
    "glob",
    undefined,
    undefined,
  ]);
  expect([await nameOf("r.test", "team-a/x"), await nameOf("r.test", "team-a/deep"), await nameOf("r.test", "team-ab")]).toEqual([
    "a",
    "deep",
    "r",
  ]);
  expect([await nameOf("text.test"), await nameOf("old.test"), await nameOf("docker.io", "library/x")]).toEqual(["text", "old", "hub"]);
});

test("[client/C-23] a pull secret that is none is named, not shown", () => {
  expect(() => kubernetesCredentials([{ metadata: { name: "x" }, data: { token: "hunter2" } }])).toThrow(
    /^Cannot read credentials of "pull secret default\/x": it has no ".dockerconfigjson"$/,
  );
  const data = { ".dockerconfigjson": Buffer.from('{"auths": hunter2}').toString("base64") };
  expect(() => kubernetesCredentials([{ data }])).toThrow(
    /^Cannot read credentials of "pull secret default\/0" at line 1, column 11: expected a value$/,
  );
});
