import { expect, test } from "vitest";
import { parseOrder, sortTags } from "./sort-tags.ts";

const TAGS = [
  { name: "v1.10", created: "2024-01-03T00:00:00Z", size: 5 },
  { name: "1.9", created: "2024-01-02T23:00:00-05:00", size: 7 },
  { name: "latest", size: 5 },
  { name: "1.2", created: "never", size: 1 },
];

test.each([
  ["name", ["1.2", "1.9", "latest", "v1.10"]],
  ["-name", ["v1.10", "latest", "1.9", "1.2"]],
  ["version", ["1.2", "1.9", "v1.10", "latest"]],
  ["-version", ["v1.10", "1.9", "1.2", "latest"]],
  ["created", ["v1.10", "1.9", "latest", "1.2"]],
  ["-created", ["1.9", "v1.10", "latest", "1.2"]],
  ["-size", ["1.9", "v1.10", "latest", "1.2"]],
])("tags are ordered: %s", async (order, expected) => {
  expect((await sortTags(TAGS, parseOrder(order))).map(({ name }) => name)).toEqual(expected);
});

test("versions are ordered as versions are, and numbers in other names as numbers", async () => {
  const names = ["bookworm-10", "1.0", "10.0.0", "bookworm-9", "1.0-rc.2", "1.0-rc.10", "2", "v1.0.1"];
  const sorted = await sortTags(
    names.map((name) => ({ name })),
    parseOrder("version"),
  );
  expect(sorted.map(({ name }) => name).join(" ")).toBe("1.0-rc.2 1.0-rc.10 1.0 v1.0.1 2 10.0.0 bookworm-9 bookworm-10");
});

test("without an order they stay as they are, and an order that is none is refused", async () => {
  expect(await sortTags(TAGS)).toBe(TAGS);
  expect(() => parseOrder("pushed")).toThrow("expected one of name, version, created, size");
});
