import { humanSeconds, humanSize } from "../output/human.ts";
import { oneLine } from "../output/plain-text.ts";
import type { TerminalStyle } from "../output/terminal.ts";
import type { ItemState, TransferTotals } from "./transfer-state.ts";

/** Characters of a bar, at most. */
const MAX_BAR = 30;

/** One line about one piece, no wider than `width` characters: `3b4f1c2d9e0a  downloading  ━━━━━  27.5 MB / 61.2 MB`. */
export function itemLine(item: ItemState, width: number, style: TerminalStyle): string {
  const { id, action, current, total, message } = item;
  const head = `${oneLine(id).slice(0, 32).padEnd(12)}  ${action.padEnd(11)}`;
  if (item.last) return fit(`${mark(item, style)} ${head}  ${tailOf(item)}`, width);
  const figures = figuresOf(item, width - head.length - 4);
  const room = Math.min(MAX_BAR, width - head.length - figures.length - (style.hasUnicode ? 6 : 8));
  const bar = total > 0 && room >= 5 ? `  ${barOf(current / total, room, style)}` : "";
  const tail = [figures, message === undefined ? "" : oneLine(message)].filter((part) => part !== "").join("  ");
  return fit(`  ${head}`, width) + bar + fit(`  ${tail}`, width - Math.min(width, head.length + 2) - visible(bar));
}

/** The line about everything. */
export function totalLine(totals: TransferTotals, width: number, style: TerminalStyle): string {
  const { done, count, current, total, rate, etaSeconds } = totals;
  const parts = [`${done} of ${count} done`];
  if (total > 0) parts.push(`${humanSize(current)} of ${humanSize(total)}`);
  if (rate > 0) parts.push(`${humanSize(rate)}/s`);
  if (etaSeconds !== undefined) parts.push(`${humanSeconds(etaSeconds)} left`);
  const separator = style.hasUnicode ? " · " : ", ";
  while (parts.length > 1 && parts.join(separator).length > width) parts.pop();
  return fit(parts.join(separator), width);
}

/** How far it came, in as many characters as there are. */
function figuresOf({ current, total }: ItemState, room: number): string {
  if (total === 0) return current > 0 ? humanSize(current) : "";
  const whole = `${humanSize(current).padStart(7)} / ${humanSize(total)}`;
  return whole.length <= room ? whole : `${Math.floor((current / total) * 100)}%`.padStart(4);
}

function tailOf({ action, current, total, message: said }: ItemState): string {
  const size = Math.max(current, total);
  const message = action === "tagged" ? undefined : said; // the digest is what is printed in the end
  return [size > 0 && action !== "failed" ? humanSize(size) : "", message === undefined ? "" : oneLine(message)]
    .filter((one) => one !== "")
    .join("  ");
}

function mark({ action }: ItemState, { hasUnicode, hasColor }: TerminalStyle): string {
  const failed = action === "failed";
  const sign = failed ? (hasUnicode ? "✗" : "!") : hasUnicode ? "✓" : "+";
  return hasColor ? `\x1b[${failed ? 31 : 32}m${sign}\x1b[39m` : sign;
}

function barOf(share: number, width: number, { hasUnicode, hasColor }: TerminalStyle): string {
  const filled = Math.min(width, Math.max(0, Math.floor(share * width)));
  const full = (hasUnicode ? "━" : "=").repeat(filled);
  const rest = (hasUnicode ? (hasColor ? "━" : "─") : "-").repeat(width - filled);
  return hasColor ? `\x1b[36m${full}\x1b[39m\x1b[90m${rest}\x1b[39m` : hasUnicode ? full + rest : `[${full}${rest}]`;
}

/** Characters that a line takes on the screen. */
function visible(line: string): number {
  return line.replace(/\x1b\[[0-9;]*m/g, "").length;
}

/** Cuts a line that is too wide; what colors it stays. */
function fit(line: string, width: number): string {
  let room = Math.max(0, width);
  let shown = "";
  for (const [piece] of line.matchAll(/\x1b\[[0-9;]*m|[\s\S]/gu)) {
    const isColor = piece.startsWith("\x1b");
    if (!isColor && room === 0) continue;
    if (!isColor) room--;
    shown += piece;
  }
  return shown;
}
