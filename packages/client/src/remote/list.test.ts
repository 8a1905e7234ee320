import { expect, test } from "vitest";
import { hasErrorCode, isNotFound } from "../errors.ts";
import { failure, scripted } from "./testing/scripted.test-kit.ts";

const LIST = "/v2/a/b/tags/list";

test("[client/B-23,A-16] tags are read page by page, whatever the pages look like", async () => {
  const { server, repository } = await scripted({ tagListPageSize: 0 });
  server.on(
    "GET",
    LIST,
    { headers: { link: `<${LIST}?last=b>; rel="next"` }, body: '{"name":"a/b","tags":["a","b"]}' },
    { headers: { link: `${LIST}?last=c; rel=next` }, body: '{"tags":null}' },
    { headers: { link: `<?last=d>` }, body: '{"name":"a/b"}' },
    { headers: { link: `<${LIST}?last=x>; rel="prev"` }, body: '{"tags":["e"]}' },
  );
  expect(await Array.fromAsync(repository.tags().pages())).toEqual([["a", "b"], [], [], ["e"]]);
  expect(server.journal()).toEqual([`GET ${LIST}`, `GET ${LIST}?last=b`, `GET ${LIST}?last=c`, `GET ${LIST}?last=d`]);
});

test("[client/B-8,C-27] n comes from the call, else from the options, is 1000 by default and left out for 0", async () => {
  const { server, repository } = await scripted();
  server.on("GET", LIST, { body: "{}" });
  await Array.fromAsync(repository.tags());
  await Array.fromAsync(repository.tags({ pageSize: 5, last: "a&b" }));
  await Array.fromAsync(repository.tags({ pageSize: 0 }));
  expect(server.journal()).toEqual([`GET ${LIST}?n=1000`, `GET ${LIST}?n=5&last=a%26b`, `GET ${LIST}`]);
});

test("[client/B-23] a repository that does not exist is not found, and the registry's own words stay", async () => {
  const { server, repository } = await scripted();
  server.on("GET", LIST, { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN","message":"no such thing"}]}' });
  const error = await failure(Array.fromAsync(repository.tags()));
  expect([isNotFound(error), hasErrorCode(error, "NAME_UNKNOWN")]).toEqual([true, true]);
  expect(error).toMatchObject({ code: "ERR_NOT_FOUND", what: "repository" });
});

test("[client/B-8] a list of too many pages is an error", async () => {
  const { server, repository } = await scripted({ tagListMaxPages: 3 });
  let page = 0;
  server.on("GET", LIST, () => ({ headers: { link: `<${LIST}?last=${page++}>; rel="next"` }, body: '{"tags":["t"]}' }));
  const message = `Cannot accept more pages of tags from "${server.host}": the limit is 3 (tagListMaxPages)`;
  expect(await failure(Array.fromAsync(repository.tags()))).toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 3, message });
  expect(server.requests).toHaveLength(3);
});

test("[client/B-8,D-11] a page that is too long is an error", async () => {
  const { server, repository } = await scripted({ maxMetadataBytes: 20 });
  server.on("GET", LIST, { body: JSON.stringify({ tags: ["a".repeat(20)] }) });
  expect(await failure(Array.fromAsync(repository.tags()))).toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 20 });
});

test.each([
  ["itself", (url: string) => `<${url}${LIST}?n=1000>; rel="next"`],
  ["another host", () => `<http://evil.test${LIST}>; rel="next"`],
  ["another scheme", (url: string) => `<${url.replace("http:", "https:")}${LIST}>; rel="next"`],
])("[client/B-5,D-1] a page that leads to %s is an error", async (_, link) => {
  const { server, repository } = await scripted();
  server.on("GET", LIST, { headers: { link: link(server.url) }, body: '{"tags":["t"]}' });
  expect(await failure(Array.fromAsync(repository.tags()))).toMatchObject({ code: "ERR_INVALID_LINK" });
  expect(server.requests).toHaveLength(1);
});

test("[client/B-23,D-2] pages that lead around in a circle are an error", async () => {
  const { server, repository } = await scripted({ tagListPageSize: 0 });
  const to = (last: string): { readonly headers: Record<string, string>; readonly body: string } => ({
    headers: { link: `<${LIST}?last=${last}>; rel="next"` },
    body: '{"tags":["t"]}',
  });
  server.on("GET", LIST, to("a"), to("b"), to("a"));
  expect(await failure(Array.fromAsync(repository.tags()))).toMatchObject({ code: "ERR_INVALID_LINK" });
  expect(server.requests).toHaveLength(3);
});

test.each([
  ["a web page", "text/html", "<html>", /sent a web page: it is no registry; a proxy, or a page to sign in/],
  ["what would paint on a terminal", "text/\u009b31mred", "[", /sent no JSON but "text\/ 31mred"$/],
  ["something else under the key", "application/json", '{"tags":"x"}', /a list under "tags" that is not one of texts/],
  ["numbers", "application/json", '{"tags":[1]}', /a list under "tags" that is not one of texts/],
])("[client/B-23] %s instead of a list is an error that says what came", async (_, type, body, message) => {
  const { server, repository } = await scripted();
  server.on("GET", LIST, { headers: { "content-type": type }, body });
  expect(await failure(Array.fromAsync(repository.tags()))).toMatchObject({
    code: "ERR_PROTOCOL",
    message: expect.stringMatching(message),
  });
});

test("every iteration of a list starts anew, and stops with the signal", async () => {
  const { server, repository } = await scripted();
  server.on("GET", LIST, { body: '{"tags":["t"]}' });
  const list = repository.tags();
  expect([await Array.fromAsync(list), await Array.fromAsync(list)]).toEqual([["t"], ["t"]]);
  const reason = new Error("enough");
  expect(await failure(Array.fromAsync(repository.tags({ signal: AbortSignal.abort(reason) })))).toBe(reason);
  expect(server.requests).toHaveLength(2);
});
