import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { hasErrorCode, isNotFound, isUnauthorized, ResponseError } from "../errors.ts";
import type { Transport } from "../transport/transport.ts";
import { createRemoteRegistry, type RegistryOptions } from "./create-registry.ts";
import { repositorySettings } from "./repository-options.ts";
import { failure, scripted } from "./testing/scripted.test-kit.ts";

test.each(["", "a/b", "http://x", "host:v1"])("[client/B-2] %j is no registry", (host) => {
  expect(() => createRemoteRegistry(host)).toThrow(expect.objectContaining({ code: "ERR_INVALID_REFERENCE" }));
});

test("[client/B-2] a host with a port is a registry", () => {
  expect(createRemoteRegistry("localhost:5000").host).toBe("localhost:5000");
});

test("[client/B-3] options are copied: what happens to them later changes no repository", async () => {
  const manifestMediaTypes = ["application/x.one"];
  const options = { manifestMediaTypes, tagListPageSize: 7 };
  const { server, repository: first } = await scripted(options);
  manifestMediaTypes.push("application/x.two");
  Object.assign(options, { tagListPageSize: 8 });
  server.on("GET", "/v2/a/b/tags/list", { body: "{}" }).on("HEAD", "/v2/a/b/manifests/x", { status: 404 });
  await Array.fromAsync(first.tags());
  await failure(first.resolve("x"));
  expect(server.journal("GET")).toEqual(["GET /v2/a/b/tags/list?n=7"]);
  expect(server.requests.at(-1)?.headers["accept"]).toBe("application/x.one");
});

test("[client/B-3] what is said about referrers is said to one object", async () => {
  const { server } = await scripted();
  const registry = createRemoteRegistry(server.host, { plainHttp: true });
  registry.repository("a/b").referrersApi.setCapability(true);
  expect(registry.repository("a/b").referrersApi.capability).toBe("unknown");
});

test("[client/B-4] ping() says whether there is a registry that lets us in", async () => {
  const { server } = await scripted();
  const unauthorized = '{"errors":[{"code":"UNAUTHORIZED","message":"who?"}]}';
  server.on("GET", "/v2/", { body: "{}" }, { status: 404 }, { status: 401, body: unauthorized }, { status: 418 });
  const registry = createRemoteRegistry(server.host, { plainHttp: true });
  await registry.ping();
  expect(isNotFound(await failure(registry.ping()))).toBe(true);
  const refused = await failure(registry.ping());
  expect([isUnauthorized(refused), hasErrorCode(refused, "UNAUTHORIZED")]).toEqual([true, true]);
  expect(await failure(registry.ping())).toBeInstanceOf(ResponseError);
});

test("[client/B-5] the catalog is read page by page", async () => {
  const { server } = await scripted();
  server.on(
    "GET",
    "/v2/_catalog",
    { headers: { link: '</v2/_catalog?last=b&n=2>; rel="next"' }, body: '{"repositories":["a","b"]}' },
    { body: '{"repositories":["c"]}' },
  );
  const registry = createRemoteRegistry(server.host, { plainHttp: true, repositoryListPageSize: 2 });
  const pages = await Array.fromAsync(registry.repositories({ last: "0" }).pages());
  expect(pages).toEqual([["a", "b"], ["c"]]);
  expect(server.journal()).toEqual(["GET /v2/_catalog?n=2&last=0", "GET /v2/_catalog?last=b&n=2"]);
});

test("[client/B-8,B-5] the catalog has the limits of other lists", async () => {
  const { server } = await scripted();
  let page = 0;
  server.on("GET", "/v2/_catalog", () => ({ headers: { link: `<?last=${page++}>; rel="next"` }, body: '{"repositories":["a"]}' }));
  const list = async (options: RegistryOptions): Promise<unknown> =>
    await failure(Array.fromAsync(createRemoteRegistry(server.host, { plainHttp: true, ...options }).repositories()));
  expect(await list({ repositoryListMaxPages: 3 })).toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 3 });
  expect(server.requests).toHaveLength(3);
  expect(await list({ maxMetadataBytes: 20 })).toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 20 });
});

test("[client/B-8] lists end after 10,000 pages unless told otherwise", async () => {
  let page = 0;
  const transport: Transport = async (request) => {
    const body = Readable.from(['{"tags":[],"repositories":[]}'], { objectMode: false });
    return { status: 200, headers: { link: `<?last=${page++}>; rel="next"` }, body, request };
  };
  const registry = createRemoteRegistry("r.test", { transport });
  for (const list of [registry.repositories(), registry.repository("a").tags()]) {
    page = 0;
    expect(await failure(Array.fromAsync(list))).toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 10_000 });
    expect(page).toBe(10_000);
  }
  expect(repositorySettings().referrerListMaxPages).toBe(10_000);
});

test("[client/B-5] a reader that throws ends the list", async () => {
  const { server } = await scripted();
  server.on("GET", "/v2/_catalog", { headers: { link: '</v2/_catalog?last=a>; rel="next"' }, body: '{"repositories":["a"]}' });
  const stop = new Error("stop");
  const read = async (): Promise<void> => {
    for await (const _ of createRemoteRegistry(server.host, { plainHttp: true }).repositories()) throw stop;
  };
  expect(await failure(read())).toBe(stop);
  expect(server.requests).toHaveLength(1);
});

test("[client/B-5] the catalog asks for a token for the catalog", async () => {
  const { server } = await scripted();
  const scopes: string[] = [];
  server
    .on("GET", "/token", ({ query }) => {
      scopes.push(...query.getAll("scope"));
      return { body: '{"token":"t"}' };
    })
    .on("GET", "/v2/_catalog", { status: 401, headers: { "www-authenticate": `Bearer realm="${server.url}/token"` } }, { body: "{}" });
  await Array.fromAsync(createRemoteRegistry(server.host, { plainHttp: true, auth: {}, http: {} }).repositories());
  expect(scopes).toEqual(["registry:catalog:*"]);
});

test.each(["Upper/x", "a//b", "", "a/"])("[client/B-6] %j is refused without a request", async (name) => {
  const { server } = await scripted();
  expect(() => createRemoteRegistry(server.host, { plainHttp: true }).repository(name)).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_REFERENCE" }),
  );
  expect(server.requests).toEqual([]);
});
