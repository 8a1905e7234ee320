import { expect, test } from "vitest";
import { selectTags } from "./select-tags.ts";

const TAGS = ["latest", "1", "1.2", "v1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0", "12-slim", "20240101", `sha256-${"0".repeat(64)}.sig`];

test.each([
  [{}, TAGS.slice(0, -1)],
  [{ match: ["1.*"] }, ["1.2", "1.9.0"]],
  [{ match: ["/^v?1\\./"], exclude: ["*.0"] }, ["1.2"]],
  [{ semver: ">=1.2 <2" }, ["1.2", "v1.10.0", "1.9.0"]],
  [{ semver: "1.x || >=2.0.0-rc.0 <3" }, ["1", "1.2", "v1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0"]],
  [{ semver: "<3", latest: 2 }, ["v1.10.0", "2.0.0"]],
  [{ match: ["1*", "latest"], latest: 1 }, ["12-slim"]],
])("tags are chosen by pattern and by version: %j", (selection, expected) => {
  expect(selectTags(TAGS, selection)).toEqual(expected);
});
