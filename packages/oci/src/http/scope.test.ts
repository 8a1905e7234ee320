import { describe, expect, test } from "vitest";
import { cleanScopes, formatScope, formatScopes, parseScope, parseScopes } from "./scope.ts";

describe("parseScope()", () => {
  test.each([
    ["repository:a/b:pull,push", { type: "repository", name: "a/b", actions: ["pull", "push"] }],
    ["repository(plugin):a/b:pull", { type: "repository", class: "plugin", name: "a/b", actions: ["pull"] }],
    ["repository:h:5000/x:pull", { type: "repository", name: "h:5000/x", actions: ["pull"] }],
    ["registry:catalog:*", { type: "registry", name: "catalog", actions: ["*"] }],
    ["repository:a:", { type: "repository", name: "a", actions: [] }],
  ])("[server/K5] reads %j", (text, wanted) => {
    expect(parseScope(text)).toEqual(wanted);
    expect(formatScope(wanted)).toBe(text);
  });

  test.each([
    "",
    "a",
    "a:b",
    "::",
    "Repo:a:pull",
    "repository():a:pull",
    "repository(p:a:pull",
    ":a:pull",
    "a::pull",
    "a:b c:pull",
    `a:${"b".repeat(3000)}:pull`,
  ])("[server/K5] refuses %j", (text) => {
    expect(parseScope(text)).toBeUndefined();
  });
});

test("[server/K5] parseScopes() skips what is malformed", () => {
  expect(parseScopes("repository:a:pull junk registry:catalog:*").map((scope) => scope.name)).toEqual(["a", "catalog"]);
});

test("formatScopes() joins actions for each resource and sorts", () => {
  const scopes = [
    { type: "repository", name: "c", actions: ["pull"] },
    { type: "repository", name: "a/b", actions: ["push"] },
    { type: "repository", name: "a/b", actions: ["pull"] },
  ];
  expect(formatScopes(scopes)).toBe("repository:a/b:pull,push repository:c:pull");
});

test.each([
  [
    ["repository:foo:pull", "unknown", "no:actions:", "repository:foo:push"],
    ["repository:foo:pull,push", "unknown"],
  ],
  [["repository:f:push,pull,push"], ["repository:f:pull,push"]],
  [["repository:f:pull,*,push"], ["repository:f:*"]],
  [["repository:f:,"], []],
  [["registry:catalog:*", "registry:catalog:pull"], ["registry:catalog:*"]],
  [["repository:h:5000/f:push", "repository:h:5000/f:pull"], ["repository:h:5000/f:pull,push"]],
  [["a:b", "", "a:b"], ["a:b"]],
  [
    ["z:b:pull", "unknown", "a:b:pull"],
    ["a:b:pull", "unknown", "z:b:pull"],
  ],
])("[client/B-44] cleanScopes(%j)", (scopes, wanted) => {
  expect(cleanScopes(scopes)).toEqual(wanted);
});
