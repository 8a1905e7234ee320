import { createPublicKey, verify } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { TOKEN_MISBEHAVIOURS, type TokenServer, type TokenServerOptions, startTokenServer } from "./index.ts";

const ALICE = { username: "alice", password: "pass:word" };
const SCOPE = "repository:a/b:pull,push";

async function start(options: TokenServerOptions = {}): Promise<TokenServer> {
  const server = await startTokenServer({ users: [ALICE], ...options });
  onTestFinished(() => server.close());
  return server;
}

const basic = (password = ALICE.password): { readonly authorization: string } => ({
  authorization: `Basic ${btoa(`${ALICE.username}:${password}`)}`,
});
const get = (server: TokenServer, query: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${server.realm}?service=${server.service}&${query}`, { headers });
const post = (server: TokenServer, form: Readonly<Record<string, string>>): Promise<Response> =>
  fetch(server.realm, { method: "POST", body: new URLSearchParams(form) });

interface Answer {
  readonly token?: string;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly expires_in?: number;
}

async function answerOf(response: Promise<Response>): Promise<Answer> {
  const answer: Answer = JSON.parse(await (await response).text());
  return answer;
}

function claims(token: unknown): { readonly access: unknown; readonly [name: string]: unknown } {
  const parsed: { readonly access: unknown } = JSON.parse(Buffer.from(String(token).split(".")[1] ?? "", "base64url").toString());
  return parsed;
}

test("a token server gives tokens by GET to users and to anybody, and remembers who wanted what", async () => {
  const server = await start();
  const alice = await answerOf(get(server, `scope=${SCOPE}&scope=registry:catalog:*`, basic()));
  expect(claims(alice.token)).toMatchObject({ iss: server.issuer, aud: server.service, sub: "alice" });
  expect(claims(alice.token).access).toEqual([
    { type: "repository", name: "a/b", actions: ["pull", "push"] },
    { type: "registry", name: "catalog", actions: ["*"] },
  ]);
  expect([alice.expires_in, alice.refresh_token]).toEqual([300, undefined]);
  const anybody = await answerOf(get(server, `scope=${SCOPE}`));
  expect(claims(anybody.token).access).toEqual([{ type: "repository", name: "a/b", actions: ["pull"] }]);
  expect((await get(server, `scope=${SCOPE}`, basic("wrong"))).status).toBe(401);
  expect(server.requests.map(({ grant, user, scopes, status }) => ({ grant, user, scopes, status }))).toEqual([
    { grant: "basic", user: "alice", scopes: [SCOPE, "registry:catalog:*"], status: 200 },
    { grant: "anonymous", user: undefined, scopes: [SCOPE], status: 200 },
    { grant: "basic", user: "alice", scopes: [SCOPE], status: 401 },
  ]);
  expect(JSON.stringify(server.requests)).not.toContain(ALICE.password);
});

test("a token server gives tokens by POST for a password, and for the refresh token that came with one", async () => {
  const server = await start();
  const form = { service: server.service, client_id: "test", scope: `${SCOPE} repository:c:pull` };
  const first = await answerOf(post(server, { ...form, grant_type: "password", access_type: "offline", ...ALICE }));
  expect(Object.keys(first).toSorted()).toEqual(["access_token", "expires_in", "issued_at", "refresh_token", "scope"]);
  const second = await answerOf(post(server, { ...form, grant_type: "refresh_token", refresh_token: first.refresh_token ?? "" }));
  expect(claims(second.access_token)).toMatchObject({ sub: "alice" });
  expect((await post(server, { ...form, grant_type: "refresh_token", refresh_token: "wrong" })).status).toBe(401);
  expect((await post(server, { ...form, grant_type: "device" })).status).toBe(400);
  expect(server.requests.map(({ scopes }) => scopes.length)).toEqual([2, 2, 2, 2]);
});

test("a token server without OAuth2 does not know POST", async () => {
  const server = await start({ oauth2: false });
  expect((await post(server, { grant_type: "password", ...ALICE })).status).toBe(404);
});

test("tokens are signed with the key that the server shows", async () => {
  const server = await start({ grant: () => [], expiresInSeconds: 60 });
  const { token, expires_in } = await answerOf(get(server, `scope=${SCOPE}`, basic()));
  const [header = "", payload = "", signature = ""] = String(token).split(".");
  const key = createPublicKey({ key: { ...server.key.jwk }, format: "jwk" });
  const signed = Buffer.from(`${header}.${payload}`);
  expect(verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"))).toBe(true);
  expect([expires_in, claims(token).access]).toEqual([60, []]);
});

test("a token server misbehaves as often as it is told to", async () => {
  const server = await start();
  server.misbehave("broken", 2);
  const statuses = [];
  for (let count = 0; count < 3; count++) statuses.push((await get(server, `scope=${SCOPE}`)).status);
  expect(statuses).toEqual([500, 500, 200]);
});

test.each(TOKEN_MISBEHAVIOURS)("a token server that is told %s does not answer as it should", async (name) => {
  const server = await start();
  server.misbehave(name);
  const abort = new AbortController();
  const answer = fetch(`${server.realm}?offline_token=true&scope=${SCOPE}`, { headers: basic(), redirect: "manual", signal: abort.signal })
    .then(async (response) => ({ status: response.status, body: name === "endless" || name === "huge" ? "" : await response.text() }))
    .catch((error: unknown) => String(error));
  if (name === "hang") abort.abort();
  const got = await answer;
  abort.abort();
  const right = typeof got === "object" && got.status === 200 && hasAll(got.body);
  expect(right).toBe(name === "from-the-future" || name === "odd-expiry");
});

function hasAll(body: string): boolean {
  return ["token", "access_token", "expires_in", "issued_at", "refresh_token"].every((name) => body.includes(`"${name}"`));
}
