/**
 * Compiles a pattern written for Go's RE2. The two languages agree on what URL rules use; the spellings that differ
 * (`(?i)` at the start, `(?P<name>`, `\A`, `\z`) are translated.
 *
 * @throws {SyntaxError} when it is no regular expression in either language.
 */
export function parseGoRegExp(pattern: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const body = pattern
    .slice(flags?.[0].length ?? 0)
    .replaceAll("(?P<", "(?<")
    .replaceAll(/\\(.)/gs, (escape: string, letter: string) =>
      letter === "A" ? "(?<![\\s\\S])" : letter === "z" ? "(?![\\s\\S])" : escape,
    );
  return new RegExp(body, [...new Set(flags?.[1] ?? "")].join(""));
}

/** One expression that matches what any of the patterns matches; undefined without patterns. */
export function joinGoRegExps(patterns: readonly string[]): RegExp | undefined {
  if (patterns.length === 0) return undefined;
  const parts = patterns
    .map((pattern) => parseGoRegExp(pattern))
    .map(({ source, flags }) => (flags === "" ? `(?:${source})` : `(?${flags}:${source})`));
  return new RegExp(parts.join("|"));
}

/** The complaint about a pattern, if there is one. */
export function checkGoRegExp(text: string): string | undefined {
  try {
    parseGoRegExp(text);
    return undefined;
  } catch {
    return "a regular expression";
  }
}
