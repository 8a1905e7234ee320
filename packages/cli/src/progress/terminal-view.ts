import type { TransferEvent } from "@berth/transfer";
import { type RateWait, waitText } from "../connect/rate-watch.ts";
import type { OutputStream } from "../io.ts";
import { oneLine } from "../output/plain-text.ts";
import type { TerminalStyle } from "../output/terminal.ts";
import { itemLine, totalLine } from "./bar.ts";
import { type ItemState, TransferState } from "./transfer-state.ts";
import type { ProgressView } from "./view.ts";

/** Milliseconds between two drawings. */
const FRAME_MS = 80;
/** When the terminal does not say. */
const USUAL_COLUMNS = 80;
const USUAL_ROWS = 24;

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_BELOW = "\x1b[J";

/** Options of {@link createTerminalView}. */
export interface TerminalViewOptions {
  readonly stream: OutputStream;
  readonly style: TerminalStyle;
  /** When it is aborted the cursor comes back. */
  readonly signal: AbortSignal;
  /** Milliseconds, from a clock that never goes back. Default the process's. */
  readonly now?: () => number;
}

/**
 * Draws bars: one line for each piece that moves, a line for all of them below; pieces that are over scroll away above. Whatever ends the
 * process by itself, the cursor is shown again.
 */
export function createTerminalView(options: TerminalViewOptions): ProgressView {
  return new TerminalView(options);
}

class TerminalView implements ProgressView {
  readonly #stream: OutputStream;
  readonly #style: TerminalStyle;
  readonly #now: () => number;
  readonly #state = new TransferState();
  readonly #onExit = (): void => this.end();
  readonly #signal: AbortSignal;
  /** Pieces that are over and not shown yet. */
  readonly #over: ItemState[] = [];
  /** Lines that were said beside the pieces, and are not shown yet. */
  readonly #said: string[] = [];
  /** Lines on the screen that are drawn anew. */
  #drawn: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #started = false;

  constructor({ stream, style, signal, now = () => performance.now() }: TerminalViewOptions) {
    this.#stream = stream;
    this.#style = style;
    this.#now = now;
    this.#signal = signal;
  }

  take(event: TransferEvent): void {
    if (this.#isOver) return;
    this.#state.take(event, this.#now());
    if (event.last) this.#over.push(event);
    this.#drawSoon();
  }

  tell(wait: RateWait): boolean {
    if (this.#isOver) return false;
    this.#said.push(`! ${oneLine(waitText(wait))}`);
    this.#drawSoon();
    return true;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onExit);
    process.off("exit", this.#onExit);
    if (!this.#started) return;
    this.#draw();
    this.#stream.write(SHOW_CURSOR);
  }

  #drawSoon(): void {
    if (!this.#started) this.#start();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, FRAME_MS);
  }

  #start(): void {
    this.#started = true;
    this.#stream.write(HIDE_CURSOR);
    process.on("exit", this.#onExit);
    this.#signal.addEventListener("abort", this.#onExit);
  }

  #draw(): void {
    const columns = Math.max(20, this.#stream.columns ?? USUAL_COLUMNS);
    const width = columns - 1; // a character in the last column makes some terminals wrap
    const over = this.#said.splice(0).map((line) => line.slice(0, width));
    over.push(...this.#over.splice(0).map((item) => itemLine(item, width, this.#style)));
    const lines: string[] = [];
    const room = Math.max(1, (this.#stream.rows ?? USUAL_ROWS) - 3);
    let hidden = 0;
    for (const item of this.#state.items()) {
      if (item.last || item.action === "waiting") continue;
      if (lines.length < room && !this.#isOver) lines.push(itemLine(item, width, this.#style));
      else hidden++;
    }
    if (hidden > 0 && !this.#isOver) lines.push(`  and ${hidden} more`);
    const totals = this.#state.totals(this.#now());
    if (totals.count > 1 || !this.#isOver)
      lines.push(totalLine(this.#isOver ? { ...totals, etaSeconds: undefined } : totals, width, this.#style));
    this.#stream.write(`${this.#backToTop(columns)}${CLEAR_BELOW}${[...over, ...lines].map((line) => `${line}\n`).join("")}`);
    this.#drawn = lines;
  }

  /** Moves to the first line that was drawn. A terminal that became narrower has wrapped some of them. */
  #backToTop(columns: number): string {
    let rows = 0;
    for (const line of this.#drawn) rows += Math.max(1, Math.ceil(line.replace(/\x1b\[[0-9;]*m/g, "").length / columns));
    return rows === 0 ? "\r" : `\r\x1b[${rows}A`;
  }
}
