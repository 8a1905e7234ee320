/** What paints on a terminal: whole sequences of control, and single characters, those that turn the direction of writing too. */
const UNPRINTABLE = /\x1b\[[0-?]*[ -/]*[@-~]|[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/** Text that others wrote, without what would paint on a terminal or turn the direction of writing: blanks stand in its place. */
export function plainText(text: string): string {
  return text.replace(UNPRINTABLE, " ");
}

/** {@link plainText} with single blanks between its words. */
export function oneLine(text: string): string {
  return plainText(text).replace(/\s+/g, " ").trim();
}

/** The start of a body as text, as it came, not cleaned. Undefined when it is none. */
export function textOf(body: Uint8Array, maxBytes: number): string | undefined {
  const text = new TextDecoder().decode(body.subarray(0, maxBytes), { stream: true }); // drops the half of a character at the cut
  return /[\0\ufffd]/.test(text) ? undefined : text;
}
