/** What became of an item of a list. */
export type ItemState = "shared" | "added" | "removed";

/** An item of either list. */
export interface ListItem<T> {
  readonly state: ItemState;
  readonly item: T;
}

/** Comparisons of items, at most; longer lists are told apart by their equal beginnings and ends alone. */
const MAX_COMPARISONS = 4_000_000;

/**
 * Both lists in one, in order: as few items added and removed as it takes. What moved was removed at one place and added at the other.
 *
 * @param keyOf items with equal keys are the same; shared items are those of `after`.
 */
export function diffLists<T>(before: readonly T[], after: readonly T[], keyOf: (item: T) => string): readonly ListItem<T>[] {
  const [a, b] = [before.map(keyOf), after.map(keyOf)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const as = (state: ItemState, items: readonly T[]): readonly ListItem<T>[] => items.map((item) => ({ state, item }));
  return [
    ...as("shared", after.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end), keyOf),
    ...as("shared", after.slice(after.length - end)),
  ];
}

/** By the longest sequence that both have. */
function middle<T>(before: readonly T[], after: readonly T[], keyOf: (item: T) => string): readonly ListItem<T>[] {
  const [a, b] = [before.map(keyOf), after.map(keyOf)];
  const lengths = a.length * b.length > MAX_COMPARISONS ? undefined : commonLengths(a, b);
  const items: ListItem<T>[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [old, now] = [before[i], after[j]];
    const isShared = lengths !== undefined && i < a.length && j < b.length && a[i] === b[j];
    if (isShared && now !== undefined) {
      items.push({ state: "shared", item: now });
      i++;
      j++;
    } else if (old !== undefined && (now === undefined || (lengths?.[i + 1]?.[j] ?? 0) >= (lengths?.[i]?.[j + 1] ?? 0))) {
      items.push({ state: "removed", item: old });
      i++;
    } else if (now !== undefined) {
      items.push({ state: "added", item: now });
      j++;
    } else return items;
  }
}

/** How many items the ends of both lists from there on have in common, in order. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly Uint32Array[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    const [row, below] = [lengths[i], lengths[i + 1]];
    if (row === undefined || below === undefined) continue;
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
}
