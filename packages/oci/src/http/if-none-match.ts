import { fieldValues, type HeaderFields, Scanner } from "./scanner.ts";

/** An entity tag without its quotes. */
export interface EntityTag {
  readonly weak: boolean;
  /** What stood between the quotes. */
  readonly value: string;
}

/**
 * Parses the entity tags of `If-None-Match` or `If-Match`. Unquoted words count as strong tags: old clients send bare digests.
 * Gives `"*"` for any content.
 *
 * @see RFC 9110, section 13.1.2
 */
export function parseEntityTags(fields: HeaderFields): readonly EntityTag[] | "*" {
  const tags: EntityTag[] = [];
  for (const value of fieldValues(fields)) {
    if (value.trim() === "*") return "*";
    const scanner = new Scanner(value);
    for (scanner.skipSeparators(); !scanner.done; scanner.skipSeparators()) {
      const tag = takeTag(scanner);
      if (tag === undefined) break;
      tags.push(tag);
    }
  }
  return tags;
}

function takeTag(scanner: Scanner): EntityTag | undefined {
  const weak = scanner.text.startsWith('W/"', scanner.position);
  if (weak) scanner.position += 2;
  if (!scanner.take('"')) {
    const value = scanner.takeWhile((c) => c > 0x20 && c !== 0x2c && c !== 0x22);
    return value === "" ? undefined : { weak: false, value };
  }
  const value = scanner.takeWhile((c) => c !== 0x22); // entity tags know no escapes
  return scanner.take('"') ? { weak, value } : undefined;
}

/** True when the header names content whose entity tag is the quoted `digest`, so that 304 is the answer. Comparison is weak. */
export function matchesIfNoneMatch(fields: HeaderFields, digest: string): boolean {
  const tags = parseEntityTags(fields);
  return tags === "*" || tags.some((tag) => tag.value === digest);
}

/** Writes the entity tag of content: its digest in quotes. */
export function formatEntityTag(digest: string): string {
  return `"${digest}"`;
}
