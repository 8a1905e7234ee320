/** Columns of help where nobody says how wide the terminal is, and at most. */
export const HELP_WIDTH = 120;
/** Less is no terminal. */
const MIN_WIDTH = 30;
/** Two columns side by side, where the second one would be narrower, stand below each other instead. */
const MIN_SECOND = 26;

/** The width that help gets on a stream: that of the terminal, if it is one, up to {@link HELP_WIDTH}. */
export function helpWidthOf({ isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return isTTY === true && columns !== undefined ? Math.max(MIN_WIDTH, Math.min(HELP_WIDTH, columns - 1)) : HELP_WIDTH;
}

/** Breaks a text between words, so that lines are no longer than `width`; a word that is longer stands alone. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Lays names and what they mean out in two columns; where that gets too narrow, what a name means stands below it. */
export function twoColumns(rows: readonly (readonly [name: string, meaning: string])[], width: number): string {
  const longest = Math.max(...rows.map(([name]) => name.length));
  const first = longest + 4 + MIN_SECOND <= width ? longest : Math.min(60, longest);
  const second = width - first - 4;
  return rows
    .flatMap(([name, meaning]) => {
      if (second < MIN_SECOND) return [`  ${name}`, ...(meaning === "" ? [] : wrapText(meaning, width - 6).map((line) => `      ${line}`))];
      const lines = wrapText(meaning, second);
      const head = name.length > first ? [`  ${name}`, `  ${" ".repeat(first)}  ${lines[0]}`] : [`  ${name.padEnd(first)}  ${lines[0]}`];
      return [...head, ...lines.slice(1).map((line) => `  ${" ".repeat(first)}  ${line}`)];
    })
    .map((line) => line.trimEnd())
    .join("\n");
}
