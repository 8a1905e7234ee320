import { MEDIA_TYPES } from "@berth/oci";
import { imageManifest } from "@berth/testkit/images";
import { type ScriptedRegistry, type ScriptedReply, scriptManifests, startScriptedRegistry } from "@berth/testkit/scripted";
import { TestAuthority } from "@berth/testkit/tls";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { ResponseError } from "../errors.ts";
import { createUndiciTransport } from "../transport/undici-transport.ts";
import { connectInsecureRegistry, connectRegistry, createRegistryClient, openRegistryClient } from "./create-registry-client.ts";
import type { RegistryClientOptions } from "./options.ts";
import { createPageReader, NoMorePagesError } from "./page-reader.ts";
import { basic, BLOB, clientOf, DIGEST, json, startRegistry, useTokens } from "./registry-client.test-kit.ts";
import type { RegistryClient } from "./registry-client.ts";
import { quiet } from "./registry-log.ts";

let registry: ScriptedRegistry;

beforeEach(async () => {
  registry = await startRegistry();
});

function open(options: RegistryClientOptions = {}, path = ""): RegistryClient {
  return clientOf(registry, options, path);
}

test("[client/A-1] the URL loses one slash, and its path stands before /v2/", async () => {
  registry.on("GET", "/proxied/v2/", {});
  const client = open({}, "/proxied/");
  expect(client.url).toBe(`${registry.url}/proxied`);
  await client.ping();
  expect(registry.journal()).toEqual(["GET /proxied/v2/"]);
  expect(createRegistryClient("https://r.test//", { log: quiet }).url).toBe("https://r.test/");
});

test("[client/A-1,A-16] links of a registry that does not know what stands in front of it are followed below the path", async () => {
  registry.on(
    "GET",
    "/proxied/v2/_catalog",
    json({ repositories: ["a"] }, { link: `</v2/_catalog?last=a&n=1>; rel="next"` }),
    json({ repositories: ["b"] }),
  );
  expect(await open({}, "/proxied").repositories()).toEqual(["a", "b"]);
  expect(registry.journal()).toEqual(["GET /proxied/v2/_catalog?n=1000", "GET /proxied/v2/_catalog?last=a&n=1"]);
});

test.each(["r.test", "ftp://r.test", "https://u:p@r.test", "https://r.test/?x", ""])("[client/A-1] %j is refused as a URL", (url) => {
  expect(() => createRegistryClient(url)).toThrow(TypeError);
});

test("[client/A-2] connectRegistry() fails where a ping fails", async () => {
  registry.on("GET", "/v2/", {}, { status: 500 });
  const seen: string[] = [];
  const { url } = registry;
  await openRegistryClient(url, { pingFirst: true, log: (format) => seen.push(format) });
  expect(seen).toHaveLength(1);
  registry.on("GET", "/v2/", { status: 403 });
  await expect(openRegistryClient(url, { pingFirst: true, log: quiet })).rejects.toThrow(ResponseError);
  await registry.close();
  const written = new Array<unknown>();
  const { write } = process.stderr;
  process.stderr.write = (text: unknown) => written.push(text) > 0;
  onTestFinished(() => {
    process.stderr.write = write;
  });
  await expect(connectRegistry(url, "", "")).rejects.toMatchObject({ code: "ERR_NETWORK" });
  expect(written).toEqual([`registry.ping url=${url}/v2/\n`]);
});

test("[client/A-3] a certificate that nobody signed is refused by connectRegistry(), taken by connectInsecureRegistry() for itself alone", async () => {
  const secure = await startScriptedRegistry({ tls: new TestAuthority().issue() });
  onTestFinished(() => secure.close());
  secure.on("GET", "/v2/", {});
  const { write } = process.stderr;
  process.stderr.write = () => true; // they log to it
  onTestFinished(() => {
    process.stderr.write = write;
  });
  await expect(connectRegistry(secure.url, "", "")).rejects.toMatchObject({ code: "ERR_NETWORK", retryable: false });
  const client = await connectInsecureRegistry(secure.url, "", "");
  onTestFinished(() => client.close());
  await client.ping();
  await expect(connectRegistry(secure.url, "", "")).rejects.toMatchObject({ code: "ERR_NETWORK", retryable: false });
  expect(secure.requests).toHaveLength(2);
});

test("[client/A-4] nothing is sent unless asked for", async () => {
  open();
  await openRegistryClient(registry.url, { log: quiet, pingFirst: false });
  expect(registry.requests).toEqual([]);
});

test("[client/A-6] each operation logs one line that starts with its name, uploads without their query", async () => {
  const manifest = imageManifest({ mediaType: MEDIA_TYPES.dockerManifest });
  scriptManifests(registry, "a").put("v1", manifest.bytes, manifest.mediaType);
  const blob = `/v2/a/blobs/${DIGEST}`;
  registry
    .on("GET", "/v2/", {})
    .on("GET", "/v2/_catalog", json({}))
    .on("GET", "/v2/a/tags/list", json({}))
    .on("HEAD", blob, { headers: { "content-length": String(BLOB.byteLength) } })
    .on("GET", blob, { body: BLOB })
    .on("POST", "/v2/a/blobs/uploads/", { status: 202, headers: { location: "/v2/a/blobs/uploads/u?_state=secret" } })
    .on("PUT", "/v2/a/blobs/uploads/u", { status: 201 });
  const lines: string[][] = [];
  const client = open({ log: (format, ...values) => lines.push([format, ...values.map(String)]) });
  const operations: readonly (readonly [events: readonly string[], run: () => Promise<unknown>])[] = [
    [["registry.ping"], () => client.ping()],
    [["registry.repositories"], () => client.repositories()],
    [["registry.tags"], () => client.tags("a")],
    [["registry.blob.check"], () => client.hasBlob("a", DIGEST)],
    [["registry.blob.check"], () => client.blobMetadata("a", DIGEST)],
    [["registry.blob.download"], async () => (await client.downloadBlob("a", DIGEST)).toArray()],
    [["registry.blob.initiate-upload", "registry.blob.upload"], () => client.uploadBlob("a", DIGEST, BLOB)],
    [["registry.manifest.get"], () => client.manifest("a", "v1")],
    [["registry.manifest.get"], () => client.manifestV2("a", "v1")],
    [["registry.manifest.head"], () => client.manifestDescriptor("a", "v1")],
    [["registry.manifest.head"], () => client.manifestDigest("a", "v1")],
    [
      ["registry.manifest.put"],
      async () =>
        client.putManifest(
          "a",
          "v2",
          await client
            .repository("a")
            .fetchManifest("v1")
            .then((one) => one.manifest),
        ),
    ],
    [["registry.manifest.delete"], () => client.deleteManifest("a", manifest.digest)],
  ];
  for (const [events, run] of operations) {
    lines.length = 0;
    await run();
    expect(lines.map(([format = ""]) => format.split(" ")[0])).toEqual(events);
    expect(lines.flat().join(" ")).not.toContain("secret");
  }
});

test("[client/A-7] ping() tells a registry from something else", async () => {
  registry.on("GET", "/v2/", {}, { status: 404 }, { status: 405 }, { status: 500 });
  const client = createRegistryClient(registry.url, { log: quiet, transport: createUndiciTransport() });
  await client.ping();
  for (const status of [404, 405, 500]) await expect(client.ping()).rejects.toMatchObject({ code: "ERR_RESPONSE", status });
});

test("[client/A-7] ping() goes through authentication first", async () => {
  useTokens(registry, /^\/v2\/$/, {});
  await open({ username: "u", password: "p" }).ping();
  expect(registry.journal()).toEqual(["GET /v2/", "GET /token?service=s&scope=repository%3Aa%3Apull%2Cpush", "GET /v2/"]);
});

test("[client/A-8,A-9,A-10] Basic goes out unasked, and a token takes its place once one is asked for", async () => {
  useTokens(registry, /^\/v2\/a\/tags\/list$/, json({ tags: ["x"] }));
  expect(await open({ username: "u", password: "p" }).tags("a")).toEqual(["x"]);
  const sent = registry.requests.map((request) => request.headers["authorization"]);
  expect(sent).toEqual([basic("u", "p"), basic("u", "p"), "Bearer T"]);
});

test("[client/A-4,A-9] without Basic the password goes to the token server alone", async () => {
  useTokens(registry, /^\/v2\/a\/tags\/list$/, json({ tags: ["x"] }));
  registry.on("GET", "/v2/", { status: 401, headers: { "www-authenticate": "Basic" } });
  const client = open({ username: "u", password: "p", disableBasicAuth: true });
  expect(await client.tags("a")).toEqual(["x"]);
  await expect(client.ping()).rejects.toThrow();
  const toRegistry = registry.requests.filter((request) => request.path !== "/token").map((request) => request.headers["authorization"]);
  expect(toRegistry.some((value) => value?.startsWith("Basic"))).toBe(false);
});

test("[client/A-16] tags() takes null, a page without the key, and resolves links against the page", async () => {
  registry.on(
    "GET",
    "/v2/a/tags/list",
    json({ tags: ["x"] }, { link: `<?last=x>; rel="next"` }),
    json({ name: "a" }, { link: `<?last=y>; rel=next` }),
    json({ tags: null }),
  );
  expect(await open().tags("a")).toEqual(["x"]);
  expect(registry.journal().slice(1)).toEqual(["GET /v2/a/tags/list?last=x", "GET /v2/a/tags/list?last=y"]);
});

test("[client/A-15] a page reader says when there are no more pages", async () => {
  registry.on("GET", "/v2/_catalog", json({ repositories: ["a"] }, { link: `<?last=a>; rel="next"` }), json({ repositories: ["b"] }));
  const reader = createPageReader(open().repositoryPages());
  expect([await reader.next(), await reader.next()]).toEqual([["a"], ["b"]]);
  await expect(reader.next()).rejects.toThrow(NoMorePagesError);
  await reader.close();
});

test("[client/A-17,D-2] links come bare, with other parameters, in several fields; prev is none", async () => {
  const page = (name: string, link: string | readonly string[]): ScriptedReply => ({
    headers: { "content-type": "application/json", link },
    body: JSON.stringify({ tags: [name] }),
  });
  registry.on(
    "GET",
    "/v2/a/tags/list",
    page("1", "/v2/a/tags/list?last=1; rel=next"),
    page("2", [`<?last=0>; rel="prev"`, `<?last=2>; title="x"; rel="next"; n=1`]),
    page("3", `<?last=2>; rel="prev"`),
  );
  expect(await open().tags("a")).toEqual(["1", "2", "3"]);
});
