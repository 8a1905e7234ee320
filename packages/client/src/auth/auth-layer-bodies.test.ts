import { describe, expect, test } from "vitest";
import { UnreplayableBodyError } from "../errors.ts";
import { requestBody } from "../transport/body.ts";
import { failureOfCall, fakeRequest } from "../transport/testing/fake-transport.test-kit.ts";
import { BASIC, MANIFEST, once, setUpAuth, UPLOAD } from "./testing/fake-registry.test-kit.ts";

const PULL = "service=r.test&scope=repository:a/b:pull";

describe("authLayer() and the life of tokens", () => {
  test("[client/X-1] renews a token shortly before its end, without a 401, scopes in the order of before", async () => {
    const { registry, send } = setUpAuth({}, { life: 60 });
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
    const { registry, send } = setUpAuth();
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
    const { registry, send } = setUpAuth(
      {},
      { answer: (request) => (request.headers["authorization"]?.startsWith("Bearer") ? (registry.pass(90), denied) : undefined), life: 60 },
    );
    const response = await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody("x") }));
    expect([response.status, registry.requests.filter(({ url }) => url.host === "auth.test").length]).toEqual([403, 2]);
  });

  test("[client/X-2] believes an answer that speaks of an expired token", async () => {
    const body = "Your Authorization Token has expired. Please run 'login' to fetch a new one.";
    const { registry, send } = setUpAuth(
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
    const { registry, send } = setUpAuth(
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
    const { registry, send } = setUpAuth();
    expect((await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once("x")) }))).status).toBe(200);
    expect(registry.journal()).toEqual([
      "GET /v2/ -",
      `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull,push`,
      "PUT /v2/a/b/blobs/uploads/ Bearer t1",
    ]);
  });

  test("[client/A-12] a token for something else is not risked on it", async () => {
    const { registry, send } = setUpAuth({}, { accepts: (one) => one === "Bearer t2" });
    await send(fakeRequest("https://r.test/v2/"));
    const before = registry.requests.length;
    expect((await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once("x")) }))).status).toBe(200);
    expect(registry.journal().slice(before)).toEqual([
      `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull,push`,
      "PUT /v2/a/b/blobs/uploads/ Bearer t2",
    ]);
  });

  test("[client/A-12] an open registry is asked once only", async () => {
    const { registry, send } = setUpAuth({}, { accepts: () => true });
    for (const text of ["x", "y"]) await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once(text)) }));
    expect(registry.journal()).toEqual(["GET /v2/ -", "PUT /v2/a/b/blobs/uploads/ -", "PUT /v2/a/b/blobs/uploads/ -"]);
  });

  test("[client/A-12] a registry that took a write from nobody in particular is not asked, one that let us read is", async () => {
    const { registry, send } = setUpAuth({}, { accepts: () => true });
    const put = async (): Promise<unknown> => await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once("x")) }));
    await send(fakeRequest(UPLOAD, { method: "POST" }));
    await put();
    expect(registry.journal()).toEqual(["POST /v2/a/b/blobs/uploads/ -", "PUT /v2/a/b/blobs/uploads/ -"]);
    const other = setUpAuth({}, { accepts: () => true });
    await other.send(fakeRequest(MANIFEST));
    await other.send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once("x")) }));
    expect(other.registry.journal().at(-2)).toBe("GET /v2/ -");
  });

  test("[client/A-12] a refused write says nothing about the next one", async () => {
    const { registry, send } = setUpAuth({}, { answer: ({ method }) => (method === "POST" ? { status: 404 } : { status: 200 }) });
    await send(fakeRequest(UPLOAD, { method: "POST" }));
    await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once("x")) }));
    expect(registry.journal()[1]).toBe("GET /v2/ -");
  });

  test("[client/A-12] fails when a body is gone, with a token at hand for the next call", async () => {
    const { registry, send } = setUpAuth({}, { answer: ({ url }) => (url.pathname === "/v2/" ? { status: 200 } : undefined) });
    const put = async (): Promise<unknown> => await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody(once("x")) }));
    const error = await failureOfCall(put());
    expect(error).toBeInstanceOf(UnreplayableBodyError);
    expect(error).toMatchObject({ retryable: true, cause: { code: "ERR_AUTH" } });
    await put();
    expect(registry.requests.at(-1)?.headers["authorization"]).toBe("Bearer t1");
  });

  test("[client/A-12] sends bytes and sources that can be opened again a second time", async () => {
    const { registry, send } = setUpAuth();
    expect((await send(fakeRequest(UPLOAD, { method: "PUT", body: requestBody("x") }))).status).toBe(200);
    expect(registry.requests.filter(({ method }) => method === "PUT")).toHaveLength(2);
  });
});

test("authLayer() gives up with the reason of the signal, and goes on for others that wait for the same token", async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const { send } = setUpAuth(
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
