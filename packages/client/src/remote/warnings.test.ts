import { expect, test } from "vitest";
import { createConnection } from "./create-connection.ts";
import { createRemoteRepository } from "./create-repository.ts";
import { failure, scripted } from "./testing/scripted.test-kit.ts";
import { onceEach, type RegistryWarning } from "./warnings.ts";

test("[client/B-11] a warning handler is called once for each field of each answer, answers that are errors included", async () => {
  const warnings: RegistryWarning[] = [];
  const { server, repository } = await scripted({ onWarning: (warning) => warnings.push(warning) });
  server.on(
    "GET",
    "/v2/a/b/tags/list",
    { headers: { warning: ['299 - "one"', '299 - "two"'] }, body: '{"tags":[]}' },
    { status: 403, headers: { warning: '299 - "forbidden soon"' } },
  );
  await Array.fromAsync(repository.tags());
  await failure(Array.fromAsync(repository.tags()));
  const about = { code: 299, agent: "-", registry: server.host, operation: "list tags" };
  expect(warnings).toEqual([
    { ...about, text: "one" },
    { ...about, text: "two" },
    { ...about, text: "forbidden soon" },
  ]);
});

test("[client/B-11] only the one form that the specification knows is a warning", async () => {
  const warnings: string[] = [];
  const { server, repository } = await scripted({ onWarning: ({ text }) => warnings.push(text) });
  const ignored = ['199 - "t"', '299 h:5000 "t"', '299  - "t"', '299 - "t" "date"', '299 - ""', "299 - 't'", "299 - t"];
  server.on("GET", "/v2/a/b/tags/list", { headers: { warning: [...ignored, '299 - "a \\"b\\" \\u00e9"', '299 - " "'] }, body: "{}" });
  await Array.fromAsync(repository.tags());
  expect(warnings).toEqual(['a "b" é', " "]);
});

test("[client/B-11] onceEach() passes each warning on once, and forgets the oldest of very many", () => {
  const passed: string[] = [];
  const handler = onceEach(({ text }) => passed.push(text));
  const warn = (text: string, registry = "r.test"): void => handler({ code: 299, agent: "-", text, registry, operation: "x" });
  for (const text of ["a", "b", "a"]) warn(text);
  warn("a", "other.test");
  expect(passed).toEqual(["a", "b", "a"]);
  for (let i = 0; i < 1000; i++) warn(`n${i}`);
  warn("a");
  expect(passed.at(-1)).toBe("a");
  expect(passed).toHaveLength(1004);
});

test("[client/B-8] a repository has its own warning handler over a connection that it shares", async () => {
  const seen: string[] = [];
  const { server } = await scripted();
  const connection = createConnection(server.host, { plainHttp: true, onWarning: () => seen.push("connection") });
  const repository = createRemoteRepository(`${server.host}/a/b`, { connection, onWarning: () => seen.push("repository") });
  server.on(
    "GET",
    "/v2/a/b/tags/list",
    { headers: { warning: '299 - "t"' }, body: "{}" },
    { status: 403, headers: { warning: '299 - "t"' } },
  );
  await Array.fromAsync(repository.tags());
  expect(seen.splice(0)).toEqual(["connection", "repository"]);
  await failure(Array.fromAsync(repository.tags()));
  expect(new Set(seen)).toEqual(new Set(["connection", "repository"]));
});
