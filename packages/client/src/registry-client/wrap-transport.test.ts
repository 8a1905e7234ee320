import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { ResponseError } from "../errors.ts";
import { composeTransport, type TransportRequest } from "../transport/transport.ts";
import { createUndiciTransport } from "../transport/undici-transport.ts";
import type { RegistryClientOptions } from "./options.ts";
import { basic, json, startRegistry, useTokens } from "./registry-client.test-kit.ts";
import { wrapTransport } from "./wrap-transport.ts";

let registry: ScriptedRegistry;

beforeEach(async () => {
  registry = await startRegistry();
});

const request = (url: string): TransportRequest => ({ method: "GET", url: new URL(url), headers: {} });

test("[client/A-8,A-13,A-14] a challenge is answered before an answer becomes an error; Basic is replaced by the token", async () => {
  useTokens(registry, /^\/v2\/a\/tags\/list$/, json({ tags: [] }), { status: 500, body: "oops" });
  const inner = createUndiciTransport();
  onTestFinished(() => inner.close());
  const transport = wrapTransport(composeTransport(inner), registry.url, { username: "u", password: "p" });
  const response = await transport(request(`${registry.url}/v2/a/tags/list`));
  response.body.destroy();
  expect(response.status).toBe(200);
  const sent = registry.requests.map((one) => one.headers["authorization"]);
  expect(sent).toEqual([basic("u", "p"), basic("u", "p"), "Bearer T"]);
  const failure: unknown = await transport(request(`${registry.url}/v2/a/tags/list`)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ResponseError);
  expect(failure).toMatchObject({ status: 500 });
  expect(failure instanceof ResponseError && Buffer.from(failure.body).toString()).toBe("oops");
});

test("[client/A-9] Basic goes to the registry's own origin only, and nowhere when it is switched off", async () => {
  const seen: (string | undefined)[] = [];
  const other = await startScriptedRegistry();
  onTestFinished(() => other.close());
  for (const one of [registry, other])
    one.on("GET", "/x", ({ headers }) => ({ status: seen.push(headers["authorization"]) > 0 ? 200 : 500 }));
  const inner = createUndiciTransport();
  onTestFinished(() => inner.close());
  const identity = { username: "u", password: "p" };
  const send = async (options: RegistryClientOptions, url: string): Promise<unknown> =>
    (await wrapTransport(inner, registry.url, options)(request(url))).body.toArray();
  await send(identity, `${registry.url}/x`);
  await send(identity, `${other.url}/x`);
  await send({ ...identity, disableBasicAuth: true }, `${registry.url}/x`);
  expect(seen).toEqual([basic("u", "p"), undefined, undefined]);
});
