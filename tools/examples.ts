/** A piece of code of a Markdown page that must run: a fence opened by "```ts run". */
export interface Example {
  readonly file: string;
  /** Line of the first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

/** Finds the examples of a Markdown text. */
export function findExamples(file: string, markdown: string): readonly Example[] {
  const examples: Example[] = [];
  for (const match of markdown.matchAll(/^```ts run\n([\s\S]*?)^```$/gm)) {
    const line = markdown.slice(0, match.index).split("\n").length + 1;
    examples.push({ file, line, code: match[1] ?? "" });
  }
  return examples;
}
