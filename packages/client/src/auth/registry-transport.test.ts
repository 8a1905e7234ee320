import { describe, expect, test } from "vitest";
import { staticCredentials } from "../credentials/static-credentials.ts";
import { AuthError } from "../errors.ts";
import { isCompleteTransport } from "../transport/complete-transport.ts";
import { failureOfCall, fakeRequest, fakeTransport } from "../transport/testing/fake-transport.test-kit.ts";
import { composeTransport } from "../transport/transport.ts";
import { basicLayer } from "./basic-layer.ts";
import { bearerLayer } from "./bearer-layer.ts";
import type { RegistryChallenge } from "./ping-registry.ts";
import { createRegistryTransport, transportFromToken } from "./registry-transport.ts";
import { PULL_SCOPE, repositoryScope } from "./scopes.ts";
import { bearer, fakeRegistry, MANIFEST, REALM, UPLOAD } from "./testing/fake-registry.test-kit.ts";

const BASIC = `Basic ${Buffer.from("u:p").toString("base64")}`;
const USER = { username: "u", password: "p" };
const credentials = staticCredentials("r.test", USER);
const scopes = [repositoryScope("a/b", PULL_SCOPE)];

describe("createRegistryTransport()", () => {
  test("[client/C-4] pings, gets a token at once, and sends it with the first request", async () => {
    const registry = fakeRegistry();
    const transport = await createRegistryTransport("r.test", { transport: registry.transport, credentials, scopes, now: registry.now });
    expect(registry.journal()).toEqual(["GET /v2/ -", `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull`]);
    await transport(fakeRequest(MANIFEST));
    expect(registry.journal().slice(2)).toEqual(["GET /v2/a/b/manifests/1 Bearer t1"]);
  });

  test("[client/C-4,C-15] says who is asking in every request, unless that is said already", async () => {
    const registry = fakeRegistry();
    const transport = await createRegistryTransport("r.test", { transport: registry.transport, userAgent: "x/1", now: registry.now });
    await transport(fakeRequest(MANIFEST));
    await transport(fakeRequest(MANIFEST, { headers: { "user-agent": "mine" } }));
    const agents = registry.requests.map(({ headers }) => headers["user-agent"]?.replace(/berth\/.+/, "berth"));
    expect(agents).toEqual([...Array.from({ length: agents.length - 1 }, () => "x/1 berth"), "mine"]);
  });

  test("[client/C-8] puts scopes that it did not ask for before those that it did", async () => {
    const registry = fakeRegistry({
      accepts: (one) => one === "Bearer t2",
      challenge: `Bearer realm="${REALM}",scope="repository:z:pull"`,
      answer: ({ url }) =>
        url.pathname === "/v2/" ? { status: 401, headers: { "www-authenticate": bearer({ method: "GET", url }) } } : undefined,
    });
    const transport = await createRegistryTransport("r.test", { transport: registry.transport, credentials, scopes, now: registry.now });
    expect((await transport(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.journal().filter((line) => line.includes("auth.test"))[1]).toBe(
      `GET auth.test ${BASIC} scope=repository:z:pull&scope=repository:a/b:pull`,
    );
  });

  test("[client/C-4,C-5] gives back what is complete, and sends nothing", async () => {
    const registry = fakeRegistry();
    const transport = await createRegistryTransport("r.test", { transport: registry.transport, credentials, scopes });
    expect(isCompleteTransport(transport)).toBe(true);
    const before = registry.requests.length;
    expect(await createRegistryTransport("r.test", { transport })).toBe(transport);
    expect(registry.requests).toHaveLength(before);
  });

  test("[client/C-4] sends Basic at once when that is what the registry asked for", async () => {
    const registry = fakeRegistry({ challenge: "Basic", accepts: (one) => one === BASIC });
    const transport = await createRegistryTransport("r.test", { transport: registry.transport, credentials });
    await transport(fakeRequest(MANIFEST));
    expect(registry.journal()).toEqual(["GET /v2/ -", `GET /v2/a/b/manifests/1 ${BASIC}`]);
  });

  test("[client/C-4] sends requests to the registry, and no others, with the scheme that answered", async () => {
    const inner = fakeTransport(async ({ url }) => (url.protocol === "https:" ? { error: new Error("no TLS") } : {}));
    const transport = await createRegistryTransport("localhost:5000", { transport: inner });
    await transport(fakeRequest("https://localhost:5000/v2/a/manifests/1"));
    await failureOfCall(transport(fakeRequest("https://localhost:5001/v2/a/manifests/1")));
    expect(inner.requests.slice(2).map(({ url }) => url.origin)).toEqual(["http://localhost:5000", "https://localhost:5001"]);
  });

  test("[client/C-4] fails when nobody can answer the challenge, or the token server refuses", async () => {
    const digest = fakeRegistry({ challenge: "Digest realm=x" });
    await expect(createRegistryTransport("r.test", { transport: digest.transport })).rejects.toThrow(
      'it asks for "digest", which is not supported',
    );
    const refusing = fakeRegistry({ token: () => ({ status: 401 }) });
    expect(await failureOfCall(createRegistryTransport("r.test", { transport: refusing.transport }))).toBeInstanceOf(AuthError);
  });
});

describe("transportFromToken()", () => {
  const challenge: RegistryChallenge = {
    scheme: "bearer",
    parameters: new Map([
      ["realm", REALM],
      ["service", "r.test"],
    ]),
    insecure: false,
    challenges: [],
  };

  test("[client/C-7] sends the token, asks nobody", async () => {
    const registry = fakeRegistry({ accepts: (one) => one === "Bearer kept" });
    const transport = await transportFromToken("r.test", { transport: registry.transport, challenge, token: { token: "kept" }, scopes });
    expect((await transport(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.journal()).toEqual(["GET /v2/a/b/manifests/1 Bearer kept"]);
  });

  test("[client/C-7] replaces a token that has expired after the first 401", async () => {
    const registry = fakeRegistry();
    const token = { token: "old", expiresInSeconds: 60, issuedAt: new Date(0) };
    const transport = await transportFromToken("r.test", {
      transport: registry.transport,
      credentials,
      challenge,
      token,
      scopes,
      now: registry.now,
    });
    expect((await transport(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.journal()).toEqual([
      "GET /v2/a/b/manifests/1 Bearer old",
      `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull`,
      "GET /v2/a/b/manifests/1 Bearer t1",
    ]);
  });

  test("[client/C-7] with a Basic challenge the credential is sent", async () => {
    const registry = fakeRegistry({ accepts: (one) => one === BASIC });
    const basic = { ...challenge, scheme: "basic" };
    const transport = await transportFromToken("r.test", {
      transport: registry.transport,
      credentials,
      challenge: basic,
      token: { token: "x" },
    });
    await transport(fakeRequest(MANIFEST));
    expect(registry.journal()).toEqual([`GET /v2/a/b/manifests/1 ${BASIC}`]);
  });
});

describe("basicLayer()", () => {
  const sent = async (registry: string, url: string, credential: object = USER, headers = {}): Promise<string | undefined> => {
    const inner = fakeTransport({});
    await basicLayer({ registry, credential })(inner)(fakeRequest(url, { headers }));
    return inner.requests[0]?.headers["authorization"];
  };

  test("[client/A-9,C-12] sends the credential with the first request, to its host only", async () => {
    expect(await sent("r.test", MANIFEST)).toBe(BASIC);
    expect(await sent("r.test:443", MANIFEST)).toBe(BASIC);
    expect(await sent("docker.io", "https://registry-1.docker.io/v2/")).toBe(BASIC);
    for (const url of ["https://r.test.evil.test/", "https://evilr.test/", "https://r.test:444/"])
      expect(await sent("r.test", url)).toBeUndefined();
  });

  test("[client/A-9] with an origin, the scheme counts too", async () => {
    expect(await sent("https://r.test", "https://r.test:443/v2/")).toBe(BASIC);
    expect(await sent("https://r.test/path", "http://r.test/v2/")).toBeUndefined();
    expect(await sent("https://reg", "https://reg.evil.test/v2/")).toBeUndefined();
  });

  test("[client/A-9,C-12] sends a user name or a password alone, an access token as Bearer, nothing without any", async () => {
    const decoded = async (credential: object): Promise<string> =>
      Buffer.from((await sent("r.test", MANIFEST, credential))?.replace("Basic ", "") ?? "", "base64").toString();
    expect([await decoded({ username: "u" }), await decoded({ password: "p" })]).toEqual(["u:", ":p"]);
    expect(await sent("r.test", MANIFEST, { accessToken: "t", ...USER })).toBe("Bearer t");
    expect(await sent("r.test", MANIFEST, { refreshToken: "t" })).toBeUndefined();
    expect(await sent("r.test", MANIFEST, USER, { authorization: "Bearer mine" })).toBe("Bearer mine");
  });
});

describe("bearerLayer()", () => {
  test("[client/A-8,A-10] takes the place of Basic once a token is asked for, within basicLayer()", async () => {
    const registry = fakeRegistry();
    const layers = [basicLayer({ registry: "https://r.test", credential: USER }), bearerLayer({ credentials, now: registry.now })];
    const send = composeTransport(registry.transport, ...layers);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.journal()).toEqual([
      `GET /v2/a/b/manifests/1 ${BASIC}`,
      `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull`,
      "GET /v2/a/b/manifests/1 Bearer t1",
      "GET /v2/a/b/manifests/1 Bearer t1",
    ]);
  });

  test("[client/A-10] answers no other challenge", async () => {
    const registry = fakeRegistry({ challenge: ["Basic", "Digest"] });
    const send = bearerLayer({ credentials })(registry.transport);
    expect((await send(fakeRequest(UPLOAD, { method: "POST" }))).status).toBe(401);
    expect(registry.requests).toHaveLength(1);
  });
});
