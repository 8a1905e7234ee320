import { inspect } from "node:util";
import { type Ask, CONTENT, type Misbehaviour, MISBEHAVIOURS, type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { BerthError, bytesSource } from "@berth/oci";
import { expect, onTestFinished, test } from "vitest";
import { staticCredentials } from "./credentials/static-credentials.ts";
import { createRemoteRegistry, type RemoteRegistry } from "./remote/create-registry.ts";
import { pushBlob } from "./remote/upload/push-blob.ts";
import type { Clock } from "./transport/clock.ts";

const MIB = 2 ** 20;
const USER = { username: "alice", password: "correct:horse battery" };
const { repository: NAME, tag: TAG, blob: BLOB, manifest: MANIFEST } = CONTENT;

/** Waits for nothing, so that all retries there are happen at once. */
const clock: Clock = { now: () => Date.now(), sleep: async (_, signal) => signal?.throwIfAborted() };

/** `silent`: each try ends by its limit on time only, so that there are few. */
function clientOf(host: string, silent: boolean): RemoteRegistry {
  return createRemoteRegistry(host, {
    credentials: staticCredentials(host, USER),
    http: { headersTimeoutMs: 300, stallTimeoutMs: 300 },
    plainHttp: true,
    retry: { clock, ...(silent && { policy: { maxRetries: 1 } }) },
    ...(silent && { downloadRetries: 1 }),
    tagListMaxPages: 50,
  });
}

const ASKS: Readonly<Record<Ask, (registry: RemoteRegistry) => Promise<unknown>>> = {
  ping: (registry) => registry.ping(),
  "resolve tag": (registry) => registry.repository(NAME).resolve(TAG),
  "resolve digest": (registry) => registry.repository(NAME).resolve(MANIFEST.digest),
  "fetch blob": async (registry) => await Array.fromAsync(await registry.repository(NAME).blobs.fetch(BLOB.descriptor)),
  "fetch blob from offset 4": async (registry) =>
    await Array.fromAsync(await registry.repository(NAME).blobs.fetch(BLOB.descriptor, { offset: 4 })),
  "fetch manifest by tag": (registry) => registry.repository(NAME).fetchReference(TAG),
  "fetch manifest by digest": async (registry) => await Array.fromAsync(await registry.repository(NAME).fetch(MANIFEST.descriptor)),
  "push blob": (registry) => pushBlob(registry.connection, NAME, BLOB.descriptor, bytesSource(BLOB.bytes), { backoff: () => 0 }),
  "push blob in chunks": (registry) =>
    pushBlob(registry.connection, NAME, BLOB.descriptor, bytesSource(BLOB.bytes), { mode: "chunked", chunkSize: 10, backoff: () => 0 }),
  "mount blob": (registry) => registry.repository(NAME).blobs.mount(BLOB.descriptor, "team/base"),
  "push manifest": (registry) => registry.repository(NAME).manifests.push(MANIFEST.descriptor, bytesSource(MANIFEST.bytes)),
  "list tags": (registry) => Array.fromAsync(registry.repository(NAME).tags()),
  "list repositories": (registry) => Array.fromAsync(registry.repositories()),
  "list referrers": (registry) => Array.fromAsync(registry.repository(NAME).referrers(MANIFEST.descriptor)),
  "delete manifest": (registry) => registry.repository(NAME).delete(MANIFEST.descriptor),
};

/** The code that each ends with; `ERR_PROTOCOL` where none is said. */
const CODES: Readonly<Record<string, readonly string[]>> = {
  ERR_AUTH: [
    "wants a scheme that nobody knows",
    "wants a token and does not say from where",
    "names the metadata service of a cloud as its token server",
    "names a private address as its token server",
    "names a file as its token server",
    "names nonsense as its token server",
    "has a token server that answers with a page",
    "has a token server without tokens",
    "has a token server that refuses",
    "has a token server whose answer never ends",
    "has a token server that sends clients to the metadata service of a cloud",
    "has a token server that gives a header in place of a token",
  ],
  ERR_DIGEST_MISMATCH: [
    "serves other bytes under a blob's digest",
    "serves other bytes under a manifest's digest",
    "names another digest for a manifest fetched by digest",
    "names another digest for a manifest resolved by digest",
    "says that a pushed blob has another digest",
    "says that it mounted another blob",
    "says that a pushed manifest has another digest",
  ],
  ERR_INVALID_LINK: [
    "links a page of tags to itself",
    "links two pages of tags to each other",
    "links a page of tags to another host",
    "links a page of tags to the metadata service of a cloud",
    "links a page of repositories to itself",
    "links a page of referrers to itself",
  ],
  ERR_LIMIT_EXCEEDED: [
    "has a next page of tags for ever",
    "has tags in a list without end",
    "has referrers in a list without end",
    "serves a manifest without end",
  ],
  ERR_NETWORK: [
    "serves a manifest by tag that is cut",
    "says that a manifest is larger than any number",
    "has a token server that never answers",
    "drops every connection",
    "never answers",
    "stops in the middle of a manifest and keeps the line open",
    "drops every upload",
  ],
  ERR_NOT_FOUND: ["fails with a page for people", "has more bytes than it was sent", "forgets uploads"],
  ERR_RATE_LIMITED: ["is too busy for a day"],
  ERR_RESPONSE: [
    "wants a token and refuses every one",
    "refuses every password",
    "refuses without a challenge",
    "wants a token in the middle of an upload, again and again",
    "is always too busy, and asks to come at once",
    "is too busy until a time that is none",
    "is always out of order",
    "fails with an error body without end",
    "fails at a push with an error body without end",
    "paints on terminals in its errors",
    "has a status that nobody knows",
    "answers a ping with a page for people that is not found",
    "refuses every commit",
    "never has the bytes that it was sent",
  ],
  ERR_SIZE_MISMATCH: [
    "serves a blob that is shorter than its descriptor says",
    "serves a blob that is longer than its descriptor says",
    "serves a blob without a length and stops early",
    "serves a blob without a length and does not stop",
    "cuts every download of a blob at its first byte",
    "stops in the middle of a blob and keeps the line open",
  ],
  ERR_UNSUPPORTED: ["says that it deleted and did something else"],
};

function codeOf({ name }: Misbehaviour): string {
  return Object.entries(CODES).find(([, names]) => names.includes(name))?.[0] ?? "ERR_PROTOCOL";
}

async function failureOf(registry: ScriptedRegistry, { ask, silent = false }: Misbehaviour): Promise<unknown> {
  const client = clientOf(registry.host, silent);
  try {
    return await ASKS[ask](client).then(
      (value) => ({ value }),
      (error: unknown) => error,
    );
  } finally {
    await client.close();
  }
}

test("every code is that of a misbehaviour there is", () => {
  const names = new Set(MISBEHAVIOURS.map(({ name }) => name));
  expect(
    Object.values(CODES)
      .flat()
      .filter((name) => !names.has(name)),
  ).toEqual([]);
});

test.each(MISBEHAVIOURS)("a registry that $name gets a typed error", { timeout: 20_000 }, async (misbehaviour) => {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  misbehaviour.arrange(registry);
  const error = await failureOf(registry, misbehaviour);

  expect(BerthError.is(error) ? error.code : inspect(error)).toBe(codeOf(misbehaviour));
  const text = inspect(error, { depth: 10 });
  expect(text).toContain(registry.host);
  expect(text).not.toContain(USER.password);
  expect(text).not.toContain(btoa(`${USER.username}:${USER.password}`));
  const message = error instanceof Error ? error.message : "";
  expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(message.length).toBeLessThan(4000);

  expect(registry.requests.length).toBeLessThan(200);
  expect(registry.bytesSent).toBeLessThan(16 * MIB);
  // Nothing is left open: no answer that nobody reads, no connection.
  await registry.answered();
  await registry.disconnected();
  expect(registry.connections).toBe(0);
});
