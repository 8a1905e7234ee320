import { once } from "node:events";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { digestOf } from "@berth/oci/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { createRegistry } from "../create-registry.ts";
import { bytesOf, EMPTY_JSON, imageManifest } from "../testing/fixtures.test-kit.ts";
import { useListening } from "../testing/http-config.test-kit.ts";
import { useTls } from "../testing/tls.test-kit.ts";

interface Http2Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(
  session: ClientHttp2Session,
  method: string,
  path: string,
  options: { readonly body?: Uint8Array; readonly headers?: OutgoingHttpHeaders } = {},
): Promise<Http2Reply> {
  const stream = session.request({ ":method": method, ":path": path, ...options.headers });
  stream.end(options.body);
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status"?: number }];
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return { status: headers[":status"] ?? 0, headers, body: Buffer.concat(parts) };
}

function useSession(url: string): ClientHttp2Session {
  const session = connect(url, { rejectUnauthorized: false }); // the certificate is one of ours, made a moment ago
  onTestFinished(() => session.destroy());
  return session;
}

async function overH2c(): Promise<ClientHttp2Session> {
  const registry = await createRegistry();
  onTestFinished(() => registry.close());
  return useSession(`http://127.0.0.1:${(await useListening(registry, { h2c: true })).port}`);
}

async function overTls(): Promise<ClientHttp2Session> {
  const registry = await createRegistry();
  onTestFinished(() => registry.close());
  const { port } = await useListening(registry, { tls: await useTls() });
  return useSession(`https://127.0.0.1:${port}`);
}

describe.each([
  ["without TLS", overH2c],
  ["over TLS", overTls],
])("HTTP/2 %s", (_, open) => {
  test("[server/I2] push and pull", async () => {
    const session = await open();
    const content = bytesOf(3_000_000);
    const digest = digestOf(content);
    const started = await ask(session, "POST", "/v2/a/blobs/uploads/");
    expect(started.status).toBe(202);
    const location = new URL(String(started.headers["location"]));
    expect(location.host).toMatch(/^127\.0\.0\.1:\d+$/);
    const patched = await ask(session, "PATCH", location.pathname, { body: content.subarray(0, 1_000_000) });
    expect([patched.status, patched.headers["range"]]).toEqual([202, "0-999999"]);
    expect((await ask(session, "PUT", `${location.pathname}?digest=${digest}`, { body: content.subarray(1_000_000) })).status).toBe(201);
    expect((await ask(session, "POST", `/v2/a/blobs/uploads/?digest=${digestOf(EMPTY_JSON)}`, { body: EMPTY_JSON })).status).toBe(201);
    const image = imageManifest();
    expect(
      (await ask(session, "PUT", "/v2/a/manifests/x", { body: image.bytes, headers: { "content-type": image.mediaType } })).status,
    ).toBe(201);

    const blob = await ask(session, "GET", `/v2/a/blobs/${digest}`);
    expect([blob.status, blob.body.equals(content), blob.headers["docker-content-digest"]]).toEqual([200, true, digest]);
    const part = await ask(session, "GET", `/v2/a/blobs/${digest}`, { headers: { range: "bytes=5-9" } });
    expect([part.status, part.body.equals(content.subarray(5, 10))]).toEqual([206, true]);
    expect((await ask(session, "HEAD", `/v2/a/blobs/${digest}`)).headers["content-length"]).toBe("3000000");
    expect((await ask(session, "GET", "/v2/a/manifests/x")).body.equals(image.bytes)).toBe(true);
    expect(JSON.parse((await ask(session, "GET", "/v2/a/tags/list")).body.toString())).toEqual({ name: "a", tags: ["x"] });
  });

  test("[server/I2,R1] errors, with bodies that were not read too", async () => {
    const session = await open();
    const body = Buffer.alloc(1_000_000);
    const cases: readonly [string, string, Uint8Array | undefined, number, string][] = [
      ["GET", "/v2/a/manifests/x", undefined, 404, "MANIFEST_UNKNOWN"],
      ["GET", "/nowhere", undefined, 404, "NAME_INVALID"],
      ["POST", "/v2/a/tags/list", undefined, 405, "UNSUPPORTED"],
      ["PATCH", "/v2/a/blobs/uploads/none", body, 404, "BLOB_UPLOAD_UNKNOWN"],
      ["PUT", "/v2/a/manifests/x", Buffer.alloc(5 << 20, 0x20), 413, "SIZE_INVALID"],
      ["POST", `/v2/a/blobs/uploads/?digest=sha256:${"0".repeat(64)}`, body, 400, "DIGEST_INVALID"],
    ];
    for (const [method, path, sent, status, code] of cases) {
      const reply = await ask(session, method, path, {
        ...(sent === undefined ? {} : { body: sent }),
        headers: { "content-type": "application/vnd.oci.image.index.v1+json" },
      });
      expect([reply.status, reply.body.toString()], `${method} ${path}`).toEqual([
        status,
        expect.stringContaining(`{"errors":[{"code":"${code}"`),
      ]);
    }
    expect((await ask(session, "GET", "/v2/")).status).toBe(200);
  });
});
