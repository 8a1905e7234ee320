import { TemplateError } from "./template-error.ts";
import { memberOf, membersOf } from "./template-functions.ts";

/** Characters of a path, at most. */
const MAX_PATH = 4096;
/** Values that one path may find, at most. */
const MAX_FOUND = 1_000_000;

/** Finds values in data. */
export type JsonPath = (data: unknown) => readonly unknown[];

/** One step: from each value to the ones below it that are meant. */
type Step = (value: unknown) => readonly unknown[];

const STEP =
  /\.\.(?<deep>[\p{L}_][\p{L}\p{N}_-]*)|\.(?<name>[\p{L}_][\p{L}\p{N}_-]*)|(?<all>\.\*|\[\*\])|\[(?<index>-?\d{1,9})\]|\[(?<from>-?\d{0,9}):(?<to>-?\d{0,9})\]|\[(?:'(?<single>[^']*)'|"(?<double>[^"]*)")\]|\[\?\(@\.(?<key>[\p{L}_][\p{L}\p{N}_.-]*)\s*(?<sign>==|!=)\s*(?:'(?<text>[^']*)'|"(?<quoted>[^"]*)"|(?<number>-?\d+(?:\.\d+)?))\)\]/uy;

/**
 * Reads a path: `$.layers[0].digest`, `.manifests[*].platform.os`, `..digest`, `.annotations['a.b/c']`, `.layers[-1]`, `[0:2]`,
 * `.manifests[?(@.mediaType=="x")]`. The dollar sign may be left out, and so may `{` and `}` around the whole.
 *
 * @throws {TemplateError}
 */
export function compileJsonPath(path: string): JsonPath {
  const braced = /^\{([\s\S]*)\}$/.exec(path);
  const inner = braced?.[1] ?? path;
  const shift = braced === null ? 0 : 1;
  if (path.length > MAX_PATH) throw new TemplateError("jsonpath", MAX_PATH, `longer than ${MAX_PATH} characters`);
  const steps: Step[] = [];
  let at = inner.startsWith("$") ? 1 : 0;
  if (inner === ".") at = 1;
  while (at < inner.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(inner);
    if (match?.groups === undefined) throw new TemplateError("jsonpath", at + shift, `cannot read "${inner.slice(at, at + 20)}"`);
    steps.push(stepOf(match.groups));
    at += match[0].length;
  }
  return (data) =>
    steps.reduce<readonly unknown[]>(
      (found, step) => {
        const next = found.flatMap(step);
        if (next.length > MAX_FOUND) throw new TemplateError("jsonpath", 0, `finds more than ${MAX_FOUND} values`);
        return next;
      },
      [data],
    );
}

function stepOf(groups: Readonly<Record<string, string | undefined>>): Step {
  const { deep, all, index, from, to, key } = groups;
  const name = groups["name"] ?? groups["single"] ?? groups["double"];
  if (deep !== undefined) return (value) => everywhere(value).flatMap((one) => present(memberOf(one, deep)));
  if (name !== undefined) return (value) => present(memberOf(value, name));
  if (all !== undefined) return children;
  if (index !== undefined) return (value) => (Array.isArray(value) ? present(value.at(Number(index))) : []);
  if (key !== undefined) return (value) => children(value).filter((one) => matches(one, key, groups));
  return (value) => listOf(value).slice(from ? Number(from) : 0, to ? Number(to) : undefined);
}

function matches(value: unknown, key: string, { sign, text, quoted, number }: Readonly<Record<string, string | undefined>>): boolean {
  const found = key.split(".").reduce(memberOf, value);
  const wanted = number === undefined ? (text ?? quoted) : Number(number);
  return (found === wanted) === (sign === "==");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function present(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value];
}

function children(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : membersOf(value).map(([, one]) => one);
}

function everywhere(value: unknown): readonly unknown[] {
  const all: unknown[] = [value];
  for (let at = 0; at < all.length && all.length < MAX_FOUND; at++) all.push(...children(all[at]));
  return all;
}
