import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Connection, ConnectionOptions, ConnectionRequest } from "@berth/client";
import { parseNormalizedNamed } from "@berth/oci";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { imageOf, startFake } from "../copy/copy.test-kit.ts";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { connectEndpoint } from "./connect-endpoint.ts";
import { Connections } from "./connections.ts";
import { engineWith } from "./engine.test-kit.ts";
import type { EndpointWarning } from "./fall-through.ts";
import { endpointsFor } from "./hosts.ts";

async function scripted(): Promise<ScriptedRegistry> {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  return registry;
}

/** A host that lets everybody in and never says a word. */
async function silentHost(): Promise<{ readonly host: string; readonly connections: Socket[] }> {
  const connections: Socket[] = [];
  const server = createServer((socket) => void connections.push(socket.on("error", () => undefined))).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

/** The connection to the first endpoint of a registry. */
function connected(registry: string, mirrors: readonly object[], options: ConnectionOptions = {}): Connection {
  const hosts = { [registry]: { mirrors: mirrors.map((mirror) => ({ url: "", ...mirror })) } };
  const [first = expect.fail("there is an endpoint")] = endpointsFor(registry, "pull", hosts);
  const connection = connectEndpoint(first, { plainHttp: true, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

const get = (target: string): ConnectionRequest => ({ method: "GET", target, expect: [200] });

test("[engine/T4] a mirror that takes the connection and never answers is asked once, and soon the registry is", async () => {
  const [silent, origin] = [await silentHost(), await startFake()];
  const image = imageOf(2);
  origin.put("a", image, "v1");
  const warnings: EndpointWarning[] = [];
  const engine = engineWith({
    manager: createTransferManager(),
    connection: { retry: {} },
    hosts: { [origin.host]: { mirrors: [{ url: `http://${silent.host}`, answerTimeoutMs: 50 }] } },
    onWarning: (warning) => warnings.push(warning),
  });
  expect(await engine.pull(`${origin.host}/a:v1`)).toMatchObject([{ endpoint: origin.host, digest: image.manifest.digest }]);
  expect(silent.connections).toHaveLength(1);
  expect(warnings).toMatchObject([{ endpoint: silent.host, failure: "unreachable" }]);
  expect(String(warnings[0]?.error)).toContain("no answer came in time");
});

test("[engine/T4] also where it is not known yet whether the mirror speaks HTTPS", async () => {
  const silent = await silentHost();
  const http = { tlsTimeoutMs: 50 };
  const mirror = connected("r.test", [{ url: silent.host, answerTimeoutMs: 50 }], { plainHttp: "auto", http });
  await expect(mirror.send(get("/v2/"))).rejects.toMatchObject({ code: "ERR_NETWORK" });
  expect(silent.connections).toHaveLength(2);
});

test("[engine/T4] a mirror has 15 seconds for its first answer, and the patience of a registry from then on", async () => {
  expect(endpointsFor("r.test", "pull", { "r.test": { mirrors: ["m.test"] } }).map((one) => one.answerTimeoutMs)).toEqual([15_000, 0]);
  const [one, slow] = [await scripted(), await scripted()];
  one.on("GET", "/v2/", { hang: true });
  const late = Promise.withResolvers<void>();
  slow.on("GET", "/v2/", {}).on("GET", "/v2/late", { after: late.promise }).on("GET", "/v2/never", { hang: true });
  const mirrors = [one, slow].map(({ host }) => connected("r.test", [{ url: `http://${host}`, answerTimeoutMs: 50 }]));
  const [silent = expect.fail(), answering = expect.fail()] = mirrors;
  await answering.send(get("/v2/"));
  const pending = answering.send(get("/v2/late"));
  await expect(Promise.all([silent.send(get("/v2/")), silent.send(get("/v2/"))])).rejects.toThrow("no answer came in time");
  late.resolve();
  expect(await pending).toMatchObject({ status: 200 });
  expect(one.requests).toHaveLength(2);
});

test("[engine/T4] a mirror that was waited for in vain is left alone for a minute, one that fails at once is not", async () => {
  const mirror = await scripted();
  mirror.on("GET", "/v2/", { hang: true }, {}, { cutAfter: -1 }, {});
  let time = 1_000_000;
  const clock = { now: () => time, sleep: async () => undefined };
  const connection = connected("r.test", [{ url: `http://${mirror.host}`, answerTimeoutMs: 50 }], { retry: { clock } });
  const first: unknown = await connection.send(get("/v2/")).catch((error: unknown) => error);
  time += 59_999;
  expect(await connection.send(get("/v2/")).catch((error: unknown) => error)).toBe(first);
  expect(mirror.requests).toHaveLength(1);
  time += 1;
  expect(await connection.send(get("/v2/"))).toMatchObject({ status: 200 });
  await expect(connection.send(get("/v2/"))).rejects.toMatchObject({ code: "ERR_NETWORK" });
  expect(await connection.send(get("/v2/"))).toMatchObject({ status: 200 });
});

test("[engine/T4] images that are copied after it do not wait for a silent mirror again", async () => {
  const [silent, origin] = [await silentHost(), await startFake()];
  for (const name of ["a", "b"]) origin.put(name, imageOf(1), "v1");
  const hosts = { [origin.host]: { mirrors: [{ url: silent.host, answerTimeoutMs: 50, insecure: true }] } };
  const engine = engineWith({ connection: { plainHttp: true, http: { tlsTimeoutMs: 50 } }, hosts });
  for (const name of ["a", "b"]) await engine.pull(`${origin.host}/${name}:v1`);
  expect(silent.connections).toHaveLength(2); // by HTTPS and by HTTP, once
});

test("[engine/T4] a mirror that refuses has answered; one that asks to come again is asked again", async () => {
  const mirror = await scripted();
  const late = Promise.withResolvers<void>();
  mirror.on("GET", "/v2/a", { status: 404 }).on("GET", "/v2/b", { after: late.promise });
  mirror.on("GET", "/v2/c", { status: 503 }, {}).on("GET", "/v2/never", { hang: true });
  const retry = { policy: { maxRetries: 1, backoff: () => 0 } };
  const own = (): Connection => connected("r.test", [{ url: `http://${mirror.host}`, answerTimeoutMs: 50 }], { retry });
  const one = own();
  await expect(one.send(get("/v2/a"))).rejects.toMatchObject({ status: 404 });
  const pending = one.send(get("/v2/b"));
  await expect(own().send(get("/v2/never"))).rejects.toThrow("no answer came in time");
  late.resolve();
  await pending;
  expect(await own().send(get("/v2/c"))).toMatchObject({ status: 200, attempts: 2 });
});

test("[engine/T4] the registry itself is asked again when it does not answer, and has its own time limit", async () => {
  const registry = await scripted();
  registry.on("GET", "/v2/", { cutAfter: -1 }, { cutAfter: -1 }, {});
  const origin = connected(registry.host, [], { retry: { policy: { backoff: () => 0 } } });
  expect(await origin.send(get("/v2/"))).toMatchObject({ attempts: 3 });
  const mirror = connected("r.test", [{ url: `http://${registry.host}` }], { retry: { policy: { backoff: () => 0 } } });
  registry.on("GET", "/v2/cut", { cutAfter: -1 });
  await expect(mirror.send(get("/v2/cut"))).rejects.toMatchObject({ code: "ERR_NETWORK", attempts: 1 });
});

test("[engine/T4] an engine sends a request five times, also where the number of retries is undefined", async () => {
  const registry = await scripted();
  registry.on("HEAD", "/v2/a/manifests/v1", { status: 503 });
  const policy: object = { maxRetries: undefined, backoff: () => 0 };
  const connections = new Connections({ connection: { plainHttp: true, retry: { policy } } }, createTransferManager());
  onTestFinished(() => connections.close());
  const [endpoint = expect.fail("there is an endpoint")] = endpointsFor(registry.host, "pull", {});
  const repository = connections.repositoryAt(endpoint, parseNormalizedNamed(`${registry.host}/a:v1`));
  await expect(repository.resolve("v1")).rejects.toMatchObject({ attempts: 5 });
});
