import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bytesSource, type Descriptor, DigestMismatchError } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { type ScriptedRegistry, type ScriptedReply, startScriptedRegistry } from "@berth/testkit/scripted";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, onTestFinished, test } from "vitest";
import { login } from "../credentials/login.ts";
import { createMemoryStore } from "../credentials/memory-store.ts";
import { ProtocolError } from "../errors.ts";
import { pingRegistry } from "../auth/ping-registry.ts";
import { createRegistryClient } from "../registry-client/create-registry-client.ts";
import { createUndiciTransport } from "../transport/undici-transport.ts";
import { createRemoteRegistry, type RemoteRegistry } from "./create-registry.ts";
import type { RemoteRepository } from "./remote-repository.ts";
import { failure, sample, textOf } from "./testing/scripted.test-kit.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const manifest = sample(`{"schemaVersion":2,"config":{"mediaType":"x/y","digest":"${digestOf("{}")}","size":2},"layers":[]}`, TYPE);
const blob = sample("hello world");
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** A server that answers everything alike. */
async function answering(reply: ScriptedReply): Promise<{ readonly server: ScriptedRegistry; readonly registry: RemoteRegistry }> {
  const server = await startScriptedRegistry();
  onTestFinished(() => server.close());
  for (const method of METHODS) server.on(method, /./, reply);
  return { server, registry: createRemoteRegistry(server.host, { plainHttp: true, retry: false, http: {} }) };
}

const page: ScriptedReply = { headers: { "content-type": "text/html" }, body: "<html>Sign in</html>" };

const CALLS: Readonly<Record<string, (repository: RemoteRepository) => Promise<unknown>>> = {
  "[client/B-27,C-31] a push of a manifest": (repository) => repository.push(manifest.descriptor, manifest.bytes),
  "[client/B-27,C-31] a push of a manifest by tag": (repository) => repository.pushReference(manifest.descriptor, manifest.bytes, "v1"),
  "[client/X-11] a push of a manifest with several tags": (repository) =>
    repository.manifests.pushTags(manifest.descriptor, manifest.bytes, ["v1", "v2"]),
  "[client/C-31] a push of a blob that may be there already": (repository) =>
    repository.blobs.push(blob.descriptor, blob.bytes, { skipExisting: true }),
  "[client/B-30] a delete of a blob": (repository) => repository.blobs.delete(blob.descriptor),
  "[client/B-30] a delete of a manifest": (repository) => repository.manifests.delete(manifest.descriptor),
  "[client/B-68] a delete of a tag": (repository) => repository.tagStore.untag("v1"),
  "[client/B-21] the question whether a blob is there": (repository) => repository.blobs.exists(blob.descriptor),
  "[client/B-21] the question whether a manifest is there": (repository) => repository.manifests.exists(manifest.descriptor),
  "[client/A-19] the question how large a blob is": (repository) => repository.blobs.resolve(blob.descriptor.digest),
  "[client/B-19] the question for the headers of a blob": (repository) => repository.blobs.fetchHead(blob.descriptor),
  "[client/B-15] the question what a tag names": (repository) => repository.resolve("v1"),
  "[client/B-16] a read of a manifest": (repository) => repository.fetchReference("v1"),
  "[client/B-23] a list of tags": (repository) => Array.fromAsync(repository.tags()),
};

test.each(Object.entries(CALLS))("%s is not answered by a page to sign in to the network", async (_, call) => {
  const { server, registry } = await answering(page);
  const error = await failure(call(registry.repository("a/b")));
  expect(error).toBeInstanceOf(ProtocolError);
  expect(error).toMatchObject({
    message: expect.stringMatching(
      /sent a web page: it is no registry; a proxy, or a page to sign in to the network, may stand in front of it$/,
    ),
  });
  await registry.close();
  await server.disconnected();
});

test("[client/B-61] a page to sign in to the network takes no password: none is kept", async () => {
  const { server } = await answering(page);
  const store = createMemoryStore();
  await expect(login(server.host, { username: "alice", password: "hunter2" }, { store })).rejects.toMatchObject({
    code: "ERR_PROTOCOL",
    message: expect.stringMatching(/^Cannot log in: "[\d.:]+" sent a web page: it is no registry; /),
  });
  expect(await store.get(server.host)).toBeUndefined();
});

test("[client/A-7,B-4,C-2] nor is it a registry to those who ping", async () => {
  const { server, registry } = await answering(page);
  const transport = createUndiciTransport();
  onTestFinished(() => transport.close());
  expect(await failure(registry.ping())).toBeInstanceOf(ProtocolError);
  expect(await failure(createRegistryClient(server.url, { log: () => {} }).ping())).toBeInstanceOf(ProtocolError);
  expect(await failure(pingRegistry(server.host, { transport, plainHttpDelayMs: 0 }))).toMatchObject({
    message: expect.stringContaining('by HTTP: "' + server.host + '" sent a web page'),
  });
});

test.each<[string, ScriptedReply]>([
  ["says that it is JSON", { headers: { "content-type": "application/json" }, body: "\n<!DOCTYPE html><title>Sign in</title>" }],
  ["says 202, and who is in front of it", { status: 202, body: "<html>", headers: { "docker-distribution-api-version": "registry/2.0" } }],
  ["is but words", { headers: { "content-type": "text/html; charset=utf-8" }, body: "Sign in" }],
])("[client/C-31] a page is known when it %s", async (_, reply) => {
  const { registry } = await answering(reply);
  expect(await failure(registry.repository("a/b").push(manifest.descriptor, manifest.bytes))).toBeInstanceOf(ProtocolError);
});

const { digest } = manifest.descriptor;

test.each<[string, ScriptedReply]>([
  ["201 and calls it HTML", { status: 201, headers: { "content-type": "text/html" }, body: "OK" }],
  ["202 with words and the digest", { status: 202, headers: { "content-type": "text/html", "docker-content-digest": digest }, body: "OK" }],
  ["202 with nothing in it", { status: 202, headers: { "content-type": "text/html; charset=utf-8" } }],
  ["200 with JSON", { headers: { "content-type": "application/json" }, body: "{}" }],
  ["200 with words", { headers: { "content-type": "text/plain" }, body: "created" }],
])("[client/C-31] a registry that answers %s has taken a manifest", async (_, reply) => {
  const { registry } = await answering(reply);
  await registry.repository("a/b").pushReference(manifest.descriptor, manifest.bytes, "v1");
});

test("[client/B-4] a registry may say true to a ping, and call that HTML", async () => {
  const headers = { "content-type": "text/html; charset=utf-8", "docker-distribution-api-version": "registry/2.0" };
  const { registry } = await answering({ headers, body: "true" });
  await registry.ping();
});

test("[client/B-21] a blob that is a web page to its cloud is there when its length is right; one that is not there may be told by a page", async () => {
  const headers = { "content-type": "text/html", "content-length": String(blob.descriptor.size) };
  const there = await answering({ headers });
  expect(await there.registry.repository("a/b").blobs.exists(blob.descriptor)).toBe(true);
  const gone = await answering({ ...page, status: 404 });
  expect(await gone.registry.repository("a/b").blobs.exists(blob.descriptor)).toBe(false);
  expect(await gone.registry.repository("a/b").manifests.exists(manifest.descriptor)).toBe(false);
});

/** All ways to read a blob, each as text. */
const READS: Readonly<Record<string, (blobs: RemoteRepository["blobs"], target: Descriptor) => Promise<string>>> = {
  fetch: async (blobs, target) => await textOf(await blobs.fetch(target)),
  fetchPassing: async (blobs, target) => await textOf(blobs.fetchPassing(target)),
  open: async (blobs, target) => await textOf(await blobs.open(target)),
  save: async (blobs, target) => {
    const path = join(await temporaryFolder("page"), "blob");
    try {
      await blobs.save(target, path);
    } catch (error) {
      expect(await readdir(dirname(path))).toEqual([]);
      throw error;
    }
    return await readFile(path, "utf8");
  },
};
const HTML = { "content-type": "text/html; charset=utf-8" };
const readings = (bodies: readonly string[]) =>
  Object.keys(READS).flatMap((name) => bodies.flatMap((body) => [true, false].map((chunked) => ({ name, body, chunked }))));
const replyOf = (body: string, chunked: boolean): ScriptedReply => ({
  headers: HTML,
  body: chunked ? bytesSource(Buffer.from(body)) : body,
});

test.each(readings(["<html>Sign in to our network</html>", "<html>"]))(
  "$name of a blob says that a web page came in its place: $body, chunked: $chunked",
  async ({ name, body, chunked }) => {
    const { registry } = await answering(replyOf(body, chunked));
    const error = await failure(READS[name]?.(registry.repository("a/b").blobs, blob.descriptor) ?? Promise.resolve());
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ message: expect.stringMatching(/^Cannot fetch blob: "[\d.:]+" sent a web page: it is no registry; /) });
  },
);

test.each(readings(["<html>the manual</html>"]))(
  "$name of a blob that is a web page gives that page, chunked: $chunked",
  async ({ name, body, chunked }) => {
    const { registry } = await answering(replyOf(body, chunked));
    expect(await READS[name]?.(registry.repository("a/b").blobs, sample(body).descriptor)).toBe(body);
  },
);

test("a page of the right size is no blob either, by its digest", async () => {
  const { registry } = await answering({ headers: HTML, body: "<p>Sign in." });
  expect(await failure(Array.fromAsync(registry.repository("a/b").blobs.fetchPassing(blob.descriptor)))).toBeInstanceOf(
    DigestMismatchError,
  );
});
