import { RepositoryUnknownError } from "@berth/oci";
import { describe, expect, test } from "vitest";
import type { Grant } from "../auth/authorizer.ts";
import { openSqliteMetadata } from "../metadata/index.ts";
import { imageManifest, indexManifest } from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";

async function withTags(tags: readonly string[], options: Parameters<typeof useRegistry>[0] = {}): Promise<RegistryServer> {
  const server = await useRegistry(options);
  const index = indexManifest([]);
  await server.registry.repository("a/b").manifests.put(index.bytes, index.mediaType, { tags });
  return server;
}

async function withRepositories(names: readonly string[], options: Parameters<typeof useRegistry>[0] = {}): Promise<RegistryServer> {
  const server = await useRegistry(options);
  const index = indexManifest([]);
  for (const name of names) await server.registry.repository(name).manifests.put(index.bytes, index.mediaType, { tags: [] });
  return server;
}

test("[server/Z1,O25] tags come in byte order, whole without n", async () => {
  const server = await withTags(["b", "B", "a10", "a2", "_x", "1.0"]);
  const reply = await server.call("GET", "/v2/a/b/tags/list");
  expect([reply.status, reply.headers["content-type"], reply.text, reply.headers["link"]]).toEqual([
    200,
    "application/json",
    '{"name":"a/b","tags":["1.0","B","_x","a10","a2","b"]}\n',
    undefined,
  ]);
});

test("[server/Z1,O25] n limits the page, last is excluded and need not exist, Link leads on", async () => {
  const server = await withTags(["1.0", "1.1", "1.2", "2.0"]);
  const ask = async (query: string): Promise<readonly unknown[]> => {
    const reply = await server.call("GET", `/v2/a/b/tags/list?${query}`);
    return [(reply.json as { tags: unknown }).tags, reply.headers["link"]];
  };
  expect(await ask("n=2")).toEqual([["1.0", "1.1"], '</v2/a/b/tags/list?last=1.1&n=2>; rel="next"']);
  expect(await ask("n=2&last=1.1")).toEqual([["1.2", "2.0"], undefined]);
  expect(await ask("n=2&last=1.05")).toEqual([["1.1", "1.2"], '</v2/a/b/tags/list?last=1.2&n=2>; rel="next"']);
  expect(await ask("last=1.1")).toEqual([["1.2", "2.0"], undefined]);
  expect(await ask("n=4")).toEqual([["1.0", "1.1", "1.2", "2.0"], undefined]);
  expect(await ask("n=0")).toEqual([[], undefined]);
  expect(await ask("n=10&last=zzz")).toEqual([[], undefined]);
  expect(await ask("n=3&last=")).toEqual([["1.0", "1.1", "1.2"], '</v2/a/b/tags/list?last=1.2&n=3>; rel="next"']);
});

test("[server/Z1] n over the limit is cut to it", async () => {
  const server = await withTags(["1", "2", "3"], { http: { maxTags: 2 } });
  const reply = await server.call("GET", "/v2/a/b/tags/list?n=100");
  expect([reply.json, reply.headers["link"]]).toEqual([{ name: "a/b", tags: ["1", "2"] }, '</v2/a/b/tags/list?last=2&n=2>; rel="next"']);
  expect((await server.call("GET", "/v2/a/b/tags/list")).json).toEqual({ name: "a/b", tags: ["1", "2", "3"] });
});

describe("a list of more tags than are read at a time", () => {
  const TAGS = Array.from({ length: 3500 }, (_, at) => `t${at + 10_000}`);

  /** A registry whose pages of tags `onPage` waits for. */
  async function withPages(onPage: (server: RegistryServer) => void | Promise<void>): Promise<RegistryServer> {
    const metadata = await openSqliteMetadata({ path: ":memory:" });
    const read = metadata.listTags.bind(metadata);
    metadata.listTags = async (...page) => {
      await onPage(server);
      return await read(...page);
    };
    const server: RegistryServer = await withTags(TAGS, { metadata, limits: { maxTagsPerPush: TAGS.length } });
    return server;
  }

  test("[server/Z1,O25] comes whole, and others get their turn meanwhile", async () => {
    let turns = 0;
    const pages: number[] = [];
    const server = await withPages(() => {
      pages.push(turns);
      setImmediate(() => turns++);
    });
    expect((await server.call("GET", "/v2/a/b/tags/list")).json).toEqual({ name: "a/b", tags: TAGS });
    expect(pages).toEqual([0, 1, 2, 3]);
  });

  test("[server/Z1] is read no further once its client has left, which is no error of ours", async () => {
    let pages = 0;
    const server = await withPages(async ({ requests }) => {
      if (++pages === 1) return;
      client.destroy();
      await requests.ended("tags.list");
    });
    const client = await server.raw();
    client.write("GET /v2/a/b/tags/list HTTP/1.1\r\nHost: x\r\n\r\n");
    await expect.poll(() => server.log.lines).toMatchObject([{ level: "info", message: "client went away" }]);
    expect(pages).toBe(2);
  });
});

test("[server/Z3] a catalog whose repositories the caller may not read leaves others their turn", async () => {
  const metadata = await openSqliteMetadata({ path: ":memory:" });
  const read = metadata.listRepositories.bind(metadata);
  let turns = 0;
  const pages: number[] = [];
  metadata.listRepositories = async (page) => {
    pages.push(turns);
    setImmediate(() => turns++);
    return await read(page);
  };
  const onlyLast: Grant = { user: undefined, allows: ({ name }) => name === "r8" };
  const server = await withRepositories(
    Array.from({ length: 9 }, (_, at) => `r${at}`),
    { metadata, authorizer: { authorize: () => onlyLast } },
  );
  expect((await server.call("GET", "/v2/_catalog?n=2")).json).toEqual({ repositories: ["r8"] });
  expect(pages).toEqual([0, 1, 2, 3]);
});

test("[server/Z2] a bad n is 400 with what was sent", async () => {
  const server = await withTags(["1"]);
  const details: readonly [string, unknown][] = [
    ["-1", -1],
    ["abc", "abc"],
    ["1.5", "1.5"],
    ["1e3", 1000],
    ["99999999999999999999", "99999999999999999999"],
    ["%20", 0],
    ["0x10", 16],
  ];
  for (const [n, detail] of details) {
    const reply = await server.call("GET", `/v2/a/b/tags/list?n=${n}`);
    expect([reply.status, reply.code, reply.detail], n).toEqual([400, "PAGINATION_NUMBER_INVALID", { n: detail }]);
  }
});

test("[server/Z2] an unknown repository is 404, an emptied one or one with blobs only has no tags", async () => {
  const server = await withTags(["1"]);
  const unknown = await server.call("GET", "/v2/nope/tags/list");
  expect([unknown.status, unknown.code, unknown.detail]).toEqual([404, "NAME_UNKNOWN", { name: "nope" }]);
  await server.call("DELETE", "/v2/a/b/manifests/1");
  expect((await server.call("GET", "/v2/a/b/tags/list")).text).toBe('{"name":"a/b","tags":[]}\n');
  await server.pushBlob("blobs/only", "content");
  expect((await server.call("GET", "/v2/blobs/only/tags/list")).text).toBe('{"name":"blobs/only","tags":[]}\n');
});

test("[server/Z3,Z4,D10] the catalog comes in byte order, page by page, without a Link on a full last page", async () => {
  const server = await withRepositories(["c", "a/b", "a-b", "a", "a/b/c", "b0"]);
  const ask = async (query: string): Promise<readonly unknown[]> => {
    const reply = await server.call("GET", `/v2/_catalog?${query}`);
    return [(reply.json as { repositories: unknown }).repositories, reply.headers["link"]];
  };
  expect((await server.call("GET", "/v2/_catalog")).text).toBe('{"repositories":["a","a-b","a/b","a/b/c","b0","c"]}\n');
  expect(await ask("n=3")).toEqual([["a", "a-b", "a/b"], '</v2/_catalog?last=a%2Fb&n=3>; rel="next"']);
  expect(await ask("last=a%2Fb&n=3")).toEqual([["a/b/c", "b0", "c"], undefined]);
  expect(await ask("last=a%2Fa&n=1")).toEqual([["a/b"], '</v2/_catalog?last=a%2Fb&n=1>; rel="next"']);
  expect(await ask("n=0")).toEqual([[], undefined]);
  expect(await ask("last=zzz")).toEqual([[], undefined]);
});

test("[server/Z3] without n a page has 100 entries; n over the limit or malformed is 400", async () => {
  const names = Array.from({ length: 101 }, (_, n) => `r${String(n).padStart(3, "0")}`);
  const server = await withRepositories(names, { http: { catalogMaxEntries: 150 } });
  const reply = await server.call("GET", "/v2/_catalog");
  expect([(reply.json as { repositories: string[] }).repositories.length, reply.headers["link"]]).toEqual([
    100,
    '</v2/_catalog?last=r099&n=100>; rel="next"',
  ]);
  expect((await server.call("GET", "/v2/_catalog?n=150")).json).toEqual({ repositories: names });
  for (const [n, detail] of [
    ["151", 151],
    ["-1", -1],
    ["x", "x"],
  ] as const) {
    const refused = await server.call("GET", `/v2/_catalog?n=${n}`);
    expect([refused.status, refused.code, refused.detail]).toEqual([400, "PAGINATION_NUMBER_INVALID", { n: detail }]);
  }
});

test("[server/Z5] a repository is listed while it has a manifest", async () => {
  const server = await withRepositories(["a"]);
  await server.pushBlob("blobs/only", "content");
  await server.startUpload("session/only");
  expect((await server.call("GET", "/v2/_catalog")).json).toEqual({ repositories: ["a"] });
  await server.call("DELETE", `/v2/a/manifests/${indexManifest([]).digest}`);
  expect((await server.call("GET", "/v2/_catalog")).json).toEqual({ repositories: [] });
});

test("[server/D10] removing a repository takes away its own content and nothing below it", async () => {
  const server = await withRepositories(["a", "a/b"]);
  const digest = await server.pushBlob("a", "content");
  await server.registry.removeRepository("a");
  await expect(server.registry.removeRepository("a")).rejects.toBeInstanceOf(RepositoryUnknownError);
  expect((await server.call("GET", "/v2/_catalog")).json).toEqual({ repositories: ["a/b"] });
  expect((await server.call("GET", `/v2/a/blobs/${digest}`)).status).toBe(404);
  expect((await server.call("GET", "/v2/a/tags/list")).code).toBe("NAME_UNKNOWN");
  await server.pushImage("a", imageManifest(), "again");
  expect((await server.call("GET", "/v2/a/tags/list")).json).toEqual({ name: "a", tags: ["again"] });
});

test("[server/O32] extensions can be discovered", async () => {
  const server = await useRegistry();
  const reply = await server.call("GET", "/v2/_oci/ext/discover");
  expect([reply.status, reply.headers["content-type"]]).toEqual([200, "application/json"]);
  const { extensions } = reply.json as {
    extensions: readonly { name: string; url: string; description: string; endpoints: readonly string[] }[];
  };
  expect(extensions[0]).toMatchObject({ name: "_oci", endpoints: ["_oci/ext/discover"] });
});
