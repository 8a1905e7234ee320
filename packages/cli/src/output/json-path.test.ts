import { expect, test } from "vitest";
import { compileJsonPath } from "./json-path.ts";

const DATA = {
  digest: "sha256:1",
  annotations: { "a.b/c": "x" },
  layers: [
    { digest: "sha256:a", size: 1 },
    { digest: "sha256:b", size: 2 },
    { digest: "sha256:c", size: 3 },
  ],
  manifests: [
    { platform: { os: "linux" }, n: 1 },
    { platform: { os: "windows" }, n: 2 },
  ],
};

test.each([
  ["$.digest", ["sha256:1"]],
  [".digest", ["sha256:1"]],
  ["{.Digest}", ["sha256:1"]],
  [".layers[0].digest", ["sha256:a"]],
  [".layers[-1].size", [3]],
  [".layers[1:].size", [2, 3]],
  [".layers[:2].size", [1, 2]],
  [".layers[*].size", [1, 2, 3]],
  ["..os", ["linux", "windows"]],
  [".annotations['a.b/c']", ["x"]],
  ['.annotations["a.b/c"]', ["x"]],
  ['.manifests[?(@.platform.os=="windows")].n', [2]],
  [".manifests[?(@.n!=2)].n", [1]],
  [".annotations.*", ["x"]],
  [".nothing.at.all", []],
  [".layers[9]", []],
  [".digest[0]", []],
  ["$", [DATA]],
  [".", [DATA]],
])("a path finds what it says: %s", (path, expected) => {
  expect(compileJsonPath(path)(DATA)).toEqual(expected);
});

test.each([
  ["digest", 1],
  [".a[", 3],
  ["{.a..}", 4],
  [".a[?(x)]", 3],
])("a mistake in a path is told with its column: %s", (path, column) => {
  expect(() => compileJsonPath(path)).toThrow(`cannot use jsonpath: column ${column}: cannot read`);
});

test("a path has a limit", () => {
  expect(() => compileJsonPath(".a".repeat(3000))).toThrow("longer than 4096");
});
