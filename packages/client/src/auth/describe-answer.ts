import { oneLine, plainText, textOf } from "../transport/plain-text.ts";
import { REDACTED } from "../transport/redact.ts";

/** Characters that are shown. */
const MAX_WORDS = 100;
/** Bytes that are looked at for them. */
const MAX_LOOKED_AT = 4096;
/** Keys of an object that are named. */
const MAX_KEYS = 5;

/**
 * What a token server answered instead of a token, in words that fit behind a colon: `text/html, "Sign in to our network"`. Values of JSON
 * are not shown, nor words so long that they could be tokens.
 */
export function describeAnswer(body: Uint8Array, contentType: string | undefined): string {
  const type = oneLine(contentType ?? "").slice(0, MAX_WORDS) || "no content type";
  if (body.byteLength === 0) return `${type}, nothing in it`;
  const json = shapeOf(body);
  if (json !== undefined) return `${type}, ${json}`;
  const text = textOf(body, MAX_LOOKED_AT);
  if (text === undefined) return `${type}, ${body.byteLength} bytes that are no text`;
  const words = oneLine(withoutTags(text)).replace(/\S{24,}/g, REDACTED);
  if (words === "") return `${type}, no words`;
  return `${type}, "${words.length <= MAX_WORDS ? words : `${words.slice(0, MAX_WORDS)}...`}"`;
}

/** Undefined: no JSON. */
function shapeOf(body: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (Array.isArray(value)) return "a list";
    if (typeof value !== "object" || value === null) return `JSON that is ${value === null ? "null" : `a ${typeof value}`}`;
    const keys = Object.keys(value);
    const names = keys.slice(0, MAX_KEYS).map((key) => `"${plainText(key).slice(0, 24)}"`);
    return keys.length === 0 ? "an empty object" : `an object with ${names.join(", ")}${keys.length > MAX_KEYS ? ", ..." : ""}`;
  } catch {
    return undefined; // it is looked at as text
  }
}

/** What people would read of a page. */
function withoutTags(text: string): string {
  return text
    .replace(/<(script|style)\b[^]*?(?:<\/\1>|$)/gi, " ")
    .replace(/<!--[^]*?(?:-->|$)/g, " ")
    .replace(/<[^>]*(?:>|$)/g, " ");
}
