import { expect, test } from "vitest";
import { ConfigError } from "./issues.ts";
import { defaultConfig, loadConfig } from "./load.ts";
import { errorsOf, SMALLEST, warningsOf } from "./testing/mistakes.ts";

test("[server/G1] version 0.1 is required, as a number or a string, and no other is taken", () => {
  expect(errorsOf("version: 0.1\nstorage: inmemory")).toEqual([]);
  expect(errorsOf("version: '0.1'\nstorage: inmemory")).toEqual([]);
  expect(errorsOf("version: 0.2\nstorage: inmemory")).toEqual(['c.yml:1:10: version: unsupported version: "0.2"']);
  expect(errorsOf("version: 0.10\nstorage: inmemory")).toEqual(['c.yml:1:10: version: unsupported version: "0.10"']);
  expect(errorsOf("storage: inmemory")).toEqual(["c.yml:1:1: version: is required"]);
});

test("[server/G1] unknown keys are warned of with the nearest known one, and are errors under strict", () => {
  const text = `${SMALLEST}http:\n  adr: :5000\nfoo: 1\n`;
  expect(warningsOf(text)).toEqual([
    'warning c.yml:4:3: http.adr: is not a known key: did you mean "http.addr"?',
    "warning c.yml:5:1: foo: is not a known key",
  ]);
  expect(errorsOf(text, { strict: true })).toHaveLength(2);
});

test.each([
  ["http: {tsl: {}}", "http.tsl", "http.tls"],
  ["htpp: {addr: x}", "htpp", "http"],
  ["ltos: {}", "ltos", undefined],
  ["log: {accesslog: {disable: true}}", "log.accesslog.disable", "log.accesslog.disabled"],
  ["validation: {manifest: {}}", "validation.manifest", "validation.manifests"],
])("[server/G1] a misspelt key is told with the whole path of what it may mean (%j)", (line, path, meant) => {
  const [warning] = warningsOf(`${SMALLEST}${line}\n`);
  expect(warning?.endsWith(`: ${path}: is not a known key${meant === undefined ? "" : `: did you mean "${meant}"?`}`), warning).toBe(true);
});

test("[server/G3,G7] a misspelt driver, key or controller is an error that names what it may mean", () => {
  expect(errorsOf("version: 0.1\nstorage: {filesytem: {}}\nauth: {htpaswd: {}}\n")).toEqual([
    'c.yml:2:11: storage.filesytem: is not a known storage driver: did you mean "storage.filesystem"?',
    'c.yml:3:8: auth.htpaswd: is not a known controller: did you mean "auth.htpasswd"?',
  ]);
  expect(errorsOf("version: 0.1\nstorage: {filesystem: {rootdirectory: d}, delte: {}, sundry: {}}\n")).toEqual([
    'c.yml:2:43: storage.delte: is not a known key: did you mean "storage.delete"?',
    "c.yml:2:54: storage.sundry: is not a known key",
  ]);
});

test("[server/G1] a key set twice is warned of, the last one counts, and strict makes it an error", () => {
  const text = `${SMALLEST}workers: 1\nlog: {level: debug}\nlog: {level: error}\n`;
  expect(warningsOf(text)).toEqual(["warning c.yml:5:1: log: is set twice: the last one counts"]);
  expect(loadConfig({ text }).config.log.level).toBe("error");
  expect(errorsOf(text, { strict: true })).toHaveLength(1);
});

test("[server/G24] durations are Go's, and a bare small number is warned of", () => {
  const drain = (value: string): string => `${SMALLEST}http: {draintimeout: ${value}}\n`;
  expect(loadConfig({ text: drain("1h30m") }).config.http.drainTimeoutMs).toBe(5_400_000);
  expect(loadConfig({ text: drain("2000000000") }).config.http.drainTimeoutMs).toBe(2000);
  expect(warningsOf(drain("30"))).toEqual(["warning c.yml:3:22: http.draintimeout: means 30 nanoseconds: write a unit, such as 30s"]);
  expect(warningsOf(drain("0"))).toEqual([]);
  expect(errorsOf(drain("soon"))).toEqual(['c.yml:3:22: http.draintimeout: expected a duration such as 30s or 1h30m, got "soon"']);
  expect(errorsOf(drain("-1s"))).toHaveLength(1);
});

test("every mistake of a file is told at once, with the warnings, and no secret", () => {
  const text =
    "version: 9\nstorage: {filesystem: {maxthreads: none}}\nhttp: {secret: [hunter2], adr: x}\nnotifications: {endpoints: [{headers: {Authorization: hunter2}}]}\n";
  try {
    loadConfig({ text, file: "c.yml" });
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.issues.map(({ path, line, severity }) => `${severity} ${line}:${path}`)).toEqual([
      "error 1:version",
      "error 2:storage.filesystem.maxthreads",
      "info 3:http.secret",
      "error 3:http.secret",
      "warning 3:http.adr",
      "warning 4:notifications",
      "error 4:notifications.endpoints.0.headers.Authorization",
    ]);
    expect(error.message).not.toContain("hunter2");
    expect(JSON.stringify(error.issues)).not.toContain("hunter2");
  }
});

test("a file that is no YAML, no mapping or not there is told by its place", () => {
  expect(errorsOf("version: 0.1\nstorage: [")[0]).toMatch(/^c\.yml:2:\d+: cannot read YAML: /);
  expect(errorsOf("- a\n")).toEqual(['c.yml:1:1: expected a mapping, such as "version: 0.1"']);
  expect(errorsOf("")).toEqual(["c.yml:1:1: version: is required", "c.yml:1:1: storage: no storage configuration provided"]);
  expect(() => loadConfig({ file: "/nowhere/c.yml" })).toThrow("/nowhere/c.yml: cannot read the file: no such file or folder");
  expect(() => loadConfig({ file: "/" })).toThrow("/: cannot read the file: it is a folder");
  expect(errorsOf(`a: &a [${"x,".repeat(500)}]\nb: &b [${"*a,".repeat(500)}]\nc: [${"*b,".repeat(500)}]\n`)).toEqual([
    "c.yml:1:1: cannot read YAML: aliases repeat too much",
  ]);
});

test("anchors and merge keys work, and mistakes in them stand where they were written", () => {
  const text = `${SMALLEST}catalog: &limits\n  maxentries: 7\ntags:\n  <<: {maxtags: 9}\n`;
  expect(loadConfig({ text }).config).toMatchObject({ catalog: { maxEntries: 7 }, tags: { maxTags: 9 } });
});

test("without a file a folder is served on the loopback address, deletes are on, and PORT and BERTH_DATA change both", () => {
  expect(defaultConfig()).toMatchObject({
    http: { address: { host: "127.0.0.1", port: 5000 } },
    storage: { driver: { kind: "filesystem", rootDirectory: "./data" }, deletesEnabled: true },
    auth: { kind: "none" },
  });
  expect(defaultConfig({ PORT: "6000", BERTH_DATA: "/d" })).toMatchObject({
    http: { address: { host: "127.0.0.1", port: 6000 } },
    storage: { driver: { rootDirectory: "/d" } },
    metadata: { path: "/d/berth/metadata.db" },
  });
  expect(() => defaultConfig({ PORT: "http" })).toThrow("PORT: http.addr: expected a port from 0 to 65535");
});

test("flags win over variables, and variables over the file", () => {
  const text = "version: 0.1\nstorage: {filesystem: {rootdirectory: /file}}\nhttp: {addr: ':1000'}\n";
  const port = (options: Parameters<typeof loadConfig>[0]): unknown => loadConfig({ text, ...options }).config.http.address;
  expect(port({})).toEqual({ net: "tcp", host: "", port: 1000 });
  expect(port({ env: { PORT: "2000" } })).toEqual({ net: "tcp", host: "", port: 2000 });
  expect(port({ env: { PORT: "2000", REGISTRY_HTTP_ADDR: "127.0.0.1:3000" } })).toEqual({ net: "tcp", host: "127.0.0.1", port: 3000 });
  expect(
    port({ env: { REGISTRY_HTTP_ADDR: "127.0.0.1:3000" }, overrides: [{ path: "http.port", value: "4000", origin: "--port" }] }),
  ).toEqual({ net: "tcp", host: "127.0.0.1", port: 4000 });
  const { config } = loadConfig({
    text,
    env: { BERTH_DATA: "/variable" },
    overrides: [{ path: "storage.filesystem.rootdirectory", value: "/flag", origin: "--data" }],
  });
  expect(config.storage.driver).toMatchObject({ rootDirectory: "/flag" });
  expect(() => loadConfig({ text, overrides: [{ path: "workers", value: "many", origin: "--workers" }] })).toThrow(
    '--workers: workers: expected a whole number from 1 to 256, got "many"',
  );
});
