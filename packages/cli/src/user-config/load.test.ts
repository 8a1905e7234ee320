import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadUserConfig, parseUserConfig } from "./load.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-user-config-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

test("settings of registries are read", async () => {
  const text = `registries:
  docker.io: {mirrors: [mirror.local:5000]}
  mirror.local:5000:
    priority: 10
    pathPrefix: hub
    answerTimeout: 1m30s
    plainHttp: true
    chunkSize: 16MiB
    requestsPerSecond: 2.5
    concurrency: 4
    trustedRealms: [auth.local:5001, http://10.0.0.5]
    cert: c.pem
    key: k.pem
`;
  const { registries } = await parseUserConfig(text, "c.yml");
  expect(registries.get("docker.io")).toEqual({ mirrors: ["mirror.local:5000"] });
  expect(registries.get("mirror.local:5000")).toEqual({
    priority: 10,
    pathPrefix: "hub",
    answerTimeout: 90_000,
    plainHttp: true,
    chunkSize: 16_777_216,
    requestsPerSecond: 2.5,
    concurrency: 4,
    trustedRealms: ["auth.local:5001", "http://10.0.0.5"],
    cert: "c.pem",
    key: "k.pem",
  });
});

test("every mistake is named with its place and what was expected", async () => {
  const text = "registries:\n  a.test:\n    plainHtp: true\n    chunkSize: huge\n    mirrors: x\n    cert: c\n  b/c: {}\nother: 1\n";
  await expect(parseUserConfig(text, "c.yml")).rejects.toThrow(
    [
      'Cannot use config file:\n  c.yml:3:15: registries.a.test.plainHtp: "plainHtp" is not a known key, expected one of mirrors, priority, pathPrefix, answerTimeout, plainHttp, insecure, caFile, cert, key, trustedRealms, chunkSize, requestsPerSecond, concurrency',
      'c.yml:4:16: registries.a.test.chunkSize: expected a size such as 16MiB, got "huge"',
      'c.yml:5:14: registries.a.test.mirrors: expected a list of hosts, got "x"',
      "c.yml:3:5: registries.a.test: needs cert and key together",
      "c.yml:7:8: registries.b/c: is no host, perhaps with a port",
      'c.yml:8:8: other: "other" is not a known key, expected one of registries',
    ].join("\n  "),
  );
  await expect(parseUserConfig("registries:\n  a.test:\n    mirrors:\n      - host: b.test\n", "c.yml")).rejects.toThrow(
    "Cannot use config file: c.yml:4:7: registries.a.test.mirrors: expected a host such as mirror.example.com or localhost:5000, got keys with values",
  );
  await expect(parseUserConfig("registries: {a.test: {trustedRealms: ['ftp://b.test']}}\n", "c.yml")).rejects.toThrow(
    'trustedRealms: expected a host such as auth.example.com, or http://auth.example.com, got "ftp://b.test"',
  );
  await expect(parseUserConfig("a: [", "c.yml")).rejects.toThrow(/^Cannot use config file: c\.yml:1:\d+: /);
});

test("the file is where BERTH_CONFIG says, else in the usual folder, and need not be there unless it was named", async () => {
  const file = join(folder, "berth", "config.yml");
  mkdirSync(join(folder, "berth"));
  writeFileSync(file, "registries: {a.test: {insecure: true}}\n");
  for (const env of [{ BERTH_CONFIG: file }, { XDG_CONFIG_HOME: folder }]) {
    expect((await loadUserConfig(env)).registries.get("a.test")).toEqual({ insecure: true });
  }
  expect((await loadUserConfig({ HOME: folder })).registries.size).toBe(0);
  expect((await loadUserConfig({})).registries.size).toBe(0);
  await expect(loadUserConfig({ BERTH_CONFIG: join(folder, "gone") })).rejects.toThrow(
    /^Cannot read config file ".*gone": no such file or folder$/,
  );
});
