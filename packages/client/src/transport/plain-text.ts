/** Text that others wrote, without what would paint on a terminal or turn the direction of writing: blanks stand in its place. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}
