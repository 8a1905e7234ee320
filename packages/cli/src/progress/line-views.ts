import type { TransferEvent } from "@berth/transfer";
import { waitText } from "../connect/rate-watch.ts";
import type { OutputStream } from "../io.ts";
import { humanSize } from "../output/human.ts";
import { oneLine } from "../output/plain-text.ts";
import { TransferState } from "./transfer-state.ts";
import type { ProgressView } from "./view.ts";

/** Milliseconds between two lines about a piece that goes on. */
const PLAIN_MS = 5000;

/** Writes a line when a piece starts, ends or does something else, and now and then while it goes on. For logs: no control characters. */
export function createPlainView(stream: OutputStream, now: () => number = () => performance.now()): ProgressView {
  const state = new TransferState();
  const said = new Map<string, { readonly action: string; readonly at: number }>();
  let isOver = false;
  return {
    take(event) {
      if (isOver) return;
      state.take(event, now());
      const before = said.get(event.id);
      if (event.action === "waiting") return;
      if (!event.last && before?.action === event.action && now() - before.at < PLAIN_MS) return;
      said.set(event.id, { action: event.action, at: now() });
      stream.write(`${plainLine(event)}\n`);
    },
    tell(wait) {
      if (!isOver) stream.write(`${oneLine(waitText(wait))}\n`);
      return !isOver;
    },
    end() {
      if (isOver) return;
      isOver = true;
      const { count, done, moved } = state.totals(now());
      if (count > 1) stream.write(`${done} of ${count} done, ${humanSize(moved)} moved\n`);
    },
  };
}

function plainLine({ id, action, current, total, last, message }: TransferEvent): string {
  const size =
    total === 0
      ? current > 0
        ? humanSize(current)
        : ""
      : last || current === 0
        ? humanSize(total)
        : `${humanSize(current)} of ${humanSize(total)}`;
  return [oneLine(id), action, size, message === undefined ? "" : oneLine(message)].filter((part) => part !== "").join(" ");
}

/** Writes every event as one line of JSON, with `"type":"progress"`; that a registry asked to slow down with `"type":"wait"`. */
export function createJsonView(stream: OutputStream): ProgressView {
  let isOver = false;
  return {
    take(event) {
      if (!isOver) stream.write(`${JSON.stringify({ type: "progress", ...event })}\n`);
    },
    tell(wait) {
      if (!isOver) stream.write(`${JSON.stringify({ type: "wait", ...wait, message: waitText(wait) })}\n`);
      return !isOver;
    },
    end() {
      isOver = true;
    },
  };
}
