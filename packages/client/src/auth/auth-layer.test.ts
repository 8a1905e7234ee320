import { describe, expect, test } from "vitest";
import type { Credential } from "../credentials/credential.ts";
import { staticCredentials } from "../credentials/static-credentials.ts";
import { AuthError, isUnauthorized, UnreplayableBodyError } from "../errors.ts";
import { requestBody } from "../transport/body.ts";
import { failureOfCall, fakeRequest } from "../transport/testing/fake-transport.test-kit.ts";
import type { Transport } from "../transport/transport.ts";
import { authLayer } from "./auth-layer.ts";
import type { AuthOptions, TokenEvent } from "./auth-options.ts";
import { NO_SCOPE_HINTS, withScopes } from "./scope-hints.ts";
import {
  bearer,
  type FakeRegistry,
  type FakeRegistryOptions,
  fakeRegistry,
  MANIFEST,
  UPLOAD,
  watchedCredentials,
} from "./testing/fake-registry.test-kit.ts";
import { createTokenCache } from "./token-cache.ts";

const BASIC = `Basic ${Buffer.from("u:p").toString("base64")}`;
const USER = staticCredentials("r.test", { username: "u", password: "p" });
const PULL = "service=r.test&scope=repository:a/b:pull";

function setUp(options: AuthOptions = {}, registryOptions: FakeRegistryOptions = {}): { registry: FakeRegistry; send: Transport } {
  const registry = fakeRegistry(registryOptions);
  return { registry, send: authLayer({ registry: "r.test", credentials: USER, now: registry.now, ...options })(registry.transport) };
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe("authLayer() with Bearer challenges", () => {
  test("[client/B-41,A-10,B-46] asks for a token after a 401, and uses it from then on", async () => {
    const { registry, send } = setUp();
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.journal()).toEqual([
      "GET /v2/a/b/manifests/1 -",
      `GET auth.test ${BASIC} ${PULL}`,
      "GET /v2/a/b/manifests/1 Bearer t1",
      "GET /v2/a/b/manifests/1 Bearer t1",
    ]);
  });

  test("[client/B-41] returns a second 401 with the same demand: one new token, two sends", async () => {
    const { registry, send } = setUp({}, { accepts: () => false });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
    expect(registry.requests.map(({ url }) => url.host)).toEqual(["r.test", "auth.test", "r.test"]);
  });

  test("[client/B-41] sends three times at most: a token of before, another one of before, a new one", async () => {
    const { registry, send } = setUp({}, { accepts: (authorization) => ["Bearer t1", "Bearer t2"].includes(authorization) && accepting });
    let accepting = true;
    await send(fakeRequest(MANIFEST, { scopes: ["repository:a/b:pull"] })); // t1
    await send(fakeRequest(UPLOAD, { method: "POST", scopes: ["repository:a/b:pull,push"] })); // t2
    accepting = false;
    const before = registry.requests.length;
    expect((await send(fakeRequest(MANIFEST, { scopes: ["repository:a/b:pull"] }))).status).toBe(401);
    const sends = registry.requests.slice(before).filter(({ url }) => url.host === "r.test");
    expect(sends.map(({ headers }) => headers["authorization"])).toEqual(["Bearer t1", "Bearer t2", "Bearer t3"]);
  });

  test("[client/B-40] leaves a request alone that has an Authorization, and adds its headers to every request", async () => {
    const { registry, send } = setUp({ headers: { "user-agent": "x/1" } });
    await send(fakeRequest(MANIFEST, { headers: { authorization: "Bearer mine" } }));
    await send(fakeRequest(MANIFEST));
    expect(registry.requests.map(({ headers }) => headers["user-agent"])).toEqual(["x/1", "x/1", "x/1", "x/1"]);
    expect(registry.journal()[0]).toBe("GET /v2/a/b/manifests/1 Bearer mine");
    expect(registry.requests.map(({ url }) => url.host)).toEqual(["r.test", "r.test", "auth.test", "r.test"]);
  });

  test("[client/B-43,B-45] asks once for everything that the hints say, what was challenged first", async () => {
    const { registry, send } = setUp({ hints: withScopes(NO_SCOPE_HINTS, ["repository:z:pull"], "r.test") });
    const scopes = ["repository:a/b:push,pull", "repository:a/a:pull"];
    await send(fakeRequest(UPLOAD.replace("uploads/", "sha256:1"), { method: "HEAD", scopes }));
    await send(fakeRequest(UPLOAD, { method: "POST", scopes }));
    expect(registry.journal().filter((line) => line.includes("auth.test"))).toEqual([
      `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull,push&scope=repository:a/a:pull&scope=repository:z:pull`,
    ]);
  });

  test("[client/B-42] uses a token that has more than what is wanted", async () => {
    const { registry, send } = setUp();
    await send(fakeRequest(UPLOAD, { method: "POST" }));
    await send(fakeRequest(MANIFEST));
    expect(registry.requests).toHaveLength(4);
  });

  test("[client/B-42] makes one token request for calls at the same time", async () => {
    const { registry, send } = setUp();
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await send(fakeRequest(MANIFEST))).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(registry.requests.filter(({ url }) => url.host === "auth.test")).toHaveLength(1);
  });

  test("[client/B-42] does not keep an error", async () => {
    const { send } = setUp(
      {},
      { token: (_, count) => (count === 1 ? { status: 503 } : { body: '{"token":"t"}' }), accepts: (one) => one === "Bearer t" },
    );
    const error = await failureOfCall(send(fakeRequest(MANIFEST)));
    expect(error).toMatchObject({ code: "ERR_AUTH", retryable: true });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
  });

  test("[client/B-42] drops the tokens of a host that changes its scheme", async () => {
    let challenge = "";
    const { registry, send } = setUp(
      {},
      { challenge: (request) => challenge || bearer(request), accepts: (one) => one === (challenge === "" ? "Bearer t1" : BASIC) },
    );
    await send(fakeRequest(MANIFEST));
    challenge = 'Basic realm="r"';
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.journal().slice(3)).toEqual([
      "GET /v2/a/b/manifests/1 Bearer t1",
      `GET /v2/a/b/manifests/1 ${BASIC}`,
      `GET /v2/a/b/manifests/1 ${BASIC}`,
    ]);
  });

  test("[client/B-48] sends an access token as it is, without a token server", async () => {
    const { registry, send } = setUp(
      { credentials: staticCredentials("r.test", { accessToken: "mine" }) },
      { accepts: (one) => one === "Bearer mine" },
    );
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.journal()).toEqual([
      "GET /v2/a/b/manifests/1 -",
      "GET /v2/a/b/manifests/1 Bearer mine",
      "GET /v2/a/b/manifests/1 Bearer mine",
    ]);
  });

  test("authLayer() returns the 401 when the access token is refused", async () => {
    const { send } = setUp({ credentials: staticCredentials("r.test", { accessToken: "mine" }) }, { accepts: () => false });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
  });

  test("authLayer() replaces a token that was revoked", async () => {
    const { registry, send } = setUp();
    await send(fakeRequest(MANIFEST));
    registry.revoke("t1");
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(
      registry
        .journal()
        .slice(3)
        .map((line) => line.split(" ").slice(0, 4).join(" ")),
    ).toEqual(["GET /v2/a/b/manifests/1 Bearer t1", `GET auth.test ${BASIC}`, "GET /v2/a/b/manifests/1 Bearer t2"]);
  });

  test("authLayer() tells of each token, without its secret", async () => {
    const events: TokenEvent[] = [];
    const { registry, send } = setUp({ onToken: (event) => events.push(event) });
    await send(fakeRequest(MANIFEST));
    expect(events).toEqual([
      {
        registry: "r.test",
        realm: "https://auth.test/token",
        service: "r.test",
        scopes: ["repository:a/b:pull"],
        grant: "password",
        expiresAt: new Date(registry.now() + 300_000),
      },
    ]);
  });

  test("authLayer() asks for the credential of the repository, and says what it is for", async () => {
    const credentials = watchedCredentials(() => undefined);
    const { send } = setUp({ credentials });
    await send(fakeRequest(MANIFEST));
    await send(fakeRequest(UPLOAD, { method: "POST" }));
    expect(credentials.targets).toEqual([
      { registry: "r.test", repository: "a/b", purpose: "pull" },
      { registry: "r.test", repository: "a/b", purpose: "push" },
    ]);
  });
});

describe("authLayer() and the life of tokens", () => {
  test("[client/X-1] renews a token shortly before its end, without a 401, scopes in the order of before", async () => {
    const { registry, send } = setUp({}, { life: 60 });
    const scopes = ["repository:a/a:pull"];
    await send(fakeRequest(MANIFEST, { scopes }));
    registry.pass(53);
    await send(fakeRequest(MANIFEST, { scopes }));
    registry.pass(2);
    await send(fakeRequest(MANIFEST, { scopes }));
    expect(registry.journal().slice(2)).toEqual([
      "GET /v2/a/b/manifests/1 Bearer t1",
      "GET /v2/a/b/manifests/1 Bearer t1",
      `GET auth.test ${BASIC} ${PULL}&scope=repository:a/a:pull`,
      "GET /v2/a/b/manifests/1 Bearer t2",
    ]);
  });

  test("[client/X-1] takes a new token for a body over 64 MiB, also when the old one is still good", async () => {
    const { registry, send } = setUp();
    await send(fakeRequest(UPLOAD, { method: "POST" }));
    registry.pass(10);
    const size = 64 * 2 ** 20;
    const body = { size, replayable: true, open: () => once("") };
    await send(fakeRequest(UPLOAD, { method: "PUT", body }));
    await send(fakeRequest(UPLOAD, { method: "PUT", body: { ...body, size: size + 1 } }));
    expect(registry.requests.slice(3).map(({ method, headers }) => `${method} ${headers["authorization"]}`)).toEqual([
      "PUT Bearer t1",
      `GET ${BASIC}`,
      "PUT Bearer t2",
    ]);
  });

  const denied = { status: 403, body: JSON.stringify({ errors: [{ code: "DENIED" }] }) };

  test("[client/X-2] takes a refusal of a token that is past its life for its end, once", async () => {
    const { registry, send } = setUp(
      {},
      { answer: (request) => (request.headers["authorization"]?.startsWith("Bearer") ? (registry.pass(90), denied) : undefined), life: 60 },
    );
    const response = await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody("x") }));
    expect([response.status, registry.requests.filter(({ url }) => url.host === "auth.test").length]).toEqual([403, 2]);
  });

  test("[client/X-2] believes an answer that speaks of an expired token", async () => {
    const body = "Your Authorization Token has expired. Please run 'login' to fetch a new one.";
    const { registry, send } = setUp(
      {},
      { answer: ({ headers }) => (expired && headers["authorization"] === "Bearer t1" ? { status: 400, body } : undefined) },
    );
    let expired = false;
    await send(fakeRequest(MANIFEST));
    expired = true;
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.requests.at(-1)?.headers["authorization"]).toBe("Bearer t2");
  });

  test("[client/X-2] leaves a refusal that is not about the token to the caller, with its body", async () => {
    const { registry, send } = setUp(
      {},
      { answer: ({ headers }) => (refusing && headers["authorization"] === "Bearer t1" ? denied : undefined) },
    );
    let refusing = false;
    await send(fakeRequest(MANIFEST));
    refusing = true;
    const response = await send(fakeRequest(MANIFEST));
    expect([response.status, (await response.body.toArray()).join("")]).toEqual([403, denied.body]);
    expect(registry.requests).toHaveLength(4);
  });
});

describe("authLayer() and bodies", () => {
  test("[client/A-12] a body that can be read once is not sent before it is known how: it asks first", async () => {
    const { registry, send } = setUp();
    expect((await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once("x")) }))).status).toBe(200);
    expect(registry.journal()).toEqual([
      "GET /v2/ -",
      `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull,push`,
      "PUT /v2/a/b/blobs/uploads/ Bearer t1",
    ]);
  });

  test("[client/A-12] an open registry is asked once only", async () => {
    const { registry, send } = setUp({}, { accepts: () => true });
    for (const text of ["x", "y"]) await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once(text)) }));
    expect(registry.journal()).toEqual(["GET /v2/ -", "PUT /v2/a/b/blobs/uploads/ -", "PUT /v2/a/b/blobs/uploads/ -"]);
  });

  test("[client/A-12] fails when a body is gone, with a token at hand for the next call", async () => {
    const { registry, send } = setUp({}, { answer: ({ url }) => (url.pathname === "/v2/" ? { status: 200 } : undefined) });
    const put = async (): Promise<unknown> => await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once("x")) }));
    const error = await failureOfCall(put());
    expect(error).toBeInstanceOf(UnreplayableBodyError);
    expect(error).toMatchObject({ retryable: true, cause: { code: "ERR_AUTH" } });
    await put();
    expect(registry.requests.at(-1)?.headers["authorization"]).toBe("Bearer t1");
  });

  test("[client/A-12] sends bytes and sources that can be opened again a second time", async () => {
    const { registry, send } = setUp();
    expect((await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody("x") }))).status).toBe(200);
    expect(registry.requests.filter(({ method }) => method === "PUT")).toHaveLength(2);
  });
});

describe("authLayer() with Basic challenges", () => {
  const challenge = 'Basic realm="r"';
  const accepts = (one: string): boolean => one === BASIC;

  test("[client/B-49,D-12] answers with the credential, and sends it along from then on", async () => {
    const { registry, send } = setUp({}, { challenge, accepts });
    await send(fakeRequest(MANIFEST));
    await send(fakeRequest(MANIFEST));
    expect(registry.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined, BASIC, BASIC]);
  });

  test("[client/B-49] encodes in UTF-8", async () => {
    const { registry, send } = setUp({ credentials: staticCredentials("r.test", { username: "ü", password: "pä:ß" }) }, { challenge });
    await send(fakeRequest(MANIFEST));
    expect(Buffer.from(registry.requests[1]?.headers["authorization"]?.slice(6) ?? "", "base64").toString()).toBe("ü:pä:ß");
  });

  test.each<[Credential | undefined, string]>([
    [undefined, 'Cannot send GET request: "r.test" asks for a user name and password, and there is no credential for it: log in first'],
    [{ username: "u" }, 'Cannot authenticate to "r.test": the credential has no password'],
    [{ password: "p" }, 'Cannot authenticate to "r.test": the credential has no user name'],
  ])("[client/B-49] says what is missing from %j", async (credential, message) => {
    const { send } = setUp({ credentials: async () => credential }, { challenge });
    const error = await failureOfCall(send(fakeRequest(MANIFEST)));
    expect(error).toBeInstanceOf(AuthError);
    expect([isUnauthorized(error), String(error)]).toEqual([true, `AuthError: ${message}`]);
  });

  test("[client/B-49] returns the 401 when the credential is refused", async () => {
    const { registry, send } = setUp({}, { challenge, accepts: () => false });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
    expect(registry.requests).toHaveLength(3);
  });

  test("[client/D-12] sends it before it is asked when it is told to, to its own registry only", async () => {
    const { registry, send } = setUp(
      { preemptiveBasic: true, credentials: async () => ({ username: "u", password: "p" }) },
      { challenge, accepts },
    );
    await send(fakeRequest(MANIFEST));
    await send(fakeRequest("https://cdn.test/blob"));
    expect(registry.requests.slice(0, 2).map(({ headers }) => headers["authorization"])).toEqual([BASIC, undefined]);
  });

  test("authLayer() leaves it to the caller when told to, and still proves itself to token servers", async () => {
    const basic = setUp({ disableBasic: true }, { challenge });
    expect((await basic.send(fakeRequest(MANIFEST))).status).toBe(401);
    expect(basic.registry.requests).toHaveLength(1);
    const tokens = setUp({ disableBasic: true }, { challenge: (request) => [challenge, bearer(request)] });
    expect((await tokens.send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(tokens.registry.requests[1]?.headers["authorization"]).toBe(BASIC);
  });

  test("[client/C-12] answers with an access token as Bearer", async () => {
    const { registry, send } = setUp({ credentials: staticCredentials("r.test", { accessToken: "mine" }) }, { challenge });
    await send(fakeRequest(MANIFEST));
    expect(registry.requests[1]?.headers["authorization"]).toBe("Bearer mine");
  });

  test("authLayer() looks up a changed password", async () => {
    let password = "old";
    const { registry, send } = setUp(
      { credentials: async () => ({ username: "u", password }) },
      { challenge, accepts: (one) => one === `Basic ${Buffer.from(`u:${password}`).toString("base64")}` },
    );
    await send(fakeRequest(MANIFEST));
    password = "new";
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.requests).toHaveLength(4);
  });
});

describe("authLayer() with several challenges", () => {
  const basic = 'Basic realm="q"';

  test("[client/D-7,A-10] prefers Bearer, in whatever field and order it comes", async () => {
    const both = (request: Parameters<typeof bearer>[0]): readonly string[] => [`Negotiate, ${basic}`, bearer(request)];
    for (const challenge of [both, (request: Parameters<typeof bearer>[0]): string => `${basic}, ${bearer(request)}`]) {
      const { registry, send } = setUp({}, { challenge });
      expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
      expect(registry.requests[1]?.url.host).toBe("auth.test");
    }
  });

  test("[client/D-7] takes Basic when the token server may not be asked", async () => {
    const { registry, send } = setUp({}, { challenge: ['Bearer realm="https://127.0.0.1/t"', basic], accepts: (one) => one === BASIC });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.requests).toHaveLength(2);
  });

  test("[client/D-7] names the schemes that it does not know", async () => {
    const { send } = setUp({}, { challenge: ["Negotiate", "Digest"] });
    await expect(send(fakeRequest(MANIFEST))).rejects.toThrow('"r.test" asks for "negotiate", "digest", which is not supported');
  });

  test("authLayer() returns a 401 without a challenge", async () => {
    const { send } = setUp({}, { challenge: [] });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
  });
});

describe("authLayer() and other hosts", () => {
  const foreign = "https://mirror.test/v2/a/b/blobs/sha256:1";

  test("[client/D-9,C-11] is nobody at a host that it has no credential for, and shows it no hints of the registry", async () => {
    const { registry, send } = setUp();
    await send(fakeRequest(MANIFEST));
    expect((await send(fakeRequest(foreign, { scopes: ["repository:secret:pull"] }))).status).toBe(200);
    expect(registry.journal().slice(3)).toEqual([
      "GET mirror.test/v2/a/b/blobs/sha256:1 -",
      `GET auth.test - ${PULL}`,
      "GET mirror.test/v2/a/b/blobs/sha256:1 Bearer t2",
    ]);
  });

  test("[client/D-9,B-51] uses the host's own credential", async () => {
    const own = { username: "m", password: "m" };
    const credentials = watchedCredentials(({ registry }) => (registry === "mirror.test" ? own : undefined));
    const { registry, send } = setUp({ credentials }, { challenge: 'Basic realm="m"', accepts: (one) => one !== "" });
    await send(fakeRequest(foreign));
    expect(registry.requests.at(-1)?.headers["authorization"]).toBe(`Basic ${Buffer.from("m:m").toString("base64")}`);
  });

  test("[client/B-51] returns the 401 of a host that wants a password nobody knows", async () => {
    const { registry, send } = setUp({}, { challenge: 'Basic realm="m"' });
    expect((await send(fakeRequest(foreign))).status).toBe(401);
    expect(registry.requests).toHaveLength(1);
  });

  test("[client/C-11] a token stays with its host, also on another port or scheme", async () => {
    const { registry, send } = setUp(
      {},
      { answer: ({ url }) => (url.host === "auth.test" || url.origin === "https://r.test" ? undefined : { status: 200 }) },
    );
    await send(fakeRequest(MANIFEST));
    for (const url of ["https://r.test:444/x", "http://r.test/x", "https://cdn.r.test/x"]) await send(fakeRequest(url));
    expect(registry.requests.slice(3).map(({ headers }) => headers["authorization"])).toEqual([undefined, undefined, undefined]);
  });

  test("authLayer() asks for Docker Hub under the name that people know", async () => {
    const credentials = watchedCredentials(() => undefined);
    for (const registry of ["docker.io", undefined]) {
      const { send } = setUp({ credentials, ...(registry === undefined ? {} : { registry }) });
      await send(fakeRequest("https://registry-1.docker.io/v2/library/x/manifests/1"));
    }
    expect(new Set(credentials.targets.map(({ registry }) => registry))).toEqual(new Set(["docker.io"]));
  });

  test("[client/B-42] layers with one cache share tokens", async () => {
    const registry = fakeRegistry();
    const tokenCache = createTokenCache();
    for (let i = 0; i < 2; i++) await authLayer({ tokenCache, now: registry.now })(registry.transport)(fakeRequest(MANIFEST));
    expect(registry.requests).toHaveLength(4);
  });
});

test("authLayer() gives up with the reason of the signal, and goes on for others that wait for the same token", async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const { send } = setUp(
    {},
    {
      token: async () => {
        asked.resolve();
        await gate.promise;
        return { body: '{"token":"t"}' };
      },
      accepts: (one) => one === "Bearer t",
    },
  );
  const abort = new AbortController();
  const first = failureOfCall(send(fakeRequest(MANIFEST, { signal: abort.signal })));
  const second = send(fakeRequest(MANIFEST));
  await asked.promise;
  const reason = new Error("enough");
  abort.abort(reason);
  expect(await first).toBe(reason);
  gate.resolve();
  expect((await second).status).toBe(200);
});
