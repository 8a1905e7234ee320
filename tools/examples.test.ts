import { expect, test } from "vitest";
import { findExamples } from "./examples.ts";

test("findExamples() takes the fences marked to run, with the line of their first line", () => {
  const markdown = ["# A", "```ts run", "one();", "two();", "```", "```ts", "not(this);", "```", "```ts run", "three();", "```", ""].join(
    "\n",
  );
  expect(findExamples("A.md", markdown)).toEqual([
    { file: "A.md", line: 3, code: "one();\ntwo();\n" },
    { file: "A.md", line: 10, code: "three();\n" },
  ]);
});
