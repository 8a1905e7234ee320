import { startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { drain } from "../transport/drain.ts";
import { VERSION } from "../version.ts";
import { createConnection } from "./create-connection.ts";

test("[client/C-15,X-10,C-14] a connection says who asks, with tokens too, and shows each hop to hooks and log", async () => {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  const challenge = { "www-authenticate": `Bearer realm="${registry.url}/token",service="s"` };
  registry.on("GET", "/v2/", { status: 401, headers: challenge }, { status: 307, headers: { location: "/v2/x" } });
  registry.on("GET", "/v2/x", { status: 200 });
  registry.on("GET", "/token", { headers: { "content-type": "application/json" }, body: '{"token":"s3cret"}' });
  const seen: string[] = [];
  const lines: string[] = [];
  const connection = createConnection(registry.host, {
    plainHttp: true,
    userAgent: "tool/1",
    hooks: { onResponse: ({ status, url }) => seen.push(`${status} ${new URL(url).pathname}`) },
    log: { write: (line) => lines.push(line) },
    http: {},
  });
  onTestFinished(() => connection.close());
  await drain(await connection.send({ method: "GET", target: "/v2/", expect: [200] }));
  expect(seen.slice(0, 3)).toEqual(["401 /v2/", "200 /token", "307 /v2/"]);
  expect(seen.at(-1)).toBe("200 /v2/x");
  expect(new Set(registry.requests.map(({ headers }) => headers["user-agent"]))).toEqual(new Set([`tool/1 berth/${VERSION}`]));
  expect(lines.join("\n")).toContain("authorization: Bearer REDACTED");
  expect(lines.join("\n")).not.toContain("s3cret");
});

test("[client/C-15] a connection without options says it too", async () => {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  registry.on("GET", "/v2/", { status: 200 });
  const connection = createConnection(registry.host, { plainHttp: true });
  await drain(await connection.send({ method: "GET", target: "/v2/", expect: [200] }));
  expect(registry.requests[0]?.headers["user-agent"]).toBe(`berth/${VERSION}`);
});

test.each([{}, { userAgent: "tool/1" }])(
  "[client/B-63,C-5] a connection that is told nothing of retries has them, with %j; false means none",
  async (options) => {
    const registry = await startScriptedRegistry();
    onTestFinished(() => registry.close());
    registry.on("GET", "/v2/", { status: 503 }, { status: 200 }, { status: 503 });
    const ask = { method: "GET", target: "/v2/", expect: [200] };
    await drain(await createConnection(registry.host, { plainHttp: true, ...options }).send(ask));
    expect(registry.requests).toHaveLength(2);
    const once = createConnection(registry.host, { plainHttp: true, retry: false, ...options }).send(ask);
    await expect(once).rejects.toMatchObject({ status: 503, attempts: 1 });
    expect(registry.requests).toHaveLength(3);
  },
);
