import { Readable } from "node:stream";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { type ScriptedRegistry, type ScriptedReply, startScriptedRegistry } from "@berth/testkit/scripted";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { ProtocolError, ResponseError, UnreplayableBodyError } from "../errors.ts";
import type { RegistryClientOptions } from "./options.ts";
import { BLOB, clientOf, DIGEST, json, OTHER, startRegistry } from "./registry-client.test-kit.ts";
import type { RegistryClient } from "./registry-client.ts";

let registry: ScriptedRegistry;

beforeEach(async () => {
  registry = await startRegistry();
});

function open(options: RegistryClientOptions = {}, path = ""): RegistryClient {
  return clientOf(registry, options, path);
}

const path = `/v2/a/blobs/${DIGEST}`;

test("[client/A-18] hasBlob() is true for 200 and false for 404; anything else throws", async () => {
  registry.on("HEAD", path, {}, { status: 404 }, { status: 403 });
  const client = open();
  expect([await client.hasBlob("a", DIGEST), await client.hasBlob("a", DIGEST)]).toEqual([true, false]);
  await expect(client.hasBlob("a", DIGEST)).rejects.toThrow(ResponseError);
});

test("[client/A-19] blobMetadata() gives digest and size, and refuses another digest or no size", async () => {
  registry.on(
    "HEAD",
    path,
    { headers: { "content-length": "12" } },
    { headers: { "content-length": "12", "docker-content-digest": OTHER } },
  );
  const client = open();
  expect(await client.blobMetadata("a", DIGEST)).toEqual({ mediaType: MEDIA_TYPES.octetStream, digest: DIGEST, size: 12 });
  await expect(client.blobMetadata("a", DIGEST)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  registry.on("HEAD", path, { headers: { "transfer-encoding": "chunked" } }).on("GET", path, { body: bytesSource(BLOB) });
  await expect(client.blobMetadata("a", DIGEST)).rejects.toThrow(ProtocolError);
});

test("[client/A-20] downloadBlob() follows redirects without credentials, and checks the digest unless told not to", async () => {
  const storage = await startScriptedRegistry();
  onTestFinished(() => storage.close());
  storage.on("GET", "/data", { body: BLOB }, { body: "SOME content" });
  registry.on("GET", path, { status: 307, headers: { location: `${storage.url.replace("127.0.0.1", "localhost")}/data` } });
  registry.on("HEAD", path, { headers: { "content-length": "12" } });
  const client = open({ username: "u", password: "p" });
  expect(Buffer.concat(await (await client.downloadBlob("a", DIGEST)).toArray())).toEqual(BLOB);
  expect(storage.requests[0]?.headers["authorization"]).toBeUndefined();
  await expect((await client.downloadBlob("a", DIGEST)).toArray()).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  expect(String(Buffer.concat(await (await client.downloadBlob("a", DIGEST, { raw: true })).toArray()))).toBe("SOME content");
});

const UPLOADS = "/v2/a/blobs/uploads/";
const started = (location: string): ScriptedReply => ({ status: 202, headers: { location } });
const UPLOAD = "/v2/a/blobs/uploads/u";

test("[client/A-21] uploadBlob() sends a POST and a PUT, and leaves the location's query as it is", async () => {
  registry.on("POST", UPLOADS, started(`${UPLOAD}?_state=a%3D%3D&x=1`)).on("PUT", UPLOAD, { status: 201 });
  await open().uploadBlob("a", DIGEST, BLOB);
  const [post, put] = registry.requests;
  expect([post?.target, post?.headers["content-length"]]).toEqual([UPLOADS, "0"]);
  expect(put?.target).toBe(`${UPLOAD}?_state=a%3D%3D&x=1&digest=${encodeURIComponent(DIGEST)}`);
  expect([put?.headers["content-type"], put?.headers["content-length"]]).toEqual(["application/octet-stream", "12"]);
  expect(put?.body).toEqual(BLOB);
});

test("[client/A-21] uploadBlob() sends content of unknown size in pieces, and an empty blob with its length", async () => {
  registry.on("POST", UPLOADS, started(UPLOAD)).on("PUT", UPLOAD, { status: 201 });
  const client = open();
  await client.uploadBlob("a", DIGEST, once(BLOB));
  await client.uploadBlob("a", digestOf(""), "");
  const puts = registry.requests.filter((request) => request.method === "PUT");
  expect(puts.map((put) => [put.headers["content-length"], put.headers["transfer-encoding"]])).toEqual([
    [undefined, "chunked"],
    ["0", undefined],
  ]);
  expect(puts[0]?.body).toEqual(BLOB);
});

test("[client/A-12,A-21] content that can be read once is lost to a late challenge, unless getBody opens it anew", async () => {
  const challenge = { "www-authenticate": `Bearer realm="${registry.url}/token"` };
  registry.on("GET", "/v2/", {}).on("GET", "/token", json({ token: "T" }));
  registry.on("POST", UPLOADS, started(UPLOAD)).on("DELETE", UPLOAD, { status: 204 });
  registry.on("PUT", UPLOAD, (request) =>
    request.headers["authorization"] === "Bearer T" ? { status: 201 } : { status: 401, headers: challenge },
  );
  const identity = { username: "u", password: "p" }; // clients of nobody share their tokens
  await expect(open(identity).uploadBlob("a", DIGEST, once(BLOB))).rejects.toThrow(UnreplayableBodyError);
  let opened = 0;
  const getBody = (): AsyncIterable<Uint8Array> => {
    opened++;
    return once(BLOB);
  };
  await open(identity).uploadBlob("a", DIGEST, once(BLOB), { getBody });
  expect(opened).toBe(1);
  const cause = new Error("gone");
  const failing = (): never => {
    throw cause;
  };
  await expect(open(identity).uploadBlob("a", DIGEST, once(BLOB), { getBody: failing })).rejects.toMatchObject({
    code: "ERR_UNREPLAYABLE_BODY",
    cause,
  });
});

test("[client/A-21] an upload that the registry refuses is thrown away, and the content closed", async () => {
  registry.on("POST", UPLOADS, started(UPLOAD), { status: 403 }).on("PUT", UPLOAD, { status: 400 }).on("DELETE", UPLOAD, { status: 204 });
  await expect(open().uploadBlob("a", OTHER, BLOB)).rejects.toMatchObject({ status: 400 });
  expect(registry.journal("DELETE")).toEqual([`DELETE ${UPLOAD}`]);
  const content = Readable.from(once(BLOB));
  await expect(open().uploadBlob("a", DIGEST, content)).rejects.toMatchObject({ status: 403 });
  expect(content.destroyed).toBe(true);
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
