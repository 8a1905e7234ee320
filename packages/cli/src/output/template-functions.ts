/** What a function of templates is given beside its arguments. */
export interface TemplateWorld {
  /** The exact bytes that the data was read from, as text; absent: there are none. */
  readonly raw?: string;
}

/** A function of templates. What it throws is told with its place. */
export type TemplateFunction = (args: readonly unknown[], world: TemplateWorld) => unknown;

/** Names and values of an object; nothing for anything else. */
export function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** The value as Go prints it: a text as it is, what is missing as `<no value>`, objects as `map[a:1]`. */
export function printed(value: unknown): string {
  if (value === undefined || value === null) return "<no value>";
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (typeof value !== "object") return String(value as string | number | boolean);
  return `map[${membersOf(value)
    .map(([name, one]) => `${name}:${printed(one)}`)
    .join(" ")}]`;
}

/** Whether `if` takes the value for true: nothing, 0, empty texts, lists and objects are not. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return membersOf(value).length > 0;
  return Boolean(value);
}

/** The member of an object by its name, else by its name in other letters (`.MediaType` finds `mediaType`). */
export function memberOf(value: unknown, name: string): unknown {
  const members = membersOf(value);
  const lower = name.toLowerCase();
  const found = members.find(([key]) => key === name) ?? members.find(([key]) => key.toLowerCase() === lower);
  return found?.[1];
}

/** What may be called in a template, with what `berth help formats` says of it. */
export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ["json", ([value]) => JSON.stringify(value ?? null)],
  ["pretty", ([value]) => JSON.stringify(value ?? null, undefined, 2)],
  ["raw", (_, { raw }) => raw ?? fail("there are no raw bytes of this")],
  ["print", (args) => args.map(printed).join("")],
  ["println", (args) => `${args.map(printed).join(" ")}\n`],
  ["printf", ([format, ...values]) => printf(text(format), values)],
  ["len", ([value]) => lengthOf(value)],
  ["index", ([value, ...keys]) => keys.reduce(at, value)],
  [
    "join",
    ([list, separator]) =>
      listOf(list)
        .map(printed)
        .join(text(separator ?? " ")),
  ],
  ["split", ([value, separator]) => text(value).split(text(separator))],
  ["lower", ([value]) => text(value).toLowerCase()],
  ["upper", ([value]) => text(value).toUpperCase()],
  ["eq", ([value, ...others]) => others.some((other) => value === other)],
  ["ne", ([a, b]) => a !== b],
  ["lt", ([a, b]) => compare(a, b) < 0],
  ["le", ([a, b]) => compare(a, b) <= 0],
  ["gt", ([a, b]) => compare(a, b) > 0],
  ["ge", ([a, b]) => compare(a, b) >= 0],
  ["not", ([value]) => !isTrue(value)],
  ["and", (args) => args.find((value) => !isTrue(value)) ?? args.at(-1)],
  ["or", (args) => args.find(isTrue) ?? args.at(-1)],
]);

function fail(reason: string): never {
  throw new RangeError(reason);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : fail(`expected a text, got ${kindOf(value)}`);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : fail(`expected a list, got ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return { string: "a text", number: "a number", boolean: "true or false" }[String(typeof value)] ?? "an object";
}

function lengthOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? membersOf(value).length : fail(`cannot tell the length of ${kindOf(value)}`);
}

function at(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    if (typeof key !== "number" || !Number.isInteger(key)) fail(`expected the number of an item, got ${kindOf(key)}`);
    const list: readonly unknown[] = value;
    return key >= 0 && key < list.length ? list[key] : fail(`there is no item ${key} among ${list.length}`);
  }
  if (value === undefined || value === null) return undefined;
  return typeof key === "string" ? membersOf(value).find(([name]) => name === key)?.[1] : fail(`expected a name, got ${kindOf(key)}`);
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return fail(`cannot compare ${kindOf(a)} with ${kindOf(b)}`);
}

/** Characters that a `%10s` may fill up to. */
const MAX_WIDTH = 1000;

function printf(format: string, values: readonly unknown[]): string {
  let next = 0;
  const shown = format.replace(/%(-?)(\d*)(.?)/g, (whole, left: string, width: string, verb: string) => {
    if (verb === "%") return "%";
    if (next >= values.length) fail(`"${whole}" has no value`);
    const value = verbed(verb, values[next++]);
    const size = Math.min(Number(width), MAX_WIDTH);
    return left === "-" ? value.padEnd(size) : value.padStart(size);
  });
  return next < values.length ? fail(`${values.length - next} values more than the format shows`) : shown;
}

function verbed(verb: string, value: unknown): string {
  switch (verb) {
    case "s":
    case "v":
      return printed(value);
    case "q":
      return JSON.stringify(printed(value));
    case "d":
      return typeof value === "number" ? String(Math.trunc(value)) : fail(`"%d" needs a number, got ${kindOf(value)}`);
    default:
      return fail(`unknown verb "%${verb}", expected %s, %d, %v, %q or %%`);
  }
}
