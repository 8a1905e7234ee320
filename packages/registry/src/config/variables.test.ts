import { expect, test } from "vitest";
import { loadConfig } from "./load.ts";
import { errorsOf, SMALLEST, warningsOf } from "./testing/mistakes.ts";

const FILE = "version: 0.1\nstorage: {filesystem: {rootdirectory: /d}}\n";

test("[server/G20] a variable names a key by its path and its value is YAML", () => {
  const env = {
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "/other",
    REGISTRY_HTTP_RELATIVEURLS: "true",
    REGISTRY_HTTP_HEADERS: "{X-A: [b]}",
    REGISTRY_AUTH: "{htpasswd: {realm: Registry Realm, path: /p}}",
    REGISTRY_LOG_FIELDS_ENVIRONMENT: "production",
    REGISTRY_METADATA_POSTGRES_URL: "postgres://h/d",
    REGISTRY_VERSION: "0.9",
    REGISTRY_CONFIGURATION_PATH: "/c.yml",
    OTHER_HTTP_ADDR: ":1",
  };
  const { config, warnings } = loadConfig({ text: FILE, env });
  expect(config).toMatchObject({
    storage: { driver: { rootDirectory: "/other" } },
    http: { relativeUrls: true, headers: { "X-A": ["b"] } },
    auth: { kind: "htpasswd", realm: "Registry Realm", path: "/p" },
    log: { fields: { environment: "production" } },
    metadata: { kind: "postgres" },
  });
  expect(warnings).toEqual([]);
});

test("[server/G20] a text that YAML would split or refuse is still a text, and an empty one means the default", () => {
  const env = {
    REGISTRY_HTTP_ADDR: "",
    REGISTRY_AUTH_HTPASSWD_REALM: "a: b",
    REGISTRY_AUTH_HTPASSWD_PATH: "@file",
    REGISTRY_HTTP_SECRET: "*hunter2",
  };
  const { config } = loadConfig({ text: FILE, env });
  expect(config.auth).toEqual({ kind: "htpasswd", realm: "a: b", path: "@file" });
  expect(config.http.address).toEqual({ net: "tcp", host: "127.0.0.1", port: 5000 });
});

test("[server/G20] a mistake in a variable is told by the variable's name and never shows a secret", () => {
  expect(
    errorsOf(FILE, { env: { REGISTRY_LOG_LEVEL: "loud", REGISTRY_HTTP_HEADERS: "{hunter2", REGISTRY_METADATA_POSTGRES_URL: "hunter2" } }),
  ).toEqual([
    "REGISTRY_HTTP_HEADERS: cannot read the value as YAML",
    'REGISTRY_LOG_LEVEL: log.level: expected one of error, warn, info, debug, got "loud"',
    "REGISTRY_METADATA_POSTGRES_URL: metadata.postgres.url: expected a URL such as postgres://user@host:5432/database, got another value",
  ]);
});

test("[server/G21] names of Go fields and of keys both work", () => {
  const env = {
    REGISTRY_HEALTH_FILECHECKERS_0_FILE: "/f",
    REGISTRY_HEALTH_HTTPCHECKERS_0_URI: "http://x",
    REGISTRY_HEALTH_TCPCHECKERS_0_ADDR: "x:1",
    REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES: "true",
    REGISTRY_NOTIFICATIONS_EVENTS_INCLUDEREFERENCES: "false",
    REGISTRY_LOG_HOOKS_0_MAILOPTIONS_SMTP_ADDR: "x:25",
    REGISTRY_LOG_HOOKS_0_OPTIONS_FROM: "a@b",
  };
  expect(warningsOf(SMALLEST, { env }).map((line) => line.split(": ")[1])).toEqual(["log.hooks", "notifications", "health"]);
  expect(
    errorsOf(SMALLEST, { env: { REGISTRY_HEALTH_FILE_0_INTERVAL: "soon", REGISTRY_HEALTH_FILECHECKERS_0_THRESHOLD: "many" } }),
  ).toHaveLength(2);
});

test("[server/G22] list indexes append by one, and not further", () => {
  const urls = (index: string): Record<string, string> => ({ [`REGISTRY_HTTP_TRUSTEDPROXIES_${index}`]: "10.0.0.1" });
  const text = `${SMALLEST}http: {trustedproxies: [127.0.0.1]}\n`;
  expect(loadConfig({ text, env: urls("0") }).config.http.trustedProxies).toEqual(["10.0.0.1"]);
  expect(loadConfig({ text, env: urls("1") }).config.http.trustedProxies).toEqual(["127.0.0.1", "10.0.0.1"]);
  expect(errorsOf(text, { env: urls("2") })).toEqual([
    "REGISTRY_HTTP_TRUSTEDPROXIES_2: http.trustedproxies: undefined index: 2, the list has 1",
  ]);
  expect(errorsOf(text, { env: urls("X") })).toEqual(['REGISTRY_HTTP_TRUSTEDPROXIES_X: http.trustedproxies: non-numeric index: "X"']);
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`REGISTRY_HTTP_TRUSTEDPROXIES_${index}`, `10.0.0.${index}`]));
  expect(loadConfig({ text: SMALLEST, env: many }).config.http.trustedProxies).toHaveLength(12);
});

test("[server/G22] a second driver through a variable is the two-drivers error", () => {
  expect(errorsOf(FILE, { env: { REGISTRY_STORAGE_S3_BUCKET: "b" } })).toContain(
    "c.yml:2:1: storage: must provide exactly one storage type. Provided: [filesystem s3]",
  );
});

test("[server/G22] an unknown name is a warning even under strict, and what other programs set is left alone", () => {
  const env = {
    REGISTRY_HTTP_ADR: ":1",
    REGISTRY_NOPE: "x",
    REGISTRY_LOG_LEVEL_DEEPER: "x",
    REGISTRY_PORT: "tcp://10.0.0.1:5000",
    REGISTRY_PORT_5000_TCP_ADDR: "10.0.0.1",
    REGISTRY_SERVICE_HOST: "10.0.0.1",
    REGISTRY_AUTH_FILE: "/auth.json",
  };
  expect(warningsOf(FILE, { env, strict: true })).toEqual([
    "warning REGISTRY_HTTP_ADR: is not recognised and has no effect",
    "warning REGISTRY_LOG_LEVEL_DEEPER: is not recognised and has no effect",
    "warning REGISTRY_NOPE: is not recognised and has no effect",
  ]);
});

test("[server/G23] REGISTRY_STORAGE replaces the section, and longer names still add to it", () => {
  const { storage } = loadConfig({ text: FILE, env: { REGISTRY_STORAGE_DELETE_ENABLED: "true", REGISTRY_STORAGE: "inmemory" } }).config;
  expect(storage).toMatchObject({ driver: { kind: "inmemory" }, deletesEnabled: true });
});
