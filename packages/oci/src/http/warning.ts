/** A warning of the registry to the people behind the client. */
export interface Warning {
  /** Always 299: what the distribution-spec knows. */
  readonly code: 299;
  /** Always `-`: the registry does not say who it is. */
  readonly agent: "-";
  /** For people, its escapes undone. */
  readonly text: string;
}

/** Characters of all warnings of one answer, at most. @see OCI distribution-spec, "Warnings" */
export const MAX_WARNINGS_LENGTH = 4096;

const PREFIX = '299 - "';
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/**
 * Parses one `Warning` value of the one form that the distribution-spec allows: `299 - "text"`. Everything else is undefined
 * and to be ignored. Escapes in the text are those of C.
 */
export function parseWarning(value: string): Warning | undefined {
  if (value.length > MAX_WARNINGS_LENGTH || !value.startsWith(PREFIX) || !value.endsWith('"') || value.length <= PREFIX.length + 1)
    return undefined;
  const text = unescape(value.slice(PREFIX.length, -1));
  return text === undefined || text === "" ? undefined : { code: 299, agent: "-", text };
}

/** Writes one `Warning` value. */
export function formatWarning(text: string): string {
  const escaped = text.replace(/["\\]|[^\x20-\x7e]/gu, (c) => (c === '"' || c === "\\" ? `\\${c}` : escapeCodePoint(c)));
  return `${PREFIX}${escaped}"`;
}

/** Writes the warnings of one answer. Those that would pass {@link MAX_WARNINGS_LENGTH} together are left out, last first. */
export function formatWarnings(texts: Iterable<string>): readonly string[] {
  const values: string[] = [];
  let length = 0;
  for (const text of texts) {
    const value = formatWarning(text);
    length += value.length;
    if (length > MAX_WARNINGS_LENGTH) break;
    values.push(value);
  }
  return values;
}

function unescape(text: string): string | undefined {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '"' || c === "\n") return undefined;
    if (c !== "\\") {
      out += c;
      continue;
    }
    const escape = readEscape(text, i + 1);
    if (escape === undefined) return undefined;
    out += escape.value;
    i += escape.length;
  }
  return out;
}

/** Reads what follows a backslash at `at`. */
function readEscape(text: string, at: number): { readonly value: string; readonly length: number } | undefined {
  const c = text.charAt(at);
  const simple = Object.hasOwn(SIMPLE_ESCAPES, c) ? SIMPLE_ESCAPES[c] : undefined;
  if (simple !== undefined) return { value: simple, length: 1 };
  if (c === "x") return readNumber(text.slice(at + 1, at + 3), 2, 16, 1);
  if (c === "u") return readNumber(text.slice(at + 1, at + 5), 4, 16, 1);
  if (c === "U") return readNumber(text.slice(at + 1, at + 9), 8, 16, 1);
  return readNumber(text.slice(at, at + 3), 3, 8, 0);
}

function readNumber(
  digits: string,
  count: number,
  radix: 8 | 16,
  lead: number,
): { readonly value: string; readonly length: number } | undefined {
  const grammar = radix === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/;
  if (digits.length !== count || !grammar.test(digits)) return undefined;
  const code = Number.parseInt(digits, radix);
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code > 0x10ffff || surrogate || (radix === 8 && code > 0xff)) return undefined;
  return { value: String.fromCodePoint(code), length: count + lead };
}

function escapeCodePoint(c: string): string {
  const code = c.codePointAt(0) ?? 0;
  if (code >= 0xd800 && code <= 0xdfff) return "\\ufffd"; // half of a pair: not a character
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
