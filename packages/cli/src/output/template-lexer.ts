import { TemplateError } from "./template-error.ts";

/** One word within `{{ }}`. */
export interface Token {
  readonly kind: "field" | "variable" | "word" | "string" | "number" | "sign";
  /** Of a string its value, without quotes; of a field or variable with its dot or dollar sign. */
  readonly text: string;
  /** Where it starts in the template. */
  readonly offset: number;
  /** Whether white space stands before it: `.a .b` are two operands, `.a.b` is one. */
  readonly spaced: boolean;
}

/** A piece of a template: text as it is, or the words of an action. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[]; readonly offset: number };

/** Characters of a template, at most. */
const MAX_TEMPLATE = 65_536;

const TOKEN =
  /(?<space>\s+)|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<variable>\$(?:[\p{L}_][\p{L}\p{N}_]*)?)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<number>-?\d+(?:\.\d+)?(?![\p{L}\p{N}_]))|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<sign>:=|[.()|,=])/uy;

/** Cuts a template into text and actions. `{{-` and `-}}` take the white space around them away; comments go. @throws {TemplateError} */
export function lexTemplate(template: string): readonly Piece[] {
  if (template.length > MAX_TEMPLATE) throw new TemplateError("go-template", MAX_TEMPLATE, `longer than ${MAX_TEMPLATE} characters`);
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at <= template.length) {
    const open = template.indexOf("{{", at);
    const text = template.slice(at, open < 0 ? undefined : open);
    const trimEnd = open >= 0 && /^-\s/.test(template.slice(open + 2, open + 4));
    const kept = trimEnd ? text.trimEnd() : text;
    const shown = trimNext ? kept.trimStart() : kept;
    if (shown !== "") pieces.push({ kind: "text", text: shown });
    if (open < 0) return pieces;
    const start = open + (trimEnd ? 3 : 2);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*(-?\}\})/.exec(template.slice(start));
    if (comment !== null) {
      at = start + comment[0].length;
      trimNext = comment[1] === "-}}";
      continue;
    }
    const { tokens, end } = lexAction(template, start, open);
    pieces.push({ kind: "action", tokens, offset: open });
    trimNext = template.startsWith("-}}", end);
    at = end + (trimNext ? 3 : 2);
  }
  return pieces;
}

function lexAction(template: string, start: number, open: number): { readonly tokens: readonly Token[]; readonly end: number } {
  const tokens: Token[] = [];
  let spaced = true;
  for (let at = start; at < template.length; ) {
    if (template.startsWith("}}", at) || (spaced && template.startsWith("-}}", at))) return { tokens, end: at };
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(template);
    if (match?.groups === undefined)
      throw new TemplateError("go-template", at, `cannot read ${JSON.stringify(template.slice(at, at + 10))}`);
    const [kind, text] = Object.entries(match.groups).find(([, value]) => value !== undefined) ?? [];
    if (text === undefined || kind === undefined) break;
    if (kind === "space") spaced = true;
    else {
      tokens.push(token(kind, text, at, spaced));
      spaced = false;
    }
    at += text.length;
  }
  throw new TemplateError("go-template", open, 'this "{{" has no "}}"');
}

function token(kind: string, text: string, offset: number, spaced: boolean): Token {
  switch (kind) {
    case "string":
      return { kind, text: unquote(text, offset), offset, spaced };
    case "field":
    case "variable":
    case "word":
    case "number":
      return { kind, text, offset, spaced };
    default:
      return { kind: "sign", text, offset, spaced };
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"', "'": "'" };

function unquote(text: string, offset: number): string {
  if (text.startsWith("`")) return text.slice(1, -1);
  return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/g, (whole, escape: string, at: number) => {
    if (escape.length > 1) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    const known = ESCAPES[escape];
    if (known === undefined) throw new TemplateError("go-template", offset + 1 + at, `unknown escape "${whole}"`);
    return known;
  });
}
