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
  ["created", ["v1.10", "1.9", "latest", "1.2"]],
  ["-created", ["1.9", "v1.10", "latest", "1.2"]],
  ["-size", ["1.9", "v1.10", "latest", "1.2"]],
])("tags are ordered: %s", (order, expected) => {
  expect(sortTags(TAGS, parseOrder(order)).map(({ name }) => name)).toEqual(expected);
});

test("without an order they stay as they are, and an order that is none is refused", () => {
  expect(sortTags(TAGS)).toBe(TAGS);
  expect(() => parseOrder("pushed")).toThrow("expected one of name, version, created, size");
});
