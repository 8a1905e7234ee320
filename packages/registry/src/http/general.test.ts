import { expect, test } from "vitest";
import { useDisk } from "../testing/disk.test-kit.ts";
import { absentDigest } from "../testing/fixtures.test-kit.ts";
import { useRegistry } from "../testing/harness.test-kit.ts";

test("[server/L1] every answer says the API version and carries the configured headers", async () => {
  const server = await useRegistry({ http: { headers: { "X-Content-Type-Options": ["nosniff"], "X-Two": ["a", "b"] } } });
  const paths = ["/v2/", "/", "/v2", "/v2/a/tags/list", "/v2/_catalog", "/nowhere", `/v2/a/blobs/${absentDigest()}`];
  for (const path of paths) {
    const reply = await server.call("GET", path);
    expect(reply.headers, path).toMatchObject({
      "docker-distribution-api-version": "registry/2.0",
      "x-content-type-options": "nosniff",
      "x-two": "a, b",
    });
  }
});

test("[server/L2] the base answers {} to GET and HEAD and refuses the rest", async () => {
  const server = await useRegistry();
  const reply = await server.call("GET", "/v2/");
  expect([reply.status, reply.text, reply.headers["content-type"], reply.headers["content-length"]]).toEqual([
    200,
    "{}",
    "application/json",
    "2",
  ]);
  const head = await server.call("HEAD", "/v2/");
  expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "2"]);
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    const refused = await server.call(method, "/v2/");
    expect([refused.status, refused.code, refused.headers["allow"]], method).toEqual([405, "UNSUPPORTED", "GET, HEAD"]);
  }
});

test("[server/L2] /v2 leads to /v2/, below the prefix too", async () => {
  const server = await useRegistry();
  const reply = await server.call("GET", "/v2");
  expect([reply.status, reply.headers["location"]]).toEqual([301, "/v2/"]);
  const prefixed = await useRegistry({ http: { prefix: "/registry/" } });
  expect((await prefixed.call("GET", "/registry/v2")).headers["location"]).toBe("/registry/v2/");
});

test("[server/L3] / is empty and not cached, without credentials", async () => {
  const server = await useRegistry({ authorizer: { authorize: () => Promise.reject(new Error("must not be asked")) } });
  for (const method of ["GET", "HEAD"]) {
    const reply = await server.call(method, "/");
    expect([reply.status, reply.text, reply.headers["cache-control"]]).toEqual([200, "", "no-cache"]);
  }
});

test("[server/L4] unknown paths are 404 and wrong methods 405, both with JSON bodies", async () => {
  const server = await useRegistry();
  for (const path of [
    "/nowhere",
    "/v1/",
    "/v2/a",
    "/v2/a/b",
    "/v2/a/manifests/",
    "/v2/a/blobs/",
    "/v2//manifests/x/y",
    "/v2/_unknown",
    "*",
  ]) {
    const reply = await server.call("GET", path);
    expect([reply.status, reply.code, reply.headers["content-type"]], path).toEqual([404, "NAME_INVALID", "application/json"]);
  }
  const allowed: readonly [string, string, string][] = [
    ["PUT", "/v2/a/tags/list", "GET"],
    ["POST", "/v2/a/manifests/x", "GET, HEAD, PUT, DELETE"],
    ["PUT", `/v2/a/blobs/${absentDigest()}`, "GET, HEAD, DELETE"],
    ["GET", "/v2/a/blobs/uploads/", "POST"],
    ["POST", "/v2/a/blobs/uploads/some-id", "GET, HEAD, PATCH, PUT, DELETE"],
    ["DELETE", "/v2/_catalog", "GET"],
  ];
  for (const [method, path, allow] of allowed) {
    const reply = await server.call(method, path);
    expect([reply.status, reply.code, reply.headers["allow"]], `${method} ${path}`).toEqual([405, "UNSUPPORTED", allow]);
  }
});

test("[server/L5] bad names are 400 NAME_INVALID", async () => {
  const server = await useRegistry();
  const names = ["A", "a/B", "a..b", "-a", "a-", "a/", "/a", "a//b", "a___b", "a%2Fb", "ä", "a".repeat(256), `${"a/".repeat(127)}ab`];
  for (const name of names) {
    const reply = await server.call("GET", `/v2/${encodeURI(name).replaceAll("%252F", "%2F")}/tags/list`);
    expect([reply.status, reply.code], name).toEqual([400, "NAME_INVALID"]);
  }
  expect((await server.call("GET", `/v2/${"a".repeat(256)}/tags/list`)).detail).toBe(
    "repository name must not be more than 255 characters",
  );
  expect((await server.call("GET", `/v2/${"a".repeat(255)}/tags/list`)).code).toBe("NAME_UNKNOWN");
});

test("[server/L5] a bad tag is one that does not exist, and cannot be set", async () => {
  const server = await useRegistry();
  for (const tag of ["-a", ".a", "a".repeat(129), "a%20b", "%C3%A4"]) {
    for (const method of ["GET", "DELETE"]) {
      const reply = await server.call(method, `/v2/a/manifests/${tag}`);
      expect([reply.status, reply.code], `${method} ${tag}`).toEqual([404, "MANIFEST_UNKNOWN"]);
    }
    expect((await server.call("HEAD", `/v2/a/manifests/${tag}`)).status).toBe(404);
    const put = await server.call("PUT", `/v2/a/manifests/${tag}`, { body: "{}" });
    expect([put.status, put.code], tag).toEqual([400, "TAG_INVALID"]);
  }
});

test("[server/L8] a read-only registry refuses every write and goes on reading", async () => {
  const disk = await useDisk();
  const writable = await useRegistry(await disk.open());
  const digest = await writable.pushBlob("a", "content");
  const session = await writable.startUpload("a");
  const server = await useRegistry({ ...(await disk.open()), http: { readOnly: true } });
  const writes: readonly [string, string][] = [
    ["POST", "/v2/a/blobs/uploads/"],
    ["PATCH", session],
    ["PUT", `${session}?digest=${digest}`],
    ["DELETE", session],
    ["PUT", "/v2/a/manifests/x"],
    ["DELETE", "/v2/a/manifests/x"],
    ["DELETE", `/v2/a/blobs/${digest}`],
  ];
  for (const [method, path] of writes) {
    const reply = await server.call(method, path);
    expect([reply.status, reply.code], `${method} ${path}`).toEqual([405, "UNSUPPORTED"]);
    expect(reply.headers["allow"]?.split(", "), `${method} ${path}`).not.toContain(method);
  }
  expect((await server.call("GET", `/v2/a/blobs/${digest}`)).text).toBe("content");
  expect((await server.call("GET", session)).status).toBe(204);
});

test("who is told of a request hears no secret of its URL", async () => {
  const server = await useRegistry();
  await server.call("GET", "/v2/?n=1&access_token=hunter2&X-Amz-Signature=hunter2&password=hunter2");
  expect((await server.requests.ended("base")).url).toBe("/v2/?n=1&access_token=[redacted]&X-Amz-Signature=[redacted]&password=[redacted]");
});
