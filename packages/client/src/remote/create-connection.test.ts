import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { Readable } from "node:stream";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { TestAuthority } from "@berth/testkit/tls";
import { expect, onTestFinished, test } from "vitest";
import { createTokenCache } from "../auth/token-cache.ts";
import type { CredentialSource } from "../credentials/credential.ts";
import { staticCredentials } from "../credentials/static-credentials.ts";
import type { Transport, TransportRequest } from "../transport/transport.ts";
import { mayBePlainHttp } from "../auth/registry-address.ts";
import { createConnection, type StackConnectionOptions } from "./create-connection.ts";
import { createRemoteRegistry } from "./create-registry.ts";
import { createRemoteRepository, type RemoteRepositoryOptions } from "./create-repository.ts";
import { failure, scripted } from "./testing/scripted.test-kit.ts";

/** Remembers what was sent, and answers with 200. */
function recorder(): { readonly transport: Transport; readonly sent: TransportRequest[] } {
  const sent: TransportRequest[] = [];
  const transport: Transport = async (request) => {
    sent.push(request);
    return { status: 200, headers: {}, body: Readable.from([]), request };
  };
  return { transport, sent };
}

test("[client/B-1] any function of the shape of a transport will do", async () => {
  const { transport, sent } = recorder();
  await createRemoteRegistry("r.test", { transport }).ping();
  expect(sent.map(({ method, url }) => `${method} ${url.href}`)).toEqual(["GET https://r.test/v2/"]);
});

const who: CredentialSource = async () => ({ username: "u", password: "p" });

/** A registry that takes any token, and counts those that it gave. */
async function tokenRegistry(): Promise<{
  readonly list: (remote: RemoteRepositoryOptions) => Promise<void>;
  readonly host: string;
  given: number;
}> {
  const { server } = await scripted();
  const counts = { given: 0 };
  server
    .on("GET", "/token", () => ({ body: JSON.stringify({ token: `t${++counts.given}`, expires_in: 300 }) }))
    .on("GET", "/v2/a/b/tags/list", ({ headers }) =>
      headers["authorization"]?.startsWith("Bearer t")
        ? { body: '{"tags":[]}' }
        : { status: 401, headers: { "www-authenticate": `Bearer realm="${server.url}/token"` } },
    );
  const list = async (remote: RemoteRepositoryOptions): Promise<void> => {
    await Array.fromAsync(createRemoteRepository(`${server.host}/a/b`, remote).tags());
  };
  return Object.assign(counts, { list, host: server.host });
}

test("[client/B-1] connections that say nothing of who they are, whom they trust and how they connect share their tokens", async () => {
  const registry = await tokenRegistry();
  for (let i = 0; i < 2; i++) await registry.list({ plainHttp: true });
  await registry.list({ plainHttp: true, userAgent: "other" });
  expect(registry.given).toBe(1);
});

test.each<[string, StackConnectionOptions]>([
  ["of a credential", { credentials: who }],
  ["of a token server that others may not trust", { auth: { trustedRealms: [] } }],
  ["that came over connections of its own", { http: { stallTimeoutMs: 1000 } }],
])("[client/B-1,B-42] tokens %s stay within their connection, unless connections are given one cache", async (_, options) => {
  const registry = await tokenRegistry();
  const all = { ...options, plainHttp: true };
  await registry.list(all);
  await registry.list(all);
  expect(registry.given).toBe(2);
  const connection = createConnection(registry.host, all);
  await registry.list({ connection });
  await registry.list({ connection });
  expect(registry.given).toBe(3);
  const auth = { ...options.auth, tokenCache: createTokenCache() };
  await registry.list({ ...all, auth });
  await registry.list({ ...all, auth });
  expect(registry.given).toBe(4);
});

test("[client/C-27] a transport and what it replaces, or a connection and what it was made of, cannot be given together", () => {
  const { transport } = recorder();
  const credentials = async (): Promise<undefined> => undefined;
  // @ts-expect-error it does not compile
  expect(() => createRemoteRegistry("r.test", { transport, credentials })).toThrow(/^Cannot use credentials with a transport/);
  const connection = createConnection("r.test", { transport });
  // @ts-expect-error
  expect(() => createRemoteRepository("r.test/a", { connection, credentials })).toThrow(/^Cannot use credentials with a connection/);
  // @ts-expect-error
  expect(() => createRemoteRepository("r.test/a", { connection, plainHttp: true })).toThrow(/^Cannot use plainHttp with a connection/);
  expect(() => createRemoteRepository("other.test/a", { connection })).toThrow('Cannot use a connection to "r.test" for "other.test"');
});

test("[client/B-8] plainHttp changes the scheme only; Docker Hub answers under its other name", async () => {
  const { transport, sent } = recorder();
  for (const [registry, plainHttp] of [
    ["r.test:8080", true],
    ["r.test:8080", false],
    ["127.0.0.1:5000", false],
    ["docker.io", "auto"],
  ] as const) {
    await createRemoteRegistry(registry, { transport, plainHttp }).ping();
  }
  expect(sent.map(({ url }) => url.href)).toEqual([
    "http://r.test:8080/v2/",
    "https://r.test:8080/v2/",
    "https://127.0.0.1:5000/v2/",
    "https://registry-1.docker.io/v2/",
  ]);
});

test.each([
  "localhost",
  "localhost:5000",
  "x.localhost:1",
  "127.0.0.1",
  "127.0.0.1:5000",
  "[::1]:5000",
  "10.1.2.3",
  "172.16.0.1:80",
  "192.168.1.1",
])("[client/C-24] %s may speak plain HTTP", (registry) => expect(mayBePlainHttp(registry)).toBe(true));

test.each(["x.local", "127.0.0.1.evil.test", "localhost.evil.test", "8.8.8.8", "172.32.0.1", "r.test:80", "docker.io", "[2001:db8::1]"])(
  "[client/C-24] %s must speak HTTPS",
  (registry) => expect(mayBePlainHttp(registry)).toBe(false),
);

test("an aborted call rejects with the signal's own reason, before anything is sent", async () => {
  const { transport, sent } = recorder();
  const reason = new Error("enough");
  expect(await failure(createRemoteRegistry("r.test", { transport }).ping({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  expect(sent).toEqual([]);
});

test("[client/C-24,C-3] a registry near by is asked once whether it speaks HTTPS, by callers at the same time together", async () => {
  const { server } = await scripted();
  server.on("GET", "/v2/", { status: 401 }).on("GET", "/v2/a/b/tags/list", { body: "{}" });
  const connection = createConnection(server.host, { retry: false });
  const list = async (): Promise<unknown> => await Array.fromAsync(createRemoteRepository(`${server.host}/a/b`, { connection }).tags());
  await Promise.all([list(), list()]);
  await list();
  expect(server.journal().map((line) => line.replace(/\?.*/, ""))).toEqual(["GET /v2/", ...Array<string>(3).fill("GET /v2/a/b/tags/list")]);
});

test("[client/C-24] an answer that is an error tells the scheme as well; none at all is asked for again", async () => {
  const { server } = await scripted();
  server.on("GET", "/v2/", { cutAfter: -1 }, { status: 500 }).on("GET", "/v2/a/b/tags/list", { body: '{"tags":["t"]}' });
  const repository = createRemoteRepository(`${server.host}/a/b`, { retry: false });
  expect(await failure(Array.fromAsync(repository.tags()))).toMatchObject({ code: "ERR_NETWORK" });
  expect(await Array.fromAsync(repository.tags())).toEqual(["t"]);
});

test("[client/C-3,C-24] who speaks TLS with a certificate that is not trusted is not spoken to by HTTP, least of all with a password", async () => {
  const { server: plain } = await scripted();
  plain.on("GET", "/v2/", { status: 401, headers: { "www-authenticate": "Basic realm=r" } });
  const secure = await startScriptedRegistry({ tls: new TestAuthority().issue() });
  onTestFinished(() => secure.close());
  const both = createServer((socket) => {
    socket.once("data", (first) => {
      const behind = connect(Number((first[0] === 22 ? secure : plain).host.split(":")[1]), "127.0.0.1");
      behind.write(first);
      socket.pipe(behind).pipe(socket);
      for (const one of [socket, behind]) one.on("error", () => undefined).on("close", () => void (socket.destroy(), behind.destroy()));
    });
  });
  both.listen(0, "127.0.0.1");
  await once(both, "listening");
  onTestFinished(() => void both.close());
  const host = `127.0.0.1:${(both.address() as AddressInfo).port}`;
  const credentials = staticCredentials(host, { username: "u", password: "secret" });
  const repository = createRemoteRepository(`${host}/a/b`, { retry: false, credentials });
  expect(await failure(repository.resolve("t"))).toMatchObject({
    code: "ERR_NETWORK",
    message: expect.stringMatching(/no answer from "127\.0\.0\.1:\d+": its certificate/),
  });
  expect(plain.journal()).toEqual([]);
});
