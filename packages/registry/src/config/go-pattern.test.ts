import { expect, test } from "vitest";
import { checkGoPattern, compileGoPatterns } from "./go-pattern.ts";

test.each([
  ["(?i)^HTTPS://b", "https://B/", true],
  ["(?i)^HTTPS://b", "xhttps://b/", false],
  ["\\Ahttps?://[[:alpha:]]+\\.example/\\z", "https://a.example/", true],
  ["\\Ahttps?://[[:alpha:]]+\\.example/\\z", "https://a.example/x", false],
  ["(?P<host>a|b)\\.example", "http://b.example", true],
])("[server/G16] %j is understood as Go does: %j %s", (pattern, url, matches) => {
  expect(compileGoPatterns([pattern])?.test(url)).toBe(matches);
  expect(checkGoPattern(pattern)).toBeUndefined();
});

test("[server/G16] any of several patterns will do, and none are no rule", () => {
  const either = compileGoPatterns(["^(?P<a>x)", "^(?P<a>y)"]);
  expect(["x", "y", "z"].map((url) => either?.test(url))).toEqual([true, true, false]);
  expect(compileGoPatterns([])).toBeUndefined();
});

test.each(["(", "(a)\\1", "a(?=b)"])("[server/G16] %j is no pattern of Go's", (pattern) => {
  expect(checkGoPattern(pattern)).toBe("a regular expression as Go has them");
});

test("[server/G16] a URL that is made for it takes no longer than others of its length", () => {
  const fromTheManual = compileGoPatterns(["^https?://([^/]+\\.)*example\\.com/"]);
  // 2^60 ways to match its dots
  expect(fromTheManual?.test(`http://${"a.".repeat(60)}example.com!`)).toBe(false);
  expect(fromTheManual?.test(`http://${"a.".repeat(60)}example.com/`)).toBe(true);
});
