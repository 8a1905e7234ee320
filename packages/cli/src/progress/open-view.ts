import type { ProgressMode } from "../flags/shared-flags.ts";
import type { CommandIo, OutputStream } from "../io.ts";
import { terminalStyle } from "../output/terminal.ts";
import { createJsonView, createPlainView } from "./line-views.ts";
import { createTerminalView } from "./terminal-view.ts";
import { NO_PROGRESS, type ProgressView } from "./view.ts";

/** What decides how progress is shown. */
export interface OpenViewOptions {
  readonly io: CommandIo;
  readonly mode: ProgressMode;
  readonly quiet: boolean;
  /** Whether other lines go to standard error meanwhile: bars would be torn apart. */
  readonly isNoisy: boolean;
  /** Whether standard output takes the content itself, so that JSON lines have to go elsewhere. */
  readonly stdoutIsData: boolean;
}

/**
 * Opens a view of progress. `auto`: bars on a terminal, lines on one that cannot move its cursor, else nothing. All but JSON goes to
 * standard error; JSON goes to standard output, where the result is its last line.
 */
export function openView({ io, mode, quiet, isNoisy, stdoutIsData }: OpenViewOptions): ProgressView {
  const style = terminalStyle(io.stderr, io.env);
  switch (mode === "auto" ? autoMode(io.stderr, { quiet, canMove: style.canMove && !isNoisy }) : mode) {
    case "tty":
      return createTerminalView({ stream: io.stderr, style, signal: io.signal });
    case "plain":
      return createPlainView(io.stderr);
    case "json":
      return createJsonView(stdoutIsData ? io.stderr : io.stdout);
    default:
      return NO_PROGRESS;
  }
}

function autoMode(stderr: OutputStream, { quiet, canMove }: { readonly quiet: boolean; readonly canMove: boolean }): ProgressMode {
  if (quiet || stderr.isTTY !== true) return "none";
  return canMove ? "tty" : "plain";
}
