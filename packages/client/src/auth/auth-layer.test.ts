import { describe, expect, test } from "vitest";
import { staticCredentials } from "../credentials/static-credentials.ts";
import { failureOfCall, fakeRequest } from "../transport/testing/fake-transport.test-kit.ts";
import type { TokenEvent } from "./auth-options.ts";
import { NO_SCOPE_HINTS, withScopes } from "./scope-hints.ts";
import { BASIC, bearer, MANIFEST, setUpAuth, UPLOAD, watchedCredentials } from "./testing/fake-registry.test-kit.ts";

const PULL = "service=r.test&scope=repository:a/b:pull";

describe("authLayer() with Bearer challenges", () => {
  test("[client/B-41,A-10,B-46] asks for a token after a 401, and uses it from then on", async () => {
    const { registry, send } = setUpAuth();
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
    const { registry, send } = setUpAuth({}, { accepts: () => false });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
    expect(registry.requests.map(({ url }) => url.host)).toEqual(["r.test", "auth.test", "r.test"]);
  });

  test("[client/B-41] sends three times at most: a token of before, another one of before, a new one", async () => {
    const { registry, send } = setUpAuth(
      {},
      { accepts: (authorization) => ["Bearer t1", "Bearer t2"].includes(authorization) && accepting },
    );
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
    const { registry, send } = setUpAuth({ headers: { "user-agent": "x/1" } });
    await send(fakeRequest(MANIFEST, { headers: { authorization: "Bearer mine" } }));
    await send(fakeRequest(MANIFEST));
    expect(registry.requests.map(({ headers }) => headers["user-agent"])).toEqual(["x/1", "x/1", "x/1", "x/1"]);
    expect(registry.journal()[0]).toBe("GET /v2/a/b/manifests/1 Bearer mine");
    expect(registry.requests.map(({ url }) => url.host)).toEqual(["r.test", "r.test", "auth.test", "r.test"]);
  });

  test("[client/B-43,B-45] asks once for everything that the hints say, what was challenged first", async () => {
    const { registry, send } = setUpAuth({ hints: withScopes(NO_SCOPE_HINTS, ["repository:z:pull"], "r.test") });
    const scopes = ["repository:a/b:push,pull", "repository:a/a:pull"];
    await send(fakeRequest(UPLOAD.replace("uploads/", "sha256:1"), { method: "HEAD", scopes }));
    await send(fakeRequest(UPLOAD, { method: "POST", scopes }));
    expect(registry.journal().filter((line) => line.includes("auth.test"))).toEqual([
      `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull,push&scope=repository:a/a:pull&scope=repository:z:pull`,
    ]);
  });

  test("[client/B-42] uses a token that has more than what is wanted", async () => {
    const { registry, send } = setUpAuth();
    await send(fakeRequest(UPLOAD, { method: "POST" }));
    await send(fakeRequest(MANIFEST));
    expect(registry.requests).toHaveLength(4);
  });

  test("[client/B-42] makes one token request for calls at the same time", async () => {
    const { registry, send } = setUpAuth();
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await send(fakeRequest(MANIFEST))).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(registry.requests.filter(({ url }) => url.host === "auth.test")).toHaveLength(1);
  });

  test("[client/B-42] does not keep an error", async () => {
    const { send } = setUpAuth(
      {},
      { token: (_, count) => (count === 1 ? { status: 503 } : { body: '{"token":"t"}' }), accepts: (one) => one === "Bearer t" },
    );
    const error = await failureOfCall(send(fakeRequest(MANIFEST)));
    expect(error).toMatchObject({ code: "ERR_AUTH", retryable: true });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
  });

  test("[client/B-42] drops the tokens of a host that changes its scheme", async () => {
    let challenge = "";
    const { registry, send } = setUpAuth(
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
    const { registry, send } = setUpAuth(
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
    const { send } = setUpAuth({ credentials: staticCredentials("r.test", { accessToken: "mine" }) }, { accepts: () => false });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
  });

  test("authLayer() replaces a token that was revoked", async () => {
    const { registry, send } = setUpAuth();
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
    const { registry, send } = setUpAuth({ onToken: (event) => events.push(event) });
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
    const { send } = setUpAuth({ credentials });
    await send(fakeRequest(MANIFEST));
    await send(fakeRequest(UPLOAD, { method: "POST" }));
    expect(credentials.targets).toEqual([
      { registry: "r.test", repository: "a/b", purpose: "pull" },
      { registry: "r.test", repository: "a/b", purpose: "push" },
    ]);
  });
});

describe("authLayer() with several challenges", () => {
  const basic = 'Basic realm="q"';

  test("[client/D-7,A-10] prefers Bearer, in whatever field and order it comes", async () => {
    const both = (request: Parameters<typeof bearer>[0]): readonly string[] => [`Negotiate, ${basic}`, bearer(request)];
    for (const challenge of [both, (request: Parameters<typeof bearer>[0]): string => `${basic}, ${bearer(request)}`]) {
      const { registry, send } = setUpAuth({}, { challenge });
      expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
      expect(registry.requests[1]?.url.host).toBe("auth.test");
    }
  });

  test("[client/D-7] takes Basic when the token server may not be asked", async () => {
    const { registry, send } = setUpAuth({}, { challenge: ['Bearer realm="https://127.0.0.1/t"', basic], accepts: (one) => one === BASIC });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.requests).toHaveLength(2);
  });

  test("[client/D-7] names the schemes that it does not know", async () => {
    const { send } = setUpAuth({}, { challenge: ["Negotiate", "Digest"] });
    await expect(send(fakeRequest(MANIFEST))).rejects.toThrow('"r.test" asks for "negotiate", "digest", which is not supported');
  });

  test("authLayer() returns a 401 without a challenge", async () => {
    const { send } = setUpAuth({}, { challenge: [] });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
  });
});
