import { expect, test } from "vitest";
import { loadConfig } from "../load.ts";
import { configOf, errorsOf, SMALLEST, warningsOf } from "../testing/mistakes.ts";

test("[server/G2] log has levels, formatters, fields and the access log switch", () => {
  expect(configOf("").log).toEqual({ level: "info", formatter: "text", fields: {}, accessLog: true });
  expect(
    configOf("log:\n  level: Debug\n  formatter: json\n  fields: {service: registry, shard: 3}\n  accesslog: {disabled: true}\n").log,
  ).toEqual({
    level: "debug",
    formatter: "json",
    fields: { service: "registry", shard: 3 },
    accessLog: false,
  });
  expect(configOf("loglevel: warn\n").log.level).toBe("warn");
  expect(configOf("loglevel: warn\nlog: {level: error}\n").log.level).toBe("error");
  expect(errorsOf(`${SMALLEST}log: {level: loud}`)).toEqual([
    'c.yml:3:14: log.level: expected one of error, warn, info, debug, got "loud"',
  ]);
  expect(warningsOf(`${SMALLEST}log:\n  hooks:\n    - type: mail\n      options: {smtp: {password: hunter2}}\n`)).toEqual([
    "warning c.yml:4:3: log.hooks: has no effect yet: no mail is sent",
  ]);
});

test("[server/G3] storage names exactly one driver, beside the reserved keys", () => {
  expect(errorsOf("version: 0.1")).toEqual(["c.yml:1:1: storage: no storage configuration provided"]);
  expect(errorsOf("version: 0.1\nstorage: {delete: {enabled: true}}")).toEqual(["c.yml:2:1: storage: no storage configuration provided"]);
  expect(errorsOf("version: 0.1\nstorage: {inmemory: , filesystem: {}}")).toEqual([
    "c.yml:2:1: storage: must provide exactly one storage type. Provided: [filesystem inmemory]",
  ]);
  expect(configOf("").storage.driver).toEqual({ kind: "inmemory" });
  expect(loadConfig({ text: "version: 0.1\nstorage:\n  filesystem:\n" }).config.storage.driver).toEqual({
    kind: "filesystem",
    rootDirectory: "/var/lib/registry",
    maxThreads: 100,
  });
});

test("[server/G3] a driver we do not have stops the start, known to distribution or not", () => {
  expect(errorsOf("version: 0.1\nstorage: {s3: {secretkey: hunter2}}")).toEqual([
    "c.yml:2:11: storage.s3: cannot be honoured: this storage driver is not built yet; use filesystem",
  ]);
  expect(errorsOf("version: 0.1\nstorage: {floppy: {}}")).toEqual([
    "c.yml:2:11: storage.floppy: is not a known storage driver: expected one of filesystem, inmemory",
  ]);
});

test("[server/G4] upload purging needs all four keys once it is there and on", () => {
  const purging = (keys: string): string => `version: 0.1\nstorage:\n  inmemory:\n  maintenance:\n    uploadpurging: {${keys}}\n`;
  expect(errorsOf(purging("enabled: true, age: 1h"))).toEqual([
    "c.yml:5:5: storage.maintenance.uploadpurging: needs all of its keys when enabled: interval, dryrun missing",
  ]);
  expect(errorsOf(purging("enabled: false"))).toEqual([]);
  expect(loadConfig({ text: purging("enabled: true, age: 1h, interval: 5m, dryrun: true") }).config.uploads).toEqual({
    ttlMs: 3_600_000,
    leaseMs: 30_000,
    purge: { enabled: true, intervalMs: 300_000, dryRun: true },
  });
  expect(configOf("").uploads).toEqual({
    ttlMs: 168 * 3_600_000,
    leaseMs: 30_000,
    purge: { enabled: true, intervalMs: 24 * 3_600_000, dryRun: false },
  });
  expect(
    loadConfig({ text: "version: 0.1\nstorage: {inmemory: , maintenance: {readonly: {enabled: true}}}" }).config.storage.readOnly,
  ).toBe(true);
});

test("[server/G5] deletes are off and redirects are on unless the file says otherwise", () => {
  expect(configOf("").storage).toMatchObject({ deletesEnabled: false, redirectsEnabled: true, readOnly: false });
  const text = "version: 0.1\nstorage:\n  inmemory:\n  delete: {enabled: yes}\n  redirect: {disable: on}\n  tag: {concurrencylimit: 8}\n";
  expect(loadConfig({ text }).config.storage).toMatchObject({ deletesEnabled: true, redirectsEnabled: false });
});

test("[server/G6] a redis cache without a redis section stops the start; a cache in memory has no effect", () => {
  const cache = (kind: string): string => `version: 0.1\nstorage:\n  inmemory:\n  cache: {blobdescriptor: ${kind}}\n`;
  expect(errorsOf(cache("redis"))).toEqual(["c.yml:4:3: storage.cache: needs a redis section: the cache is redis"]);
  expect(errorsOf(`${cache("redis")}redis: {addr: "localhost:6379"}\n`)).toEqual([]);
  expect(warningsOf(cache("inmemory"))).toEqual([
    "info c.yml:4:3: storage.cache: has no effect: descriptors come from the metadata database, which needs no cache",
  ]);
});

test("[server/G7] at most one auth section; one that cannot be honoured stops the start", () => {
  expect(configOf("").auth).toEqual({ kind: "none" });
  expect(configOf("auth: none\n").auth).toEqual({ kind: "none" });
  expect(configOf("auth: {htpasswd: {realm: R, path: /p}}\n").auth).toEqual({ kind: "htpasswd", realm: "R", path: "/p" });
  expect(errorsOf(`${SMALLEST}auth: {htpasswd: {realm: R, path: /p}, none: {}}`)).toEqual([
    "c.yml:3:1: auth: must provide exactly one type. Provided: [htpasswd none]",
  ]);
  expect(errorsOf(`${SMALLEST}auth:\n  htpasswd:\n    realm: R\n`)).toEqual(["c.yml:5:5: auth.htpasswd.path: is required"]);
  expect(errorsOf(`${SMALLEST}auth: {ldap: {}}`)).toEqual([
    "c.yml:3:8: auth.ldap: is not a known controller: expected one of none, htpasswd, token, silly",
  ]);
});

test("[server/G7,V4,V5] a token server: where it is, what it is called, whose keys count", () => {
  const token = { realm: "https://auth.test/token", service: "S", issuer: "I", rootcertbundle: "/ca.pem" };
  const yaml = (settings: object): string => `auth: {token: ${JSON.stringify(settings)}}\n`;
  expect(configOf(yaml(token)).auth).toEqual({
    kind: "token",
    realm: "https://auth.test/token",
    autoRedirect: false,
    service: "S",
    issuer: "I",
    rootCertBundle: "/ca.pem",
    jwks: undefined,
    algorithms: undefined,
  });
  const others = { service: "S", issuer: "I", jwks: "/keys.json", autoredirect: true, signingalgorithms: ["es256", "HS256"] };
  expect(configOf(yaml(others)).auth).toMatchObject({
    realm: "/auth/token",
    autoRedirect: true,
    jwks: "/keys.json",
    algorithms: ["ES256", "HS256"],
  });
  expect(configOf(yaml({ ...others, autoredirectpath: "/t" })).auth).toMatchObject({ realm: "/t" });
  expect(configOf("auth: {silly: {realm: R, service: S}}\n").auth).toEqual({ kind: "silly", realm: "R", service: "S" });
  const errors = (settings: object): readonly string[] => errorsOf(SMALLEST + yaml(settings)).map((one) => one.replace(/^[^ ]+ /, ""));
  expect(errors({ ...token, realm: undefined })).toEqual(["auth.token: realm is missing: expected the address of the token server"]);
  expect(errors({ ...token, rootcertbundle: undefined })).toEqual([
    "auth.token: there is no key to check tokens with: expected rootcertbundle or jwks",
  ]);
  expect(errors({ ...token, issuer: undefined, service: undefined })).toEqual([
    "auth.token.service: is required",
    "auth.token.issuer: is required",
  ]);
  expect(errors({ ...token, signingalgorithms: ["none"] })[0]).toMatch(/expected one of EdDSA, RS256,/);
  expect(errors({ ...others, autoredirectpath: "//evil.test" })[0]).toMatch(/expected a path that starts with a slash/);
});

test("[server/G8] unknown middleware stops the start unless it is disabled; known storage middleware is warned of", () => {
  expect(errorsOf(`${SMALLEST}middleware:\n  registry:\n    - name: guard\n`)).toEqual([
    'c.yml:5:13: middleware.registry.0.name: is not a known registry middleware, got "guard"',
  ]);
  expect(errorsOf(`${SMALLEST}middleware: {registry: [{name: guard, disabled: true}]}`)).toEqual([]);
  expect(warningsOf(`${SMALLEST}middleware: {storage: [{name: cloudfront}]}`)[0]).toContain("middleware.storage.0: has no effect yet");
});

test("[server/G9] http has its defaults and is checked", () => {
  expect(configOf("").http).toMatchObject({
    address: { net: "tcp", host: "127.0.0.1", port: 5000 },
    prefix: "/",
    relativeUrls: false,
    drainTimeoutMs: 10_000,
    http2: true,
    h2c: false,
    trustedProxies: "all",
  });
  const http = configOf(`http:
  addr: "[::1]:443"
  host: https://registry.example.org/
  prefix: /r/
  relativeurls: true
  draintimeout: 1m
  headers: {X-Content-Type-Options: [nosniff], X-Two: [a, b]}
  http2: {disabled: true}
  h2c: {enabled: true}
`).http;
  expect(http).toMatchObject({
    address: { net: "tcp", host: "::1", port: 443 },
    externalUrl: "https://registry.example.org",
    prefix: "/r/",
    relativeUrls: true,
    drainTimeoutMs: 60_000,
    http2: false,
    h2c: true,
  });
  expect(http.headers).toEqual({ "X-Content-Type-Options": ["nosniff"], "X-Two": ["a", "b"] });
  expect(configOf("http: {net: unix, addr: /run/berth.sock}\n").http.address).toEqual({ net: "unix", path: "/run/berth.sock" });
  expect(
    errorsOf(`${SMALLEST}http:\n  addr: nowhere\n  host: example.org\n  prefix: r\n  net: udp\n  headers: {"a b": [x]}\n`),
  ).toHaveLength(5);
});

test("[server/G10] tls needs both files, knows its words and refuses what would mean plain HTTP", () => {
  const tls = (keys: string): string => `${SMALLEST}http:\n  tls: {${keys}}\n`;
  expect(configOf("http: {tls: {certificate: c, key: k}}\n").http.tls).toEqual({
    certificate: "c",
    key: "k",
    clientCas: [],
    clientAuth: "require-and-verify-client-cert",
    minimumTls: "tls1.2",
    cipherSuites: [],
  });
  expect(errorsOf(tls("certificate: c"))).toEqual(["c.yml:4:3: http.tls: needs both certificate and key: key missing"]);
  expect(errorsOf(tls("clientcas: [ca.pem]"))).toHaveLength(1);
  expect(errorsOf(tls("certificate: c, key: k, ciphersuites: [NONE]"))[0]).toContain(
    'http.tls.ciphersuites.0: expected the IANA name of a cipher suite, got "NONE"',
  );
  expect(errorsOf(tls("certificate: c, key: k, clientauth: maybe"))).toHaveLength(1);
  expect(errorsOf(tls("letsencrypt: {cachefile: /c}"))[0]).toContain("http.tls.letsencrypt: cannot be honoured");
  expect(warningsOf(tls("certificate: c, key: k, minimumtls: tls1.0"))[0]).toContain("is raised to tls1.2");
  expect(warningsOf(tls("certificate: c, key: k, minimumtls: tls1.3, ciphersuites: [TLS_AES_128_GCM_SHA256]"))[0]).toContain(
    "has no effect",
  );
});

test("[server/G11,G12,G13,G14,G15,G17,G19] each section that is not built yet is named once, and still checked", () => {
  const text = `${SMALLEST}http: {debug: {addr: "localhost:5001", prometheus: {enabled: true}}}
notifications: {events: {includereferences: true}, endpoints: [{name: a, url: "http://x", timeout: 1s}]}
redis: {addrs: ["localhost:6379"], password: hunter2}
health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}, file: [{file: /f}]}
proxy: {remoteurl: "https://registry-1.docker.io", password: hunter2}
policy: {repository: {classes: [image]}}
reporting: {bugsnag: {apikey: hunter2}}
compatibility: {schema1: {enabled: true}}
`;
  const warnings = warningsOf(text);
  expect(warnings.map((line) => /^warning c\.yml:\d+:\d+: ([a-z.]+): has no effect yet: /.exec(line)?.[1])).toEqual([
    "http.debug",
    "notifications",
    "redis",
    "health",
    "proxy",
    "policy",
    "reporting",
    "compatibility",
  ]);
  expect(warnings.join()).not.toContain("hunter2");
  expect(configOf('proxy: {remoteurl: ""}\n').storage.readOnly).toBe(false);
  expect(configOf('proxy: {remoteurl: "https://registry-1.docker.io"}\n').storage.readOnly).toBe(true); // as a pull-through cache is
  expect(errorsOf(`${SMALLEST}notifications: {endpoints: [{timeout: soon}]}\nhealth: {file: 5}`)).toHaveLength(2);
});

test("[server/G16] validation compiles its patterns and has the reference's defaults, but takes any URL without rules", () => {
  expect(configOf("").validation).toEqual({ urls: undefined, platforms: { kind: "all" }, allowMissing: false });
  const { urls } = configOf(
    "validation: {manifests: {urls: {allow: ['^https?://a\\.example/', '(?i)^HTTPS://b'], deny: ['secret']}}}\n",
  ).validation;
  expect(urls?.allow?.test("https://a.example/x")).toBe(true);
  expect(urls?.allow?.test("https://B/x")).toBe(true);
  expect(urls?.allow?.test("HTTPS://a.example/x")).toBe(false);
  expect(urls?.deny?.test("https://a.example/secret")).toBe(true);
  expect(configOf("validation: {enabled: true}\n").validation.urls?.allow?.test("https://a.example/")).toBe(false);
  expect(configOf("validation: {disabled: true, manifests: {urls: {deny: [x]}}}\n").validation).toMatchObject({
    urls: undefined,
    platforms: { kind: "none" },
  });
  expect(errorsOf(`${SMALLEST}validation: {manifests: {urls: {allow: ["(", ok]}}}`)).toEqual([
    'c.yml:3:41: validation.manifests.urls.allow.0: expected a regular expression as Go has them, got "("',
  ]);
  const indexes = (keys: string): string => `validation: {manifests: {indexes: {${keys}}}}\n`;
  expect(configOf(indexes("platforms: None")).validation.platforms).toEqual({ kind: "none" });
  expect(configOf(indexes("platforms: list")).validation.platforms).toEqual({ kind: "all" });
  expect(configOf(indexes("platforms: list, platformlist: [{os: linux, architecture: amd64}]")).validation.platforms).toEqual({
    kind: "list",
    platforms: [{ os: "linux", architecture: "amd64" }],
  });
});

test("[server/G18] catalog and tags have limits; 0 means the default and a negative one stops the start", () => {
  expect(configOf("catalog: {maxentries: 0}\ntags: {maxtags: 0}\n")).toMatchObject({
    catalog: { maxEntries: 1000 },
    tags: { maxTags: 1000 },
  });
  expect(configOf("catalog: {maxentries: 5}\ntags: {maxtags: 7}\n")).toMatchObject({ catalog: { maxEntries: 5 }, tags: { maxTags: 7 } });
  expect(errorsOf(`${SMALLEST}catalog: {maxentries: -1}\ntags: {maxtags: -1}\n`)).toHaveLength(2);
});

test("our own keys have defaults and are checked like distribution's", () => {
  expect(configOf("")).toMatchObject({
    metadata: { kind: "sqlite", path: ":memory:", durability: "full" },
    manifests: { maxBytes: 4 << 20, acceptedTypes: undefined, maxTags: 100 },
    workers: 1,
  });
  expect(loadConfig({ text: "version: 0.1\nstorage: {filesystem: {rootdirectory: /d}}" }).config.metadata).toEqual({
    kind: "sqlite",
    path: "/d/berth/metadata.db",
    durability: "full",
  });
  expect(configOf("metadata: {postgres: {url: 'postgres://u:p@h/d'}}\n").metadata).toEqual({
    kind: "postgres",
    url: "postgres://u:p@h/d",
    poolSize: 10,
  });
  expect(configOf("uploads: {ttl: 1h, leaseduration: 5s}\nmanifests: {maxbytes: 8MiB, acceptedtypes: [a/b]}\n")).toMatchObject({
    uploads: { ttlMs: 3_600_000, leaseMs: 5000 },
    manifests: { maxBytes: 8 << 20, acceptedTypes: ["a/b"] },
  });
  expect(
    configOf("http: {trustedproxies: [10.0.0.0/8, '::1'], timeouts: {headers: 5s}, limits: {headerbytes: 64KiB, connections: 0}}\n").http,
  ).toMatchObject({
    trustedProxies: ["10.0.0.0/8", "::1"],
    timeouts: { headersMs: 5000, bodyStallMs: 60_000, keepAliveMs: 75_000 },
    limits: { headerBytes: 65_536, connections: 0 },
  });
  expect(
    errorsOf(
      `${SMALLEST}workers: 2\nmanifests: {maxbytes: 1KiB}\nhttp: {trustedproxies: [10.0.0.0/33]}\nmetadata: {sqlite: {}, postgres: {url: 'mysql://u:hunter2@h'}}\n`,
    ),
  ).toEqual([
    "c.yml:3:10: workers: must be 1 with anything in memory: processes do not share it",
    'c.yml:4:23: manifests.maxbytes: expected a size such as 4MiB of at least 4194304, got "1KiB"',
    'c.yml:5:25: http.trustedproxies.0: expected an IP address, a CIDR range, or all, got "10.0.0.0/33"',
    "c.yml:6:1: metadata: must name one database: sqlite or postgres",
    "c.yml:6:40: metadata.postgres.url: expected a URL such as postgres://user@host:5432/database, got another value",
  ]);
});
