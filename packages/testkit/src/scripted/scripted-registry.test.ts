import { expect, onTestFinished, test } from "vitest";
import { type ScriptedRegistry, startScriptedRegistry } from "./scripted-registry.ts";

async function start(): Promise<ScriptedRegistry> {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  return registry;
}

test("a scripted registry gives its replies in turn, the last one for ever, and remembers what it was asked", async () => {
  const registry = await start();
  registry.on("PUT", "/v2/a", { status: 401, headers: { "www-authenticate": ["Basic", "Bearer"] } }, { status: 201 });
  const statuses = [];
  for (const body of ["1", "22", "333"]) statuses.push((await fetch(`${registry.url}/v2/a?x=1`, { method: "PUT", body })).status);
  expect(statuses).toEqual([401, 201, 201]);
  expect(registry.journal("PUT")).toEqual(["PUT /v2/a?x=1", "PUT /v2/a?x=1", "PUT /v2/a?x=1"]);
  expect(registry.requests.map((request) => request.body.toString())).toEqual(["1", "22", "333"]);
});

test("a scripted registry refuses what the script does not name", async () => {
  const registry = await start();
  const response = await fetch(`${registry.url}/v2/b`);
  expect([response.status, (await response.text()).includes("GET /v2/b")]).toEqual([404, true]);
});

test("a scripted registry lies about lengths and cuts connections", async () => {
  const registry = await start();
  registry.on("GET", "/cut", { body: "0123456789", cutAfter: 3 }).on("GET", "/none", { cutAfter: -1 });
  await expect(fetch(`${registry.url}/cut`).then((response) => response.text())).rejects.toThrow();
  await expect(fetch(`${registry.url}/none`)).rejects.toThrow();
});

test("a scripted registry counts what it sent, and knows when its clients have gone", async () => {
  const registry = await start();
  registry.on("GET", "/hang", { hang: true }).on("GET", "/ten", { body: "0123456789" });
  const abort = new AbortController();
  const hanging = fetch(`${registry.url}/hang`, { signal: abort.signal });
  await fetch(`${registry.url}/ten`).then((response) => response.text());
  expect(registry.bytesSent).toBeGreaterThan(10);
  expect(registry.connections).toBeGreaterThan(0);
  const answered = registry.answered();
  abort.abort();
  await expect(hanging).rejects.toThrow();
  await answered;
  expect(registry.requests).toHaveLength(2);
});
