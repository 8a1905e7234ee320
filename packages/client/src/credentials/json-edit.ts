import { type JsonMember, type JsonObject, objectAt, scanJsonObject } from "./json-text.ts";

/** How members of a text are set apart: a line break and one more `unit` a level, or nothing. */
interface Layout {
  readonly unit: string;
  readonly newline: string;
}

/**
 * Sets one member, making the objects around it where they are missing, and leaves every other byte of the text as it is: what other
 * tools keep in the file survives, to the last digit of its numbers. New members are laid out as the ones that are there.
 *
 * @throws {JsonTextError} when the text is no JSON object.
 */
export function setJsonMember(text: string, path: readonly string[], value: unknown): string {
  const root = scanJsonObject(text);
  return setIn(text, root, path, value, layoutOf(text, root), 1);
}

/** Removes one member, with its comma; a member that is not there changes nothing. @throws {JsonTextError} */
export function removeJsonMember(text: string, path: readonly string[]): string {
  let object: JsonObject | undefined = scanJsonObject(text);
  for (const [index, key] of path.entries()) {
    const position: number = object.members.findLastIndex((member) => member.key === key);
    const member = object.members[position];
    if (member === undefined) return text;
    // A name may stand twice: the last one counts, so that an earlier one must not come to light.
    if (index === path.length - 1) return removeJsonMember(cut(text, object, position), path);
    object = objectAt(text, member.start);
    if (object === undefined) return text;
  }
  return text;
}

function cut(text: string, object: JsonObject, position: number): string {
  const before = object.members[position - 1];
  const after = object.members[position + 1];
  const member = object.members[position];
  if (member === undefined) return text;
  if (before !== undefined) return text.slice(0, before.end) + text.slice(member.end);
  if (after !== undefined) return text.slice(0, member.keyStart) + text.slice(after.keyStart);
  return text.slice(0, object.start + 1) + text.slice(object.end - 1);
}

function setIn(text: string, object: JsonObject, path: readonly string[], value: unknown, layout: Layout, level: number): string {
  const [key = "", ...rest] = path;
  const member = object.members.findLast((one) => one.key === key);
  if (member !== undefined && rest.length > 0) {
    const inner = objectAt(text, member.start);
    if (inner !== undefined) return setIn(text, inner, rest, value, layout, level + 1);
  }
  const whole = rest.reduceRight((inside, name) => ({ [name]: inside }), value);
  const written = print(whole, layout, level);
  if (member !== undefined) return text.slice(0, member.start) + written + text.slice(member.end);
  return insert(text, object, `${JSON.stringify(key)}:${layout.newline === "" ? "" : " "}${written}`, layout, level);
}

function insert(text: string, object: JsonObject, member: string, layout: Layout, level: number): string {
  const last = object.members.at(-1);
  if (last !== undefined) return `${text.slice(0, last.end)},${leadOf(text, object, last)}${member}${text.slice(last.end)}`;
  const inner = layout.newline + layout.unit.repeat(level);
  const outer = layout.newline + layout.unit.repeat(level - 1);
  return `${text.slice(0, object.start + 1)}${inner}${member}${outer}${text.slice(object.end - 1)}`;
}

/** The space that stands before a member. */
function leadOf(text: string, object: JsonObject, member: JsonMember): string {
  return /[ \t\r\n]*$/.exec(text.slice(object.start + 1, member.keyStart))?.[0] ?? "";
}

function layoutOf(text: string, root: JsonObject): Layout {
  const first = root.members[0];
  if (first === undefined) return { unit: "\t", newline: "\n" };
  const lead = leadOf(text, root, first);
  const newline = /\r?\n/.exec(lead)?.[0] ?? "";
  return { unit: newline === "" ? "" : lead.slice(lead.lastIndexOf("\n") + 1), newline };
}

function print(value: unknown, { unit, newline }: Layout, level: number): string {
  return JSON.stringify(value, null, newline === "" ? "" : unit).replaceAll("\n", newline + unit.repeat(level));
}
