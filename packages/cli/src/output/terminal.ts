import type { CommandIo, OutputStream } from "../io.ts";

/** What a terminal can show. */
export interface TerminalStyle {
  /** Whether the cursor can be moved: lines can be drawn anew. */
  readonly canMove: boolean;
  readonly hasColor: boolean;
  /** Whether more than ASCII can be shown. */
  readonly hasUnicode: boolean;
}

/** Whether the user's language says that more than ASCII is understood. */
export function speaksUnicode(env: CommandIo["env"]): boolean {
  return /utf-?8/i.test(env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "");
}

/** Tells what a stream can show. @see https://no-color.org */
export function terminalStyle(stream: OutputStream, env: CommandIo["env"]): TerminalStyle {
  const canMove = stream.isTTY === true && env["TERM"] !== "dumb";
  return { canMove, hasColor: canMove && !env["NO_COLOR"], hasUnicode: canMove && speaksUnicode(env) };
}
