import { oneLine } from "./plain-text.ts";

/** Options of {@link formatTable}. */
export interface TableOptions {
  /** Columns whose cells end at the same place, by number: figures. */
  readonly right?: readonly number[];
}

/** Lays rows out in columns, two spaces between them. The first row is the head. Cells may come from anywhere: they are made harmless. */
export function formatTable(rows: readonly (readonly string[])[], { right = [] }: TableOptions = {}): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of cells) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return cells
    .map((row) =>
      row
        .map((cell, at) => (right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Lays names and values out: `Digest:  sha256:...`. Values that are undefined are left out. */
export function formatFields(fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = fields.flatMap(([name, value]) => (value === undefined ? [] : [[`${name}:`, value]]));
  return formatTable(shown);
}
