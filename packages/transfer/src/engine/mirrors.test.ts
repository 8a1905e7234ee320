import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { RequestEvent } from "@berth/client";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { TestAuthority } from "@berth/testkit/tls";
import { expect, onTestFinished, test } from "vitest";
import { type FakeRegistry, imageOf, startFake } from "../copy/copy.test-kit.ts";
import { answering, engineError, engineWith } from "./engine.test-kit.ts";
import type { EndpointWarning } from "./fall-through.ts";

/** An address where nobody listens. */
async function deadHost(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `127.0.0.1:${port}`;
}

const image = imageOf(2);

async function holding(name: string, tag = "v1"): Promise<FakeRegistry> {
  const registry = await startFake();
  registry.put(name, image, tag);
  return registry;
}

test("[engine/T4] mirrors are asked in their order, then the registry; a push goes to the registry alone", async () => {
  const asked: string[] = [];
  const dead = await deadHost();
  const [empty, origin] = [await startFake(), await holding("a")];
  const onRequest = ({ url }: RequestEvent): void => void asked.push(new URL(url).host);
  const warnings: EndpointWarning[] = [];
  const engine = engineWith({
    connection: { hooks: { onRequest } },
    hosts: { [origin.host]: { mirrors: [`http://${dead}`, `http://${empty.host}`] } },
    onWarning: (warning) => warnings.push(warning),
  });
  expect(await engine.pull(`${origin.host}/a:v1`)).toMatchObject([{ endpoint: origin.host, digest: image.manifest.digest }]);
  expect(asked.filter((host, at) => host !== asked[at - 1])).toEqual([dead, empty.host, origin.host]);
  expect(warnings.map(({ endpoint, registry, failure }) => [endpoint, registry, failure])).toEqual([
    [dead, origin.host, "unreachable"],
    [empty.host, origin.host, "status"],
  ]);
  asked.length = 0;
  await engine.push(`${origin.host}/a:v1`);
  expect(new Set(asked)).toEqual(new Set([origin.host]));
});

test("[engine/T4] a mirror that has the content gives all of it, and is told which registry is meant", async () => {
  const queries: (string | null)[] = [];
  const mirror = await startFake({
    answer(request) {
      queries.push(new URL(request.url ?? "", "http://x").searchParams.get("ns"));
      return false;
    },
  });
  mirror.put("a", image, "v1");
  const origin = await startFake();
  const engine = engineWith({ hosts: { [origin.host]: { mirrors: [`http://${mirror.host}`] } } });
  expect(await engine.pull(`${origin.host}/a:v1`)).toMatchObject([{ endpoint: mirror.host }]);
  expect(await engine.tags(`${origin.host}/a`)).toEqual(["v1"]);
  expect(await engine.resolve(`${origin.host}/a:v1`)).toMatchObject({ digest: image.manifest.digest });
  expect(await engine.pull(`${origin.host}/a`, { allTags: true })).toHaveLength(1);
  expect(new Set(queries)).toEqual(new Set([origin.host]));
  expect(origin.journal).toEqual([]);
});

test("[engine/T4] a mirror that is asked for what is its own is not told of another registry", async () => {
  const queries: string[] = [];
  const mirror = await holding("a");
  const origin = await startFake();
  const engine = engineWith({ hosts: { [origin.host]: { mirrors: [`http://${mirror.host}`] } } });
  await engine.pull(`${origin.host}/a:v1`);
  mirror.options = { answer: (request) => (queries.push(request.url ?? ""), false) };
  await engine.resolve(`${mirror.host}/a:v1`);
  expect(queries).toEqual(["/v2/a/manifests/v1"]);
});

test("[engine/T4] the path of a mirror stands before names, and saying the registry can be switched off", async () => {
  const mirror = await startFake();
  mirror.put("hub/library/debian", image, "12");
  const queries: string[] = [];
  mirror.options = {
    answer: (request) => {
      queries.push(request.url ?? "");
      return false;
    },
  };
  const engine = engineWith({
    hosts: { "docker.io": { mirrors: [{ url: `http://${mirror.host}/hub/`, namesRegistry: false }] } },
  });
  expect(await engine.pull("debian:12")).toMatchObject([{ reference: "docker.io/library/debian:12", endpoint: mirror.host }]);
  expect(queries.every((url) => url.startsWith("/v2/hub/library/debian/") && !url.includes("ns="))).toBe(true);
});

test("[engine/T4] a mirror that knows no tags is only asked for what a digest names", async () => {
  const [mirror, origin] = [await holding("a"), await holding("a")];
  const engine = engineWith({ hosts: { [origin.host]: { mirrors: [{ url: `http://${mirror.host}`, capabilities: ["pull"] }] } } });
  expect(await engine.pull(`${origin.host}/a:v1`)).toMatchObject([{ endpoint: mirror.host }]);
  expect(mirror.journal.some((line) => line.includes("/v1"))).toBe(false);
  expect(origin.journal).toEqual(["HEAD a/manifests/v1"]);
  await engine.tags(`${origin.host}/a`);
  expect(mirror.count("GET a/tags")).toBe(0);
});

test("[engine/T4] a mirror never sees the credentials of the registry that it stands in for", async () => {
  const [mirror, origin] = [await startFake({ answer: answering(401, "UNAUTHORIZED") }), await holding("a")];
  const challenge = { "www-authenticate": 'Basic realm="x"', "content-length": "0" };
  const sent: Record<string, unknown[]> = { mirror: [], origin: [] };
  const guard = (whose: string): FakeRegistry["options"] => ({
    answer(request, response) {
      sent[whose]?.push(request.headers.authorization);
      if (request.headers.authorization !== undefined) return false;
      response.writeHead(401, challenge).end();
      return true;
    },
  });
  mirror.options = guard("mirror");
  origin.options = guard("origin");
  const engine = engineWith({
    hosts: { [origin.host]: { mirrors: [`http://${mirror.host}`] } },
    connection: { credentials: async ({ registry }) => (registry === origin.host ? { username: "u", password: "p" } : undefined) },
  });
  await engine.pull(`${origin.host}/a:v1`);
  expect(sent["mirror"]?.length).toBeGreaterThan(0);
  expect(new Set(sent["mirror"])).toEqual(new Set([undefined]));
  expect(sent["origin"]).toContain(`Basic ${Buffer.from("u:p").toString("base64")}`);
});

test("[engine/T4] what is no address of a mirror is refused", async () => {
  for (const url of ["http://a/b?c=d", "https://user@host", "ftp://x/y", "oci://x", "http://", "https://host/Upper"]) {
    const engine = engineWith({ hosts: { "r.test": { mirrors: [url] } } });
    expect(await engineError(engine.pull("r.test/a:v1"))).toMatchObject({ class: "InvalidInput" });
  }
});

test("[engine/T5] an insecure registry is asked by HTTPS first; once that answered, nothing goes by HTTP", async () => {
  const authority = new TestAuthority();
  const registry = await startScriptedRegistry({ tls: authority.issue() });
  onTestFinished(() => registry.close());
  const { manifest, blobs } = image;
  const type = { "content-type": manifest.mediaType, "docker-content-digest": manifest.digest };
  registry.on("GET", "/v2/", {});
  registry.on("HEAD", "/v2/a/manifests/v1", { headers: type, body: manifest.bytes });
  registry.on("GET", `/v2/a/manifests/${manifest.digest}`, { headers: type, body: manifest.bytes });
  for (const { descriptor, bytes } of blobs) registry.on("GET", `/v2/a/blobs/${descriptor.digest}`, { body: bytes });
  const schemes: string[] = [];
  const onRequest = ({ url }: RequestEvent): void => void schemes.push(new URL(url).protocol);
  const engine = (insecure: boolean): ReturnType<typeof engineWith> =>
    engineWith({
      connection: { plainHttp: false, retry: false, http: {}, hooks: { onRequest } },
      hosts: { [registry.host]: { insecure } },
    });
  await engine(true).pull(`${registry.host}/a:v1`);
  expect(new Set(schemes)).toEqual(new Set(["https:"]));
  const error = await engineError(engine(false).pull(`${registry.host}/a:v1`));
  expect(error).toMatchObject({ class: "Unavailable", hint: { kind: "trust-certificate" } });
  registry.on("GET", "/v2/", { status: 503 }); // an answer, too
  const one = engine(true);
  const reference = `${registry.host}/a:v1`;
  await one.pull(reference);
  await registry.close();
  expect(await engineError(one.resolve(reference))).toMatchObject({ class: "Unavailable" });
  expect(new Set(schemes)).toEqual(new Set(["https:"]));
});

test("[engine/T5] an insecure registry that speaks no TLS is reached by HTTP, after HTTPS", async () => {
  const registry = await holding("a");
  const schemes: string[] = [];
  const onRequest = ({ url }: RequestEvent): void => void schemes.push(new URL(url).protocol);
  const engine = engineWith({
    connection: { plainHttp: false, retry: false, http: {}, hooks: { onRequest } },
    hosts: { [registry.host]: { insecure: true } },
  });
  await engine.pull(`${registry.host}/a:v1`);
  expect(schemes[0]).toBe("https:");
  expect(new Set(schemes.slice(1))).toEqual(new Set(["http:"]));
});

test("a registry that is spoken to by HTTPS though it speaks HTTP: the hint says so", async () => {
  const registry = await holding("a");
  const engine = engineWith({ connection: { plainHttp: false, retry: false, http: {} } });
  expect(await engineError(engine.tags(`${registry.host}/a`))).toMatchObject({ class: "Unavailable", hint: { kind: "plain-http" } });
});
