import { describe, expect, test } from "vitest";
import type { Credential } from "../credentials/credential.ts";
import { staticCredentials } from "../credentials/static-credentials.ts";
import { AuthError, isUnauthorized } from "../errors.ts";
import { failureOfCall, fakeRequest } from "../transport/testing/fake-transport.test-kit.ts";
import { authLayer } from "./auth-layer.ts";
import { BASIC, bearer, fakeRegistry, MANIFEST, setUpAuth, watchedCredentials } from "./testing/fake-registry.test-kit.ts";
import { createTokenCache } from "./token-cache.ts";

const PULL = "service=r.test&scope=repository:a/b:pull";

describe("authLayer() with Basic challenges", () => {
  const challenge = 'Basic realm="r"';
  const accepts = (one: string): boolean => one === BASIC;

  test("[client/B-49,D-12] answers with the credential, and sends it along from then on", async () => {
    const { registry, send } = setUpAuth({}, { challenge, accepts });
    await send(fakeRequest(MANIFEST));
    await send(fakeRequest(MANIFEST));
    expect(registry.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined, BASIC, BASIC]);
  });

  test("[client/B-49] encodes in UTF-8", async () => {
    const { registry, send } = setUpAuth({ credentials: staticCredentials("r.test", { username: "ü", password: "pä:ß" }) }, { challenge });
    await send(fakeRequest(MANIFEST));
    expect(Buffer.from(registry.requests[1]?.headers["authorization"]?.slice(6) ?? "", "base64").toString()).toBe("ü:pä:ß");
  });

  test.each<[Credential | undefined, string]>([
    [undefined, 'Cannot send GET request: "r.test" asks for a user name and password, and there is no credential for it: log in first'],
    [{ username: "u" }, 'Cannot authenticate to "r.test": the credential has no password'],
    [{ password: "p" }, 'Cannot authenticate to "r.test": the credential has no user name'],
  ])("[client/B-49] says what is missing from %j", async (credential, message) => {
    const { send } = setUpAuth({ credentials: async () => credential }, { challenge });
    const error = await failureOfCall(send(fakeRequest(MANIFEST)));
    expect(error).toBeInstanceOf(AuthError);
    expect([isUnauthorized(error), String(error)]).toEqual([true, `AuthError: ${message}`]);
  });

  test("[client/B-49] returns the 401 when the credential is refused", async () => {
    const { registry, send } = setUpAuth({}, { challenge, accepts: () => false });
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(401);
    expect(registry.requests).toHaveLength(3);
  });

  test("[client/D-12] sends it before it is asked when it is told to, to its own registry only", async () => {
    const { registry, send } = setUpAuth(
      { preemptiveBasic: true, credentials: async () => ({ username: "u", password: "p" }) },
      { challenge, accepts },
    );
    await send(fakeRequest(MANIFEST));
    await send(fakeRequest("https://cdn.test/blob"));
    expect(registry.requests.slice(0, 2).map(({ headers }) => headers["authorization"])).toEqual([BASIC, undefined]);
  });

  test("authLayer() leaves it to the caller when told to, and still proves itself to token servers", async () => {
    const basic = setUpAuth({ disableBasic: true }, { challenge });
    expect((await basic.send(fakeRequest(MANIFEST))).status).toBe(401);
    expect(basic.registry.requests).toHaveLength(1);
    const tokens = setUpAuth({ disableBasic: true }, { challenge: (request) => [challenge, bearer(request)] });
    expect((await tokens.send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(tokens.registry.requests[1]?.headers["authorization"]).toBe(BASIC);
  });

  test("[client/C-12] answers with an access token as Bearer", async () => {
    const { registry, send } = setUpAuth({ credentials: staticCredentials("r.test", { accessToken: "mine" }) }, { challenge });
    await send(fakeRequest(MANIFEST));
    expect(registry.requests[1]?.headers["authorization"]).toBe("Bearer mine");
  });

  test("[client/B-49] the credential is looked up anew after a while, also when nobody asks", async () => {
    const credentials = watchedCredentials(() => ({ username: "u", password: "p" }));
    const { registry, send } = setUpAuth({ credentials }, { challenge, accepts });
    for (const [seconds, lookUps] of [
      [0, 1],
      [49, 1],
      [10, 2],
    ] as const) {
      registry.pass(seconds);
      expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
      expect(credentials.targets).toHaveLength(lookUps);
    }
  });

  test("authLayer() looks up a changed password", async () => {
    let password = "old";
    const { registry, send } = setUpAuth(
      { credentials: async () => ({ username: "u", password }) },
      { challenge, accepts: (one) => one === `Basic ${Buffer.from(`u:${password}`).toString("base64")}` },
    );
    await send(fakeRequest(MANIFEST));
    password = "new";
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.requests).toHaveLength(4);
  });
});

describe("authLayer() and other hosts", () => {
  const foreign = "https://mirror.test/v2/a/b/blobs/sha256:1";

  test("[client/D-9,C-11] is nobody at a host that it has no credential for, and shows it no hints of the registry", async () => {
    const { registry, send } = setUpAuth();
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
    const { registry, send } = setUpAuth({ credentials }, { challenge: 'Basic realm="m"', accepts: (one) => one !== "" });
    await send(fakeRequest(foreign));
    expect(registry.requests.at(-1)?.headers["authorization"]).toBe(`Basic ${Buffer.from("m:m").toString("base64")}`);
  });

  test("[client/B-51] returns the 401 of a host that wants a password nobody knows", async () => {
    const { registry, send } = setUpAuth({}, { challenge: 'Basic realm="m"' });
    expect((await send(fakeRequest(foreign))).status).toBe(401);
    expect(registry.requests).toHaveLength(1);
  });

  test("[client/C-11] a token stays with its host, also on another port or scheme", async () => {
    const { registry, send } = setUpAuth(
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
      const { send } = setUpAuth({ credentials, ...(registry === undefined ? {} : { registry }) });
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
