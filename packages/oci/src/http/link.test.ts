import { describe, expect, test } from "vitest";
import { InvalidLinkError } from "../errors.ts";
import { formatLink, nextPage, parseLinks } from "./link.ts";

const page = "https://h.test:5000/v2/_catalog";
const next = (fields: string | string[], url: string = page): string | undefined => nextPage(fields, url)?.href;

describe("nextPage()", () => {
  test.each([
    ['</v2/_catalog?last=a&n=1>; rel="next"', "https://h.test:5000/v2/_catalog?last=a&n=1"],
    ['<https://h.test:5000/x>; rel="next"', "https://h.test:5000/x"],
    ["/v2/_catalog?last=a; rel=next", "https://h.test:5000/v2/_catalog?last=a"],
    ['</x>; title="a,b;c"; rel="next"; foo=bar', "https://h.test:5000/x"],
    ['</p>; rel="prev", </x>; rel="NEXT last"', "https://h.test:5000/x"],
    ["</x>", "https://h.test:5000/x"],
    ["<?last=b>; rel=next", "https://h.test:5000/v2/_catalog?last=b"],
    [' , </x> ; rel = "next" ,', "https://h.test:5000/x"],
  ])("[client/A-17] reads %j", (field, wanted) => {
    expect(next(field)).toBe(wanted);
  });

  test.each(["<>", '<>; rel="next"', '</x>; rel="prev"', "", "<unclosed", "</x>, </y>"])(
    "[client/A-17] finds no next page in %j",
    (field) => {
      expect(next(field)).toBeUndefined();
    },
  );

  test("[client/A-17] looks at every field", () => {
    expect(next(['</p>; rel="prev"', '</x>; rel="next"'])).toBe("https://h.test:5000/x");
  });

  test.each([
    "https://other.test:5000/x",
    "https://h.test:5001/x",
    "http://h.test:5000/x",
    "http://169.254.169.254/x",
    "//evil.test/x",
    "data:,x",
  ])("[client/A-17] refuses to leave the origin for %j", (target) => {
    expect(() => next(`<${target}>; rel="next"`)).toThrow(InvalidLinkError);
  });

  test("normalises default ports", () => {
    expect(next('<https://h.test:443/x>; rel="next"', "https://h.test/v2/")).toBe("https://h.test/x");
  });

  test("keeps signatures out of the error", () => {
    expect(() => next('<https://other.test/x?sig=secret>; rel="next"')).toThrow(/^(?!.*secret)/);
  });
});

test("parseLinks() keeps the first of a repeated parameter and lower-cases names", () => {
  const [link] = parseLinks('</x>; REL=a; rel=b; Title="q\\"q"');
  expect([...(link?.parameters ?? [])]).toEqual([
    ["rel", "a"],
    ["title", 'q"q'],
  ]);
});

test("formatLink() keeps the target inside its brackets", () => {
  expect(formatLink("/v2/a/tags/list?last=1.1&n=2", "next")).toBe('</v2/a/tags/list?last=1.1&n=2>; rel="next"');
  expect(formatLink("/x?last=a>b c\r\né", "next")).toBe('</x?last=a%3Eb%20c%0D%0A%C3%A9>; rel="next"');
});
