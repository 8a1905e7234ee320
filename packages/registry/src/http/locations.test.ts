import { expect, test } from "vitest";
import { openSqliteMetadata } from "../metadata/index.ts";
import { replacing } from "../testing/doubles.test-kit.ts";
import { imageManifest } from "../testing/fixtures.test-kit.ts";
import { expectStatus, type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";

async function uploadLocation(server: RegistryServer, headers: Record<string, string> = {}, prefix = "/"): Promise<string> {
  return expectStatus(await server.call("POST", `${prefix}v2/a/b/blobs/uploads/`, { headers }), 202).header("location");
}

test("[server/L6] a prefix moves every route and stays in locations and links", async () => {
  const server = await useRegistry({ http: { prefix: "/registry/" } });
  expect((await server.call("GET", "/v2/")).status).toBe(404);
  expect((await server.call("GET", "/registry/v2/")).status).toBe(200);
  expect(await uploadLocation(server, {}, "/registry/")).toMatch(`http://${server.host}/registry/v2/a/b/blobs/uploads/`);
  const image = imageManifest();
  const headers = { "content-type": image.mediaType };
  expectStatus(await server.call("POST", `/registry/v2/a/b/blobs/uploads/?digest=${image.digest}`, { body: image.bytes }), 201);
  const config = imageManifest().descriptor;
  const manifest = imageManifest({ config: { ...config, mediaType: "application/x" } });
  for (const tag of ["1", "2"]) {
    const put = expectStatus(await server.call("PUT", `/registry/v2/a/b/manifests/${tag}`, { body: manifest.bytes, headers }), 201);
    expect(put.header("location")).toBe(`http://${server.host}/registry/v2/a/b/manifests/${manifest.digest}`);
  }
  expect((await server.call("GET", "/registry/v2/a/b/tags/list?n=1")).headers["link"]).toBe(
    '</registry/v2/a/b/tags/list?last=1&n=1>; rel="next"',
  );
});

test("[server/L6] the uploads of a repository take a POST without the slash at the end", async () => {
  const server = await useRegistry();
  const reply = await server.call("POST", "/v2/a/blobs/uploads");
  expect([reply.status, reply.headers["range"]]).toEqual([202, "0-0"]);
  expect(reply.location).toMatch(/^\/v2\/a\/blobs\/uploads\/[0-9a-f-]{36}$/);
});

test("[server/L7] the configured host is the base of locations", async () => {
  const server = await useRegistry({ http: { host: new URL("https://hub.example.com:8443/ignored") } });
  const location = await uploadLocation(server, { "x-forwarded-host": "other.example.com", host: "third.example.com" });
  expect(location).toMatch("https://hub.example.com:8443/v2/a/b/blobs/uploads/");
});

test("[server/L7] without it, Forwarded, then X-Forwarded-*, then Host tell the base", async () => {
  const server = await useRegistry();
  const xForwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "edge.example.com:444, inner.example.com" };
  const cases: readonly [Record<string, string>, string][] = [
    [
      { ...xForwarded, forwarded: 'for=10.0.0.1;proto=https;host="first.example.com", host=second.example.com' },
      "https://first.example.com/",
    ],
    [xForwarded, "https://edge.example.com:444/"],
    [{ "x-forwarded-proto": "https" }, `https://${server.host}/`],
    [{ host: "seen.example.com:81" }, "http://seen.example.com:81/"],
    [{}, `http://${server.host}/`],
    [{ "x-forwarded-proto": "javascript", "x-forwarded-host": "evil.example.com/path?" }, `http://${server.host}/`],
    [{ host: "evil.example.com/x@y" }, "http://localhost/"],
  ];
  for (const [headers, base] of cases)
    expect(await uploadLocation(server, headers), JSON.stringify(headers)).toMatch(`${base}v2/a/b/blobs/uploads/`);
});

test("[server/L7] relative locations are paths only", async () => {
  const server = await useRegistry({ http: { relativeUrls: true } });
  expect(await uploadLocation(server)).toMatch(/^\/v2\/a\/b\/blobs\/uploads\/[0-9a-f-]{36}$/);
  const blob = expectStatus(
    await server.call("POST", `/v2/a/b/blobs/uploads/?digest=${imageManifest().descriptor.digest}`, { body: imageManifest().bytes }),
    201,
  );
  expect(blob.header("location")).toBe(`/v2/a/b/blobs/${imageManifest().digest}`);
});

test("[server/R1] error bodies are JSON with a newline, under the first error's status", async () => {
  const server = await useRegistry();
  const reply = await server.call("GET", "/v2/a/b/manifests/x");
  expect([reply.status, reply.headers["content-type"], reply.text]).toEqual([
    404,
    "application/json",
    '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":"unknown tag=x"}]}\n',
  ]);
  expect(reply.headers["content-length"]).toBe(String(reply.body.byteLength));
  const head = await server.call("HEAD", "/v2/a/b/manifests/x");
  expect([head.status, head.body.byteLength, head.headers["content-length"]]).toEqual([404, 0, String(reply.body.byteLength)]);
});

test("[server/R1] a failure without a code of its own is 500 UNKNOWN, tells the client nothing but a request id, and the log everything", async () => {
  const metadata = await openSqliteMetadata({ path: ":memory:" });
  const server = await useRegistry({ metadata: replacing(metadata, { listReferrers: () => Promise.reject(new Error("secret /place")) }) });
  const reply = await server.call("GET", `/v2/a/referrers/${imageManifest().digest}`);
  expect([reply.status, reply.text]).toEqual([500, '{"errors":[{"code":"UNKNOWN","message":"unknown error"}]}\n']);
  const line = server.log.lines.find(({ level }) => level === "error");
  expect(line?.fields["http.request.id"]).toBe(reply.header("x-request-id"));
  expect(line?.fields["error"]).toMatchObject({ message: "secret /place" });
});
