import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { type ScriptedReply, startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { createRemoteRegistry, createRemoteRepository, type RemoteRepository, type RepositoryOptions } from "./index.ts";
import { networkError } from "./transport/network-error.ts";

const bytes = Buffer.from("hello");
const blob = descriptorOf(MEDIA_TYPES.ociLayer, bytes);
const MANIFEST = "/v2/team/app/manifests/v1";
const JSON_TYPE = { "content-type": "application/json" };

function refusal(status: number, code: string, message: string, detail?: unknown): ScriptedReply {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ errors: [{ code, message, detail }] }) };
}

const index = {
  headers: { "content-type": MEDIA_TYPES.ociIndex },
  body: JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: [{ ...blob, mediaType: MEDIA_TYPES.ociManifest, platform: { os: "linux", architecture: "amd64" } }],
  }),
};

function imageWithConfig(config: Descriptor): ScriptedReply {
  const mediaType = MEDIA_TYPES.ociManifest;
  return { headers: { "content-type": mediaType }, body: JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] }) };
}

/** What a call against a registry that answers so fails with; its address is written `HOST`. */
async function messageOf(
  [method, path, reply]: readonly [string, string, ScriptedReply],
  call: (repository: RemoteRepository) => Promise<unknown>,
  options: RepositoryOptions = {},
): Promise<string> {
  const server = await startScriptedRegistry();
  onTestFinished(() => server.close());
  server.on(method, path, reply);
  const repository = createRemoteRepository(`${server.host}/team/app`, { plainHttp: true, retry: false, ...options });
  return wordsOf(await call(repository).catch((error: unknown) => error), server.host);
}

function wordsOf(error: unknown, host: string): string {
  return error instanceof Error ? error.message.replaceAll(host, "HOST") : expect.unreachable("it did not fail");
}

const pull = (repository: RemoteRepository): Promise<unknown> => repository.fetchManifest("v1");
const pullBlob = (repository: RemoteRepository): Promise<unknown> => repository.fetchBytes(blob);

test.each<[string, readonly [string, string, ScriptedReply], (repository: RemoteRepository) => Promise<unknown>, RepositoryOptions?]>([
  [
    'Cannot find manifest "team/app:v1": "HOST" answered 404 Not Found: manifest unknown: no such tag; check the name, tag or digest',
    ["GET", MANIFEST, refusal(404, "MANIFEST_UNKNOWN", "no such tag")],
    pull,
  ],
  [
    `Cannot find blob "${blob.digest}": "HOST" answered 404 Not Found: blob unknown: gone; check the name, tag or digest`,
    ["GET", `/v2/team/app/blobs/${blob.digest}`, refusal(404, "BLOB_UNKNOWN", "gone", blob.digest)],
    pullBlob,
  ],
  [
    'Cannot find repository "team/app": "HOST" answered 404 Not Found: name unknown: no such name; check the name, tag or digest',
    ["GET", "/v2/team/app/tags/list", refusal(404, "NAME_UNKNOWN", "no such name")],
    (repository) => Array.fromAsync(repository.tags()),
  ],
  [
    `Cannot find manifest "HOST/team/app@${digestOf(index.body)}": it has no image for linux/riscv64; there are images for linux/amd64`,
    ["GET", MANIFEST, index],
    (repository) => repository.fetchConfig("v1", { platform: { os: "linux", architecture: "riscv64" } }),
  ],
  [
    'Cannot fetch manifest: "HOST" answered 403 Forbidden: denied: not yours; the credentials do not suffice, or the name is not yours',
    ["GET", MANIFEST, refusal(403, "DENIED", "not yours")],
    pull,
  ],
  [
    'Cannot fetch manifest: "HOST" asks for a user name and password, and there is no credential for it: log in first',
    ["GET", MANIFEST, { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }],
    pull,
  ],
  [
    'Cannot fetch manifest: "HOST" asks for "negotiate", which is not supported: Basic and Bearer are',
    ["GET", MANIFEST, { status: 401, headers: { "www-authenticate": "Negotiate" } }],
    pull,
  ],
  [
    'Cannot fetch manifest: "HOST" answered 429 Too Many Requests: toomanyrequests: slow down; wait, or log in for a higher limit',
    ["GET", MANIFEST, refusal(429, "TOOMANYREQUESTS", "slow down")],
    pull,
  ],
  [
    'Cannot fetch manifest: "HOST" answered 500 Internal Server Error (request id "r-1"): "oops"; the registry failed: its log says more',
    ["GET", MANIFEST, { status: 500, headers: { "x-request-id": "r-1" }, body: "oops" }],
    pull,
  ],
  [
    'Cannot fetch manifest: "HOST" sent a web page: it is no registry; a proxy, or a page to sign in to the network, may stand in front of it',
    ["GET", MANIFEST, { headers: { "content-type": "text/html" }, body: "<html>" }],
    pull,
  ],
  [
    'Cannot accept manifest from "HOST": expected JSON',
    ["GET", MANIFEST, { headers: { "content-type": MEDIA_TYPES.ociManifest }, body: "{oops" }],
    pull,
  ],
  [
    'Cannot accept manifest from "HOST": the media type is missing and the content does not tell it',
    ["GET", MANIFEST, { body: "{}" }],
    pull,
  ],
  [
    `Cannot accept content "${blob.digest}" of 6000000 bytes from "HOST": the limit is 4194304 (maxMetadataBytes)`,
    ["GET", MANIFEST, imageWithConfig({ ...blob, size: 6_000_000 })],
    (repository) => repository.fetchConfig("v1"),
  ],
  [
    'Cannot accept response of more than 50 bytes from "HOST": the limit is 50 (maxMetadataBytes)',
    ["GET", MANIFEST, { headers: { "content-type": MEDIA_TYPES.ociManifest }, body: Buffer.alloc(100) }],
    pull,
    { maxMetadataBytes: 50 },
  ],
  [
    `Cannot accept content "${blob.digest}" from "HOST": got 11 bytes, expected 5`,
    ["GET", `/v2/team/app/blobs/${blob.digest}`, { body: "hello world" }],
    pullBlob,
  ],
  [
    'Cannot delete manifest: "HOST" answered 405 Method Not Allowed: unsupported: off; the registry does not offer it, or has it switched off',
    ["DELETE", `/v2/team/app/manifests/${blob.digest}`, refusal(405, "UNSUPPORTED", "off")],
    (repository) => repository.manifests.delete({ ...blob, mediaType: MEDIA_TYPES.dockerManifest }),
  ],
  [
    `Cannot push manifest: "HOST" answered 400 Bad Request: manifest blob unknown: gone (${blob.digest}); push what the manifest names before the manifest`,
    ["PUT", MANIFEST, refusal(400, "MANIFEST_BLOB_UNKNOWN", "gone", { digest: blob.digest })],
    (repository) => repository.pushReference(descriptorOf(MEDIA_TYPES.ociManifest, Buffer.from(index.body)), index.body, "v1"),
  ],
  [
    'Cannot push manifest: "HOST" answered 400 Bad Request: manifest invalid (config is missing)',
    ["PUT", MANIFEST, refusal(400, "MANIFEST_INVALID", "manifest invalid", "config is missing")],
    (repository) => repository.pushReference(descriptorOf(MEDIA_TYPES.ociManifest, Buffer.from(index.body)), index.body, "v1"),
  ],
  [
    'Cannot push blob: "HOST" answered 413 Payload Too Large; the registry, or a proxy before it, limits the size of requests',
    ["POST", "/v2/team/app/blobs/uploads/", { status: 413 }],
    (repository) => repository.push(blob, bytes),
  ],
])("[client/X-9,C-16] %s", async (message, script, call, options) => {
  expect(await messageOf(script, call, options)).toBe(message);
});

test("[client/X-9] a list that a registry does not have is told apart from a name that is not there", async () => {
  const server = await startScriptedRegistry();
  onTestFinished(() => server.close());
  server.on("GET", "/v2/_catalog", { status: 404 });
  const registry = createRemoteRegistry(server.host, { plainHttp: true });
  const error: unknown = await Array.fromAsync(registry.repositories()).catch((reason: unknown) => reason);
  expect(wordsOf(error, server.host)).toBe(
    'Cannot list repositories: "HOST" answered 404 Not Found; check that it is a registry and that host and port are right; some registries have no catalog',
  );
});

test("[client/X-9] a name without its registry, whose first part is then taken for a host, is told what it lacks", () => {
  const request = { method: "GET", url: new URL("https://library/v2/ubuntu/manifests/latest"), headers: {}, operation: "fetch manifest" };
  const cause = Object.assign(new Error("getaddrinfo ENOTFOUND library"), { code: "ENOTFOUND" });
  expect(networkError(request, cause).message).toBe(
    'Cannot fetch manifest: no answer from "library": the name was not found; check the spelling of the host and the DNS settings; a name begins with its registry, as in docker.io/library/ubuntu',
  );
  const full = networkError({ ...request, url: new URL("https://nowhere.test/v2/") }, cause).message;
  expect(full).toBe(
    'Cannot fetch manifest: no answer from "nowhere.test": the name was not found; check the spelling of the host and the DNS settings',
  );
});

test("[client/X-9,C-3] a registry that is not there is told once, though it was tried in two ways", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
  await once(server, "close");
  const error: unknown = await createRemoteRepository(`${host}/a`, { retry: false })
    .resolve("x")
    .catch((reason: unknown) => reason);
  expect(wordsOf(error, host)).toBe(
    'Cannot reach registry "HOST": by HTTPS and by HTTP: no answer from "HOST": the connection was refused; check that the registry runs and that host and port are right',
  );
});

test.each([
  ["ubuntu", "expected registry/repository, as in docker.io/library/ubuntu"],
  ["https://ghcr.io/acme/app", "invalid registry: leave the scheme out"],
  ["ghcr.io/Acme/App", "repository name must be lowercase"],
])("[client/X-9,B-12] %j is refused with what to write instead", (reference, reason) => {
  expect(() => createRemoteRepository(reference)).toThrow(`Cannot parse reference "${reference}": ${reason}`);
});

test.each<[string, readonly [string, ScriptedReply], (repository: RemoteRepository) => Promise<unknown>, object]>([
  ["manifest", [MANIFEST, { body: "{}" }], pull, { code: "ERR_INVALID_MANIFEST", request: { operation: "fetch manifest", method: "GET" } }],
  [
    "digest",
    [MANIFEST, { headers: { "content-type": MEDIA_TYPES.ociIndex, "docker-content-digest": blob.digest }, body: index.body }],
    pull,
    { code: "ERR_DIGEST_MISMATCH", expected: blob.digest, request: { operation: "fetch manifest", method: "GET" } },
  ],
  [
    "size",
    [`/v2/team/app/blobs/${blob.digest}`, { body: "hello world" }],
    pullBlob,
    { code: "ERR_SIZE_MISMATCH", digest: blob.digest, request: { operation: "fetch blob", method: "GET" } },
  ],
])("[client/X-9] an error about what was sent, a %s, says in answer to what", async (_, [path, reply], call, expected) => {
  const server = await startScriptedRegistry();
  onTestFinished(() => server.close());
  server.on("GET", path, reply);
  const error = await call(createRemoteRepository(`${server.host}/team/app`, { plainHttp: true, retry: false })).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject(expected);
  expect(error).toHaveProperty("request.url", `${server.url}${path}`);
});
