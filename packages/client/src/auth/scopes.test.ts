import { cleanScopes } from "@berth/oci";
import fc from "fast-check";
import { expect, test } from "vitest";
import { appendRepositoryScope, appendScopes, NO_SCOPE_HINTS, scopesFor, withScopes } from "./scope-hints.ts";
import {
  CATALOG,
  coversScopes,
  DELETE_SCOPE,
  impliedScopes,
  joinScopes,
  PULL_SCOPE,
  PUSH_SCOPE,
  repositoryScope,
  scopeKey,
} from "./scopes.ts";

test("[client/C-1] scopes for pull, push, delete and the catalog", () => {
  expect([PULL_SCOPE, PUSH_SCOPE, DELETE_SCOPE].map((actions) => repositoryScope("a/b", actions))).toEqual([
    "repository:a/b:pull",
    "repository:a/b:pull,push",
    "repository:a/b:delete,pull,push",
  ]);
  expect(CATALOG).toBe("registry:catalog:*");
});

test.each<[readonly string[], readonly string[]]>([
  [["repository:f:push,pull,push"], ["repository:f:pull,push"]],
  [["repository:f:pull,*,push"], ["repository:f:*"]],
  [["repository:f:,"], []],
  [["registry:catalog:*", "registry:catalog:pull"], ["registry:catalog:*"]],
  [
    ["repository:foo:pull", "unknown", "no:actions:", "repository:foo:push"],
    ["repository:foo:pull,push", "unknown"],
  ],
  [["repository:h:5000/x:pull", "repository:h:5000/x:push"], ["repository:h:5000/x:pull,push"]],
])("[client/B-44] tidies %j", (scopes, wanted) => {
  expect(cleanScopes(scopes)).toEqual(wanted);
});

test.each<[string, readonly string[], readonly string[]]>([
  ["repository:z:pull", ["repository:b:pull", "repository:a:pull"], ["repository:z:pull", "repository:a:pull", "repository:b:pull"]],
  ["repository:z:pull repository:y:pull", ["repository:y:push"], ["repository:z:pull", "repository:y:pull,push"]],
  ["", ["repository:b:pull", "repository:a:pull"], ["repository:a:pull", "repository:b:pull"]],
  ["  repository:z:pull  repository:z:push ", [], ["repository:z:pull,push"]],
  ["odd", ["repository:a:pull"], ["odd", "repository:a:pull"]],
  ["", [], []],
])("[client/D-8,B-45] joins %j and %j", (challenged, hints, wanted) => {
  expect(joinScopes(challenged, hints)).toEqual(wanted);
});

const scope = fc
  .tuple(fc.constantFrom("a", "b", "c:5/d"), fc.uniqueArray(fc.constantFrom("pull", "push", "delete", "*"), { minLength: 1 }))
  .map(([name, actions]) => `repository:${name}:${actions.join(",")}`);

test("[client/D-8] joining loses nothing and adds nothing, and order is the only difference to tidying", () => {
  fc.assert(
    fc.property(fc.array(scope), fc.array(scope), (challenged, hints) => {
      const joined = joinScopes(challenged.join(" "), hints);
      expect(joined.toSorted()).toEqual(cleanScopes([...challenged, ...hints]));
      expect(coversScopes(joined, [...challenged, ...hints])).toBe(true);
      expect(scopeKey(joined.toReversed())).toBe(scopeKey(joined));
    }),
  );
});

test("coversScopes() wants every action of every resource", () => {
  expect(coversScopes(["repository:a:pull,push"], ["repository:a:pull"])).toBe(true);
  expect(coversScopes(["repository:a:*"], ["repository:a:delete"])).toBe(true);
  expect(coversScopes(["repository:a:pull"], ["repository:a:pull", "repository:b:pull"])).toBe(false);
  expect(coversScopes(["repository:a:pull"], ["repository:a:*"])).toBe(false);
  expect(coversScopes(["odd"], ["odd"])).toBe(true);
  expect(coversScopes([], [])).toBe(true);
});

test.each([
  ["GET", "/v2/a/b/manifests/x", "repository:a/b:pull"],
  ["HEAD", "/prefix/v2/a/blobs/sha256:1", "repository:a:pull"],
  ["POST", "/v2/a/blobs/uploads/", "repository:a:pull,push"],
  ["DELETE", "/v2/a/manifests/x", "repository:a:delete,pull,push"],
  ["GET", "/v2/a/tags/list", "repository:a:pull"],
  ["GET", "/v2/blobs/tags/manifests/x", "repository:blobs/tags:pull"],
  ["GET", "/v2/_catalog", "registry:catalog:*"],
  ["GET", "/v2/", undefined],
  ["GET", "/a/b", undefined],
])("impliedScopes() of %s %s", (method, path, wanted) => {
  expect(impliedScopes(method, new URL(path, "https://r.test"))).toEqual(wanted === undefined ? undefined : [wanted]);
});

test("[client/B-43] hints are for all registries or for one, under any of its names", () => {
  let hints = appendRepositoryScope(NO_SCOPE_HINTS, "library/x", ["pull"], "docker.io");
  hints = appendRepositoryScope(hints, "library/x", ["push"], "registry-1.docker.io");
  hints = appendRepositoryScope(hints, "y", ["pull"]);
  hints = appendRepositoryScope(hints, "z", []);
  hints = appendScopes(hints, ["repository:y:push"]);
  expect(scopesFor(hints, "index.docker.io")).toEqual(["repository:library/x:pull,push", "repository:y:pull,push"]);
  expect(scopesFor(hints, "r.test")).toEqual(["repository:y:pull,push"]);
  expect(scopesFor(withScopes(hints, [], "docker.io"), "docker.io")).toEqual(["repository:y:pull,push"]);
  expect(scopesFor(NO_SCOPE_HINTS, "r.test")).toEqual([]);
  expect(scopesFor(withScopes(NO_SCOPE_HINTS, ["a:b:c"], "R.test:443"), "r.test")).toEqual(["a:b:c"]);
});
