import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Span } from "./measure.ts";

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** What `node --cpu-prof` writes; times are in microseconds of the machine's monotonic clock. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/**
 * Where the main thread of a server spent its time during some spans: functions by the time in themselves, without what
 * they called, and files by the sum of theirs. Reads the newest profile of a folder.
 */
export function formatProfile(folder: string, spans: readonly Span[]): string {
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .sort()
    .at(-1);
  if (newest === undefined) return "No profile was written";
  const profile: CpuProfile = JSON.parse(readFileSync(join(folder, newest), "utf8"));
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  let busy = 0;
  let now = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[index] ?? 0;
    now += time;
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === "(idle)" || !spans.some(({ from, to }) => now >= from && now <= to)) continue;
    busy += time;
    const file = fileOf(frame);
    const name = `${frame.functionName === "" ? "(anonymous)" : frame.functionName} ${file === "" ? "" : `${file}:${frame.lineNumber + 1}`}`;
    functions.set(name, (functions.get(name) ?? 0) + time);
    files.set(file, (files.get(file) ?? 0) + time);
  }
  const span = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  return [
    `The main thread was busy for ${((busy / span) * 100).toFixed(0)} % of the rounds. Time in functions themselves:`,
    ...top(functions, busy, 25),
    "The same by file (without a name: the engine and native calls):",
    ...top(files, busy, 15),
  ].join("\n");
}

function fileOf({ url }: CallFrame): string {
  if (url === "" || url.startsWith("node:")) return url;
  return url.replace(/^.*\/(node_modules|packages)\//, "");
}

function top(times: ReadonlyMap<string, number>, all: number, count: number): readonly string[] {
  const sorted = [...times].toSorted(([, a], [, b]) => b - a).slice(0, count);
  return sorted.map(([name, time]) => `${((time / all) * 100).toFixed(1).padStart(6)} %  ${name}`);
}
