import { randomBytes } from "node:crypto";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { startTokenServer, type TokenServer, type TokenServerOptions } from "@berth/testkit/token-server";
import { expect, onTestFinished, test } from "vitest";
import { staticCredentials } from "../credentials/static-credentials.ts";
import { AuthError, UnreplayableBodyError } from "../errors.ts";
import { requestBody } from "../transport/body.ts";
import { drain } from "../transport/drain.ts";
import { redirectLayer } from "../transport/redirect-layer.ts";
import { failureOfCall, fakeRequest } from "../transport/testing/fake-transport.test-kit.ts";
import { composeTransport, type Transport } from "../transport/transport.ts";
import { createUndiciTransport } from "../transport/undici-transport.ts";
import { authLayer } from "./auth-layer.ts";
import type { AuthOptions } from "./auth-options.ts";
import { createRegistryTransport } from "./registry-transport.ts";

const USER = { username: "u", password: "p" };

interface Guarded {
  readonly registry: ScriptedRegistry;
  readonly tokens: TokenServer;
  readonly base: Transport;
  readonly send: Transport;
}

/** A registry that wants a token for everything. */
async function guarded(options: AuthOptions = {}, tokenOptions: TokenServerOptions = {}): Promise<Guarded> {
  const registry = await startScriptedRegistry();
  const tokens = await startTokenServer({ users: [USER], ...tokenOptions });
  const base = createUndiciTransport();
  onTestFinished(async () => {
    await base.close();
    await registry.close();
    await tokens.close();
  });
  const challenge = `Bearer realm="${tokens.realm}",service="${tokens.service}",scope="repository:a:pull"`;
  for (const method of ["GET", "PUT"]) {
    registry.on(method, /^\/v2\//, ({ headers }) =>
      headers["authorization"]?.startsWith("Bearer ") ? { status: 200 } : { status: 401, headers: { "www-authenticate": challenge } },
    );
  }
  const credentials = staticCredentials(registry.host, USER);
  const send = composeTransport(base, redirectLayer(), authLayer({ registry: registry.host, credentials, ...options }));
  return { registry, tokens, base, send };
}

test("[client/B-41,B-46] a token from a real server opens the registry, and serves until it is replaced", async () => {
  const { registry, tokens, send } = await guarded();
  for (let i = 0; i < 3; i++) {
    const response = await send(fakeRequest(`${registry.url}/v2/a/manifests/1`));
    await drain(response);
    expect(response.status).toBe(200);
  }
  expect(tokens.requests.map(({ grant, user, scopes }) => [grant, user, scopes])).toEqual([["basic", "u", ["repository:a:pull"]]]);
  expect(registry.requests).toHaveLength(4);
});

test("[client/B-47,C-9] an identity token goes by POST, a password by POST when told to, and by GET where POST is unknown", async () => {
  const { registry, tokens, send } = await guarded({ forceOAuth2: true });
  await drain(await send(fakeRequest(`${registry.url}/v2/a/manifests/1`)));
  expect(tokens.requests.map(({ method, grant, clientId }) => [method, grant, clientId])).toEqual([["POST", "password", "berth"]]);

  const old = await guarded({ forceOAuth2: true }, { oauth2: false });
  await drain(await old.send(fakeRequest(`${old.registry.url}/v2/a/manifests/1`)));
  expect(old.tokens.requests.map(({ method, status }) => [method, status])).toEqual([
    ["POST", 404],
    ["GET", 200],
  ]);
});

test("[client/A-12] a long upload that can be sent once arrives whole, though the registry wants a token", async () => {
  const { registry, send } = await guarded();
  const content = randomBytes(3_000_000);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
  }
  const url = `${registry.url}/v2/a/blobs/uploads/1`;
  const response = await send(fakeRequest(url, { method: "PUT", body: requestBody(chunks(), content.length) }));
  await drain(response);
  expect([response.status, registry.journal("PUT").length]).toEqual([200, 1]);
  expect(registry.requests.at(-1)?.body.equals(content)).toBe(true);
});

test("[client/A-12] a body that is gone is an error that says so, and the second call works", async () => {
  const { registry, send } = await guarded();
  registry.on("GET", "/v2/", { status: 200 });
  const put = async (): ReturnType<Transport> =>
    await send(fakeRequest(`${registry.url}/v2/a/blobs/uploads/1`, { method: "PUT", body: requestBody(once()) }));
  expect(await failureOfCall(put())).toBeInstanceOf(UnreplayableBodyError);
  const response = await put();
  await drain(response);
  expect(response.status).toBe(200);
});

test("[client/D-9,C-11] after a redirect neither password nor token reaches the other host", async () => {
  const { registry, tokens, send } = await guarded();
  const other = await startScriptedRegistry();
  onTestFinished(() => other.close());
  other.on("GET", "/blob", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } });
  registry.on("GET", "/v2/a/blobs/x", ({ headers }) =>
    headers["authorization"] === undefined
      ? { status: 401, headers: { "www-authenticate": `Bearer realm="${tokens.realm}"` } }
      : { status: 307, headers: { location: `${other.url}/blob` } },
  );
  const response = await send(fakeRequest(`${registry.url}/v2/a/blobs/x`));
  await drain(response);
  expect(response.status).toBe(401);
  expect(other.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
});

test.each([
  "refuse",
  "broken",
  "html",
  "malformed",
  "no-token",
  "header-injection",
  "huge",
  "endless",
  "redirect-to-metadata",
  "redirect-loop",
] as const)(
  "[client/B-46,C-10] a token server that goes wrong (%s) is an AuthError that names it, without secrets",
  async (misbehaviour) => {
    const { registry, tokens, send } = await guarded();
    tokens.misbehave(misbehaviour);
    const error = await failureOfCall(send(fakeRequest(`${registry.url}/v2/a/manifests/1`)));
    expect(error).toBeInstanceOf(AuthError);
    expect(String(error)).toContain(`Cannot get token for "${registry.host}"`);
    expect(String(error)).not.toContain(Buffer.from("u:p").toString("base64"));
    tokens.behave();
    const response = await send(fakeRequest(`${registry.url}/v2/a/manifests/1`));
    await drain(response);
    expect(response.status).toBe(200);
  },
);

test.each(["token-only", "access-token-only", "no-expiry", "from-the-future", "odd-expiry"] as const)(
  "[client/X-1,C-6] a token server that is only odd (%s) will do",
  async (misbehaviour) => {
    const { registry, tokens, send } = await guarded();
    tokens.misbehave(misbehaviour);
    for (let i = 0; i < 2; i++) await drain(await send(fakeRequest(`${registry.url}/v2/a/manifests/1`)));
    expect([tokens.requests.length, registry.requests.length]).toEqual([1, 3]);
  },
);

test("[client/C-3,C-4] a transport for a registry on this machine finds out that it speaks plain HTTP", async () => {
  const { registry, tokens, base } = await guarded();
  const credentials = staticCredentials(registry.host, USER);
  const transport = await createRegistryTransport(registry.host, { transport: base, credentials, scopes: ["repository:a:pull"] });
  const response = await transport(fakeRequest(`https://${registry.host}/v2/a/manifests/1`));
  await drain(response);
  expect([response.status, tokens.requests.length, registry.journal()]).toEqual([200, 1, ["GET /v2/", "GET /v2/a/manifests/1"]]);
});

async function* once(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("x");
}
