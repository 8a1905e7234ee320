import { createRequire } from "node:module";
import type { UrlPattern } from "../domain/manifest-policy.ts";

/**
 * One pattern that matches what any of the given ones, written for Go's RE2, matches; undefined without any. Its time grows with the length
 * of a text alone: V8 takes hours for a short URL and a pattern of distribution's own manual, `^https?://([^/]+\.)*example\.com/`.
 *
 * @throws {Error} when one is no regular expression; see {@link checkGoPattern}.
 */
export function compileGoPatterns(patterns: readonly string[]): UrlPattern | undefined {
  if (patterns.length === 0) return undefined;
  const compiled = patterns.map(compile);
  return { test: (url) => compiled.some((pattern) => pattern.test(url)) };
}

/** The complaint about a pattern, if there is one. */
export function checkGoPattern(text: string): string | undefined {
  try {
    compile(text);
    return undefined;
  } catch {
    return "a regular expression as Go has them";
  }
}

function compile(pattern: string): UrlPattern {
  // Not by `import`: all configurations are loaded, few have patterns
  const { RE2JS } = createRequire(import.meta.url)("re2js") as typeof import("re2js");
  const compiled = RE2JS.compile(pattern);
  return { test: (url) => compiled.matcher(url).find() };
}
