import { expect, test } from "vitest";
import { formatEntityTag, matchesIfNoneMatch, parseEntityTags } from "./if-none-match.ts";

const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

test.each([
  [`"${digest}"`, true],
  [digest, true],
  [`W/"${digest}"`, true],
  [`"x", "${digest}"`, true],
  [`x,${digest}`, true],
  [['"x"', digest], true],
  ["*", true],
  [undefined, false],
  ["", false],
  ['"other"', false],
  [`"${digest}`, false],
  [`${digest}x`, false],
])("matchesIfNoneMatch(%j)", (fields, wanted) => {
  expect(matchesIfNoneMatch(fields, digest)).toBe(wanted);
});

test("parseEntityTags() tells weak from strong", () => {
  expect(parseEntityTags('W/"a", "b,c", d')).toEqual([
    { weak: true, value: "a" },
    { weak: false, value: "b,c" },
    { weak: false, value: "d" },
  ]);
});

test("formatEntityTag() quotes the digest", () => {
  expect(formatEntityTag(digest)).toBe(`"${digest}"`);
});
