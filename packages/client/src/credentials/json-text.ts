const MAX_DEPTH = 100;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** One member of an object in a JSON text, by offsets. */
export interface JsonMember {
  /** Its name, the escapes undone. */
  readonly key: string;
  /** The quote that opens the key. */
  readonly keyStart: number;
  /** The value's first character. */
  readonly start: number;
  /** Behind the value's last character. */
  readonly end: number;
}

/** An object in a JSON text, by offsets. */
export interface JsonObject {
  readonly members: readonly JsonMember[];
  /** Its opening brace. */
  readonly start: number;
  /** Behind its closing brace. */
  readonly end: number;
}

/** A text is no JSON. Unlike the error of `JSON.parse`, the message holds nothing of the text. */
export class JsonTextError extends SyntaxError {
  /** UTF-16 units before the place where something else was expected. */
  readonly offset: number;

  constructor(offset: number, wanted: string) {
    super(`expected ${wanted}`);
    this.offset = offset;
  }
}

/** Checks that a text is one JSON object and finds its members. @throws {JsonTextError} */
export function scanJsonObject(text: string): JsonObject {
  const start = afterSpace(text, 0);
  if (text[start] !== "{") throw new JsonTextError(start, "an object");
  const object = scanObject(text, start, 0);
  const end = afterSpace(text, object.end);
  if (end !== text.length) throw new JsonTextError(end, "the end of the text");
  return object;
}

/** Finds the members of the object that begins at an offset of a text that was checked before. Undefined when none begins there. */
export function objectAt(text: string, start: number): JsonObject | undefined {
  return text[start] === "{" ? scanObject(text, start, 0) : undefined;
}

function scanObject(text: string, start: number, depth: number): JsonObject {
  const members: JsonMember[] = [];
  let at = afterSpace(text, start + 1);
  if (text[at] === "}") return { members, start, end: at + 1 };
  for (;;) {
    const keyStart = at;
    const keyEnd = scanString(text, at, "a quoted name");
    const colon = expectCharacter(text, afterSpace(text, keyEnd), ":");
    const valueStart = afterSpace(text, colon);
    const end = scanValue(text, valueStart, depth + 1);
    members.push({ key: String(JSON.parse(text.slice(keyStart, keyEnd))), keyStart, start: valueStart, end });
    at = afterSpace(text, end);
    if (text[at] === "}") return { members, start, end: at + 1 };
    at = afterSpace(text, expectCharacter(text, at, ",", "a comma or a closing brace"));
  }
}

function scanValue(text: string, at: number, depth: number): number {
  if (depth > MAX_DEPTH) throw new JsonTextError(at, `at most ${MAX_DEPTH} levels`);
  const first = text[at];
  if (first === "{") return scanObject(text, at, depth).end;
  if (first === "[") return scanArray(text, at, depth);
  if (first === '"') return scanString(text, at, "a string");
  return matchAt(NUMBER, text, at) ?? matchAt(LITERAL, text, at) ?? fail(at, "a value");
}

function scanArray(text: string, start: number, depth: number): number {
  let at = afterSpace(text, start + 1);
  if (text[at] === "]") return at + 1;
  for (;;) {
    at = afterSpace(text, scanValue(text, at, depth + 1));
    if (text[at] === "]") return at + 1;
    at = afterSpace(text, expectCharacter(text, at, ",", "a comma or a closing bracket"));
  }
}

function scanString(text: string, start: number, wanted: string): number {
  let at = expectCharacter(text, start, '"', wanted);
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === 0x22) return at + 1;
    if (c < 0x20) return fail(at, "no control character in a string");
    if (c === 0x5c) at = (matchAt(ESCAPE, text, at) ?? fail(at, "an escape sequence")) - 1;
  }
  return fail(at, "the end of a string");
}

function matchAt(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function expectCharacter(text: string, at: number, character: string, wanted = `"${character}"`): number {
  return text[at] === character ? at + 1 : fail(at, wanted);
}

function afterSpace(text: string, at: number): number {
  let end = at;
  while (end < text.length && " \t\n\r".includes(text.charAt(end))) end++;
  return end;
}

function fail(at: number, wanted: string): never {
  throw new JsonTextError(at, wanted);
}
