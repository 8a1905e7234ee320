import { expect, test } from "vitest";
import { loadConfig } from "./load.ts";
import { warningsOf } from "./testing/mistakes.ts";

/** Files of the shapes that distribution ships, in our own words: development, cache, example (G25). */
const SAMPLES: Readonly<Record<string, string>> = {
  development: `version: 0.1
log:
  level: debug
  fields:
    service: registry
    environment: development
storage:
    delete:
      enabled: true
    cache:
        blobdescriptor: inmemory
    filesystem:
        rootdirectory: /srv/images
    maintenance:
        uploadpurging:
            enabled: false
    tag:
      concurrencylimit: 8
http:
    addr: :5000
    debug:
        addr: :5001
        prometheus:
            enabled: true
            path: /metrics
    headers:
        X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`,
  "development of version 2": `version: 0.1
loglevel: debug
storage:
    cache:
        layerinfo: inmemory
    filesystem:
        rootdirectory: /srv/images
http:
    addr: :5000
    secret: hunter2
notifications:
    endpoints:
        - name: local-5003
          url: http://localhost:5003/callback
          headers:
             Authorization: [Bearer hunter2]
          timeout: 1s
          threshold: 10
          backoff: 1s
          disabled: true
reporting:
    bugsnag:
        apikey: hunter2
compatibility:
    schema1:
        enabled: true
`,
  cache: `version: 0.1
storage:
    cache:
        blobdescriptor: redis
    filesystem:
        rootdirectory: /srv/cache
    maintenance:
        uploadpurging:
            enabled: false
http:
    addr: :5000
    secret: hunter2
redis:
  addrs: [localhost:6379]
  maxidleconns: 16
  connmaxidletime: 300s
proxy:
  remoteurl: https://registry-1.docker.io
  username: someone
  password: hunter2
`,
  example: `version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /srv/images
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
auth:
  htpasswd:
    realm: basic-realm
    path: /etc/registry
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`,
};

test.for(Object.entries(SAMPLES))("[server/G25,G19] a file of the %s shape starts, and says by name what has no effect", ([, text]) => {
  const { config } = loadConfig({ text, strict: true });
  expect(config.http.address).toEqual({ net: "tcp", host: "", port: 5000 });
  expect(config.storage.driver.kind).toBe("filesystem");
  expect(warningsOf(text).filter((line) => !/^(?:info|warning) c\.yml:\d+:\d+: [a-z0-9.]+: has no effect(?: yet)?: /.test(line))).toEqual(
    [],
  );
  expect(warningsOf(text).join()).not.toContain("hunter2");
});

test("[server/G25] a file for a cloud store is refused by name, for its blobs are not here", () => {
  for (const driver of ["s3", "azure", "gcs", "oss", "swift"]) {
    expect(() => loadConfig({ text: `version: 0.1\nstorage:\n  ${driver}:\n    secretkey: hunter2\nhttp: {addr: ":5000"}\n` })).toThrow(
      `storage.${driver}: cannot be honoured`,
    );
  }
});
