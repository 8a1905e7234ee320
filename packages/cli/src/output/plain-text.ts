/**
 * Text that somebody else chose, as it may stand on a terminal: control characters, which move the cursor or worse, and characters that turn
 * the direction of writing are replaced.
 */
export function plainText(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** {@link plainText} on one line. */
export function oneLine(text: string): string {
  return plainText(text.replace(/\s+/g, " ").trim());
}
