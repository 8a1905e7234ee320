import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;
const PAGE = 4096;

/** What a process and all below it have used so far. */
export interface ProcessUse {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Resident memory at this moment, of all of them. */
  readonly rssBytes: number;
}

/** Reads /proc; a process that ended meanwhile counts as nothing. */
export function readProcessTree(pid: number): ProcessUse {
  let cpuSeconds = 0;
  let rssBytes = 0;
  for (const each of [pid, ...descendants(pid)]) {
    const fields = statFields(each);
    if (fields.length < 22) continue;
    cpuSeconds += (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    rssBytes += Number(fields[21]) * PAGE;
  }
  return { cpuSeconds, rssBytes };
}

/** User and system seconds of all children of a process that have ended, with theirs. */
export function readEndedChildren(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) / TICKS_PER_SECOND;
}

/** The most memory that a process, or any one below it, ever had resident; what has ended meanwhile is not seen. */
export function readPeakBytes(pid: number): number {
  const peaks = [pid, ...descendants(pid)].map((each) => /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${each}/status`))?.[1]);
  return Math.max(...peaks.map((kib) => Number(kib ?? 0) * 1024));
}

/** Time that all processors together have spent on anything, and all time there was. */
export function readMachineTimes(): { readonly busySeconds: number; readonly seconds: number } {
  const [, ...fields] = (read("/proc/stat").split("\n", 1)[0] ?? "").trim().split(/ +/).map(Number);
  // user nice system idle iowait irq softirq steal; what follows is counted in user already.
  const times = fields.slice(0, 8);
  const all = times.reduce((sum, value) => sum + value, 0);
  const idle = (times[3] ?? 0) + (times[4] ?? 0);
  return { busySeconds: (all - idle) / TICKS_PER_SECOND, seconds: all / TICKS_PER_SECOND };
}

/** Behind the name, which stands in brackets and may hold blanks. */
function statFields(pid: number): readonly string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function descendants(pid: number): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // The process has ended.
  }
}
