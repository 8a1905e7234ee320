/** The known word that a mistyped one most likely meant, if one is near. */
function closest(word: string, known: readonly string[]): string | undefined {
  const most = word.length < 5 ? 1 : 2;
  return known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

/** Completes a complaint about a key that stands in a section, `""` for the root: `did you mean "http.tls"?`; undefined when nothing is near. */
export function didYouMean(section: string, key: string, known: readonly string[]): string | undefined {
  const meant = closest(key, known);
  return meant === undefined ? undefined : `did you mean "${section === "" ? meant : `${section}.${meant}`}"?`;
}

/** Letters added, left out, mistaken, or swapped with the next one. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const mistaken = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (beforeLast[j - 2] ?? Infinity) + 1 : Infinity;
      row.push(Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, mistaken, swapped));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
