/** Header fields longer than this are not looked at. Node's own limit for all fields together is 16 KiB. */
export const MAX_HEADER_LENGTH = 16_384;

/** Reads the tokens that header grammars are made of, front to back, each character once. @see RFC 9110, section 5.6 */
export class Scanner {
  /** All of it, read or not. */
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** True when nothing is left. */
  get done(): boolean {
    return this.position >= this.text.length;
  }

  /** The next character, or "" at the end. */
  get next(): string {
    return this.text.charAt(this.position);
  }

  /** Moves past spaces and tabs; true when there were any. */
  skipSpace(): boolean {
    const start = this.position;
    while (this.next === " " || this.next === "\t") this.position++;
    return this.position > start;
  }

  /** Moves past spaces, tabs and commas: what stands between list elements, empty ones included. */
  skipSeparators(): void {
    while (this.next === " " || this.next === "\t" || this.next === ",") this.position++;
  }

  /** Moves past `character` when it comes next. */
  take(character: string): boolean {
    if (this.next !== character) return false;
    this.position++;
    return true;
  }

  /** Characters while `accept` holds; "" when the first one fails. */
  takeWhile(accept: (code: number) => boolean): string {
    const start = this.position;
    while (this.position < this.text.length && accept(this.text.charCodeAt(this.position))) this.position++;
    return this.text.slice(start, this.position);
  }

  /** A token; "" when there is none. */
  takeToken(): string {
    return this.takeWhile(isTokenCode);
  }

  /** The content of a quoted string, unescaped; undefined when there is none or it does not end (the position stays then). */
  takeQuoted(): string | undefined {
    if (this.next !== '"') return undefined;
    const pieces: string[] = [];
    let from = this.position + 1;
    for (let i = from; i < this.text.length; i++) {
      const c = this.text.charAt(i);
      if (c === '"') {
        this.position = i + 1;
        pieces.push(this.text.slice(from, i));
        return pieces.join("");
      }
      if (c !== "\\") continue;
      pieces.push(this.text.slice(from, i));
      from = ++i; // the escaped character starts the next piece, whatever it is
    }
    return undefined;
  }
}

/** True for the characters of a token. @see RFC 9110, section 5.6.2 */
export function isTokenCode(c: number): boolean {
  if ((c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39)) return true;
  return TOKEN_PUNCTUATION.includes(String.fromCharCode(c));
}

const TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";

/** A header field as Node and undici give it: absent, one value, or several. */
export type HeaderFields = string | readonly string[] | undefined;

/** The single values of a header field; values over {@link MAX_HEADER_LENGTH} are left out. */
export function fieldValues(fields: HeaderFields): readonly string[] {
  if (fields === undefined) return [];
  const list = typeof fields === "string" ? [fields] : fields;
  return list.filter((value) => value.length <= MAX_HEADER_LENGTH);
}

/** A whole number of ASCII digits. Undefined when it is none; over 2^53 - 1 it is Infinity. */
export function parseDigits(text: string): number | undefined {
  if (text === "") return undefined;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x30 || c > 0x39) return undefined;
  }
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
}
