import { expect, test, vi } from "vitest";
import { fakeIo } from "../testing/fake-io.ts";
import { itemLine, totalLine } from "./bar.ts";
import { createJsonView, createPlainView } from "./line-views.ts";
import { openView } from "./open-view.ts";
import { createTerminalView } from "./terminal-view.ts";
import { TransferState } from "./transfer-state.ts";

const ASCII = { canMove: true, hasColor: false, hasUnicode: false };
const FULL = { canMove: true, hasColor: true, hasUnicode: true };
const EVENT = { id: "0123456789ab", action: "downloading", current: 0, total: 1000, last: false } as const;

test("the state sums up what moved, what was there does not count, and the rate is that of late", () => {
  const state = new TransferState();
  state.take({ ...EVENT, id: "a", current: 0 }, 0);
  state.take({ ...EVENT, id: "b", action: "exists", current: 500, total: 500, last: true }, 0);
  state.take({ ...EVENT, id: "v1", action: "tagged", current: 0, total: 0, last: true }, 0);
  state.take({ ...EVENT, id: "a", current: 500, moved: 100 }, 1000); // 400 were there
  expect(state.totals(1000)).toEqual({ done: 1, count: 2, failed: 0, current: 500, total: 1000, moved: 100, rate: 100, etaSeconds: 5 });
  state.take({ ...EVENT, id: "a", action: "failed", current: 500, last: true, message: "no" }, 2000);
  expect(state.totals(2000)).toMatchObject({ done: 2, failed: 1 });
});

test("what the first event brings counts for the rate: nobody is told of hours", () => {
  const state = new TransferState();
  state.take({ ...EVENT, current: 500, moved: 500 }, 0);
  state.take({ ...EVENT, id: "b", total: 2, current: 2, moved: 2, last: true }, 500);
  expect(state.totals(1000)).toMatchObject({ rate: 502, etaSeconds: 500 / 502 });
});

test("lines fit the terminal, whatever its width, and what others wrote cannot break them", () => {
  expect(itemLine({ ...EVENT, current: 500 }, 80, ASCII)).toBe(
    "  0123456789ab  downloading  [===============---------------]    500 B / 1.0 kB".slice(0, 80),
  );
  for (const style of [ASCII, FULL]) {
    for (const width of [1, 10, 20, 33, 40, 60, 79, 200]) {
      for (const item of [
        EVENT,
        { ...EVENT, current: 999, message: "again in 5 s\x1b[2J" },
        { ...EVENT, total: 0, current: 5 },
        { ...EVENT, last: true, action: "done" as const },
      ]) {
        const line = itemLine(item, width, style);
        expect(line).not.toContain("\x1b[2J");
        expect(line.replace(/\x1b\[\d+m/g, "").length, `${width} ${line}`).toBeLessThanOrEqual(width);
      }
    }
  }
  const totals = { done: 1, count: 3, failed: 0, current: 500, total: 1500, moved: 500, rate: 100, etaSeconds: 10 };
  expect(totalLine(totals, 80, ASCII)).toBe("1 of 3 done, 500 B of 1.5 kB, 100 B/s, 10 s left");
});

test("bars are drawn in place, what is over scrolls away, and the cursor comes back", () => {
  vi.useFakeTimers();
  try {
    const fake = fakeIo({ terminal: { columns: 60, rows: 10 } });
    const view = createTerminalView({ stream: fake.io.stderr, style: ASCII, signal: fake.io.signal, now: () => Date.now() });
    view.take(EVENT);
    view.take({ ...EVENT, id: "second" });
    vi.advanceTimersByTime(100);
    const first = fake.stderr();
    expect(first.startsWith("\x1b[?25l\r\x1b[J")).toBe(true);
    expect(first.split("\n")).toHaveLength(4);
    view.take({ ...EVENT, action: "done", current: 1000, last: true });
    vi.advanceTimersByTime(100);
    expect(fake.stderr().slice(first.length)).toMatch(/^\r\x1b\[3A\x1b\[J\+ 0123456789ab {2}done {9}1\.0 kB\n {2}second/);
    view.end();
    view.end();
    view.take(EVENT);
    vi.advanceTimersByTime(1000);
    expect(fake.stderr().endsWith("\x1b[?25h")).toBe(true);
    expect(fake.stderr().match(/\x1b\[\?25h/g)).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});

test("many pieces do not fill more than the screen, and Ctrl-C brings the cursor back", () => {
  vi.useFakeTimers();
  try {
    const stop = new AbortController();
    const fake = fakeIo({ terminal: { columns: 60, rows: 10 }, signal: stop.signal });
    const view = createTerminalView({ stream: fake.io.stderr, style: FULL, signal: stop.signal, now: () => Date.now() });
    for (let at = 0; at < 40; at++) view.take({ ...EVENT, id: `blob${at}` });
    vi.advanceTimersByTime(100);
    expect(fake.stderr().split("\n").length).toBeLessThanOrEqual(10);
    expect(fake.stderr()).toContain("and 33 more");
    stop.abort();
    expect(fake.stderr().endsWith("\x1b[?25h")).toBe(true);
    expect(process.listenerCount("exit")).toBeLessThan(10);
  } finally {
    vi.useRealTimers();
  }
});

test("that a registry asked to slow down is told above the bars, as a line, as JSON; not after the end", () => {
  vi.useFakeTimers();
  try {
    const wait = { registry: "docker.io\x1b[2J", delayMs: 30_000, status: 429 };
    const fake = fakeIo({ terminal: { columns: 40, rows: 10 } });
    const tty = createTerminalView({ stream: fake.io.stderr, style: ASCII, signal: fake.io.signal, now: () => Date.now() });
    tty.take(EVENT);
    expect(tty.tell(wait)).toBe(true);
    vi.advanceTimersByTime(100);
    expect(fake.stderr()).toContain("\n  0123456789ab");
    expect(fake.stderr()).toContain("! docker.io\ufffd[2J asks to slow down (429)\n");
    const lines = fakeIo();
    const plain = createPlainView(lines.io.stderr);
    expect(plain.tell(wait)).toBe(true);
    expect(lines.stderr()).toBe("docker.io\ufffd[2J asks to slow down (429): goes on in 30 s\n");
    const json = createJsonView(lines.io.stdout);
    expect(json.tell({ ...wait, registry: "a.test", delayMs: 300 })).toBe(true);
    expect(JSON.parse(lines.stdout())).toEqual({
      type: "wait",
      registry: "a.test",
      delayMs: 300,
      status: 429,
      message: "a.test asks to slow down (429): goes on in 0.3 s",
    });
    for (const view of [tty, plain, json]) {
      view.end();
      expect(view.tell(wait)).toBe(false);
    }
  } finally {
    vi.useRealTimers();
  }
});

test("plain lines hold no control characters, and only what is new", () => {
  let now = 0;
  const fake = fakeIo();
  const view = createPlainView(fake.io.stderr, () => now);
  view.take({ ...EVENT, action: "waiting" });
  view.take(EVENT);
  view.take({ ...EVENT, current: 10, moved: 10 });
  now = 6000;
  view.take({ ...EVENT, current: 600 });
  view.take({ ...EVENT, action: "retrying", message: "in 1 s\x1b[1m", current: 600 });
  view.take({ ...EVENT, action: "done", current: 1000, moved: 300, last: true });
  view.take({ ...EVENT, id: "b", action: "exists", current: 5, total: 5, last: true });
  view.end();
  expect(fake.stderr()).toBe(
    "0123456789ab downloading 1.0 kB\n0123456789ab downloading 600 B of 1.0 kB\n0123456789ab retrying 600 B of 1.0 kB in 1 s\ufffd[1m\n0123456789ab done 1.0 kB\nb exists 5 B\n2 of 2 done, 310 B moved\n",
  );
});

test("[engine/T30] JSON progress is one event a line", () => {
  const fake = fakeIo();
  const view = createJsonView(fake.io.stdout);
  view.take(EVENT);
  view.take({ ...EVENT, current: 1000, last: true, action: "done" });
  view.end();
  view.take(EVENT);
  const lines: unknown[] = fake
    .stdout()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toEqual([
    { type: "progress", ...EVENT },
    { type: "progress", ...EVENT, current: 1000, last: true, action: "done" },
  ]);
});

test("[engine/T35] without a terminal nothing is shown unless asked for, and never a control character; TERM=dumb gets lines", () => {
  const shown = (options: Parameters<typeof fakeIo>[0], mode: "auto" | "tty" | "plain" | "none", quiet = false): string => {
    const fake = fakeIo(options);
    const view = openView({ io: fake.io, mode, quiet, isNoisy: false, stdoutIsData: true });
    view.take(EVENT);
    view.take({ ...EVENT, action: "done", current: 1000, last: true });
    view.end();
    expect(fake.stdout()).toBe("");
    return fake.stderr();
  };
  const terminal = { columns: 80, rows: 24 };
  expect(shown({}, "auto")).toBe("");
  expect(shown({}, "plain")).toMatch(/^[^\x00-\x09\x0b-\x1f]+$/);
  expect(shown({ terminal }, "auto")).toContain("\x1b[?25l");
  expect(shown({ terminal }, "auto", true)).toBe("");
  expect(shown({ terminal }, "none")).toBe("");
  expect(shown({ terminal, env: { TERM: "dumb" } }, "auto")).toMatch(/^[^\x00-\x09\x0b-\x1f]+$/);
});
