import { type ScriptedReply, type ScriptedRequest, startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { createConnection } from "../create-connection.ts";
import { pushBlob } from "./push-blob.ts";
import { noWait, once, randomBlob, recorded, UPLOAD, UPLOADS } from "./upload.test-kit.ts";

const MIB = 1_048_576;
const { bytes, descriptor } = randomBlob(6 * MIB);

/** A registry that wants tokens which live for a minute, and a clock that only tests move. */
async function startGuarded() {
  const registry = await startScriptedRegistry();
  let now = Date.now();
  let tokens = 0;
  let expiresAt = 0;
  const challenge = `Bearer realm="${registry.url}/token",service="r",scope="repository:a/b:pull,push"`;
  const refused: ScriptedReply = { status: 401, headers: { "www-authenticate": challenge } };
  const guarded = (answer: (request: ScriptedRequest) => ScriptedReply) => (request: ScriptedRequest) =>
    now < expiresAt && request.headers["authorization"] === `Bearer t${tokens}` ? answer(request) : refused;
  registry.on("GET", "/token", () => {
    expiresAt = now + 60_000;
    return { headers: { "content-type": "application/json" }, body: JSON.stringify({ token: `t${++tokens}`, expires_in: 60 }) };
  });
  registry.on("GET", "/v2/", refused);
  registry.on(
    "POST",
    UPLOADS,
    guarded(() => ({ status: 202, headers: { location: "u" } })),
  );
  const connection = createConnection(registry.host, { plainHttp: true, http: {}, auth: { now: () => now } });
  onTestFinished(async () => {
    await connection.close();
    await registry.close();
  });
  const used = (method: string) => registry.requests.filter((one) => one.method === method).map(({ headers }) => headers["authorization"]);
  return { registry, connection, guarded, used, pass: (ms: number) => (now += ms), expire: () => (expiresAt = 0) };
}

test("[client/X-1] the commit of an upload that took longer than its token lives uses a fresh one", async () => {
  const { registry, connection, guarded, used, pass } = await startGuarded();
  const range = ({ headers }: ScriptedRequest) => `0-${headers["content-range"]?.split("-")[1]}`;
  const chunk = guarded((request) => {
    pass(45_000);
    return { status: 202, headers: { location: "u", range: range(request) } };
  });
  registry.on("PATCH", UPLOAD, chunk).on(
    "PUT",
    UPLOAD,
    guarded(() => ({ status: 201 })),
  );
  await pushBlob(connection, "a/b", descriptor, once(bytes), { mode: "chunked", chunkSize: 3 * MIB });
  expect(used("PUT")).toHaveLength(1); // at once with a token that holds
  expect(used("PUT")).not.toEqual(used("POST").slice(-1));
  expect(registry.requests.every(({ method, body }) => method !== "PATCH" || body.byteLength === 3 * MIB)).toBe(true);
});

test("[client/B-25] the token of the POST is used for the PUT, so that no body is sent in vain", async () => {
  const { registry, connection, guarded, used } = await startGuarded();
  registry.on(
    "PUT",
    UPLOAD,
    guarded(() => ({ status: 201 })),
  );
  await pushBlob(connection, "a/b", descriptor, once(bytes));
  expect([used("PUT"), used("POST").at(-1), registry.journal("GET").filter((one) => one.startsWith("GET /token"))]).toEqual([
    ["Bearer t1"],
    "Bearer t1",
    [expect.stringContaining("scope=repository%3Aa%2Fb%3Apull%2Cpush")],
  ]);
});

test("[client/A-21] a 401 to the PUT is answered with the same bytes again when they can be read again", async () => {
  for (const content of [bytes, recorded(bytes).source]) {
    const { registry, connection, guarded, used, expire } = await startGuarded();
    let isFirst = true;
    const put = guarded(() => ({ status: 201 }));
    registry.on("PUT", UPLOAD, (request) => {
      if (isFirst) expire();
      isFirst = false;
      return put(request);
    });
    const seen: number[] = [];
    await pushBlob(connection, "a/b", descriptor, content, { onProgress: ({ sent }) => seen.push(sent) });
    expect(used("PUT")).toEqual(["Bearer t1", "Bearer t2"]);
    expect(registry.requests.at(-1)?.body.equals(bytes)).toBe(true);
    expect(seen.at(-1)).toBe(6 * MIB);
  }
});

test("[client/A-21] and is said to be the end when they cannot", async () => {
  const { registry, connection, guarded, expire } = await startGuarded();
  registry.on("PUT", UPLOAD, (request) => {
    expire();
    return guarded(() => ({ status: 201 }))(request);
  });
  registry.on(
    "DELETE",
    UPLOAD,
    guarded(() => ({ status: 204 })),
  );
  const push = pushBlob(connection, "a/b", descriptor, once(bytes), { backoff: noWait });
  await expect(push).rejects.toMatchObject({ code: "ERR_UNREPLAYABLE_BODY" });
  expect(registry.journal("PUT")).toHaveLength(1);
  expect(registry.journal("DELETE").length).toBeGreaterThan(0);
});
