import { Range, rcompare, SemVer } from "semver";

/** What a tag that is a version looks like: `1`, `v1.2`, `1.2.3-rc.1`. */
const VERSION = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]{1,100}))?$/;

/** True for a range of versions: `>=1.2 <2`, `^1.4`, `1.x || 3.x`. */
export function isRange(text: string): boolean {
  try {
    return new Range(text).range.length >= 0;
  } catch {
    return false;
  }
}

/** The version that a tag is, what it leaves out taken for 0; undefined: it is none. */
export function versionOf(tag: string): SemVer | undefined {
  const [, major, minor = "0", patch = "0", more] = VERSION.exec(tag) ?? [];
  if (major === undefined) return undefined;
  try {
    return new SemVer(`${Number(major)}.${Number(minor)}.${Number(patch)}${more === undefined ? "" : `-${more}`}`);
  } catch {
    return undefined; // 1.0-01: no version to the letter
  }
}

/** The tags that are versions in a range. Pre-releases (`1.2.0-rc.1`) are in it when it names one of the same version. @see npm, semver */
export function inRange(tags: readonly string[], range: string): readonly string[] {
  const wanted = new Range(range);
  return tags.filter((tag) => {
    const version = versionOf(tag);
    return version !== undefined && wanted.test(version);
  });
}

/** The highest versions among tags, so many of them; in the order that they came in. */
export function latestOf(tags: readonly string[], count: number): readonly string[] {
  const versions = tags.flatMap((tag) => {
    const version = versionOf(tag);
    return version === undefined ? [] : [{ tag, version }];
  });
  const best = new Set(
    versions
      .toSorted((a, b) => rcompare(a.version, b.version))
      .slice(0, count)
      .map(({ tag }) => tag),
  );
  return tags.filter((tag) => best.has(tag));
}
