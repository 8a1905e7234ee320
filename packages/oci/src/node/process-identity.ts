import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** One process, told from all others, also from later ones of the same number. */
export interface ProcessIdentity {
  /** The number that the system gave it. */
  readonly pid: number;
  /** Where that number means something: machine, boot, and name space of processes. */
  readonly place: string;
  /** When the process started, in the kernel's own count. Empty where unknown. */
  readonly startedAt: string;
}

let place: string | undefined;
let own: ProcessIdentity | undefined;

/** The process that this is. */
export function thisProcess(): ProcessIdentity {
  own ??= { pid: process.pid, place: thisPlace(), startedAt: startOf(process.pid) };
  return own;
}

/** Whether a process is there; undefined when that cannot be told from here: another machine, another container. */
export function isRunning(other: ProcessIdentity): boolean | undefined {
  if (other.place !== thisPlace()) return undefined;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false; // EPERM: somebody else's, so it is there
  }
  const startedAt = startOf(other.pid);
  return startedAt === "" || other.startedAt === "" || startedAt === other.startedAt;
}

function thisPlace(): string {
  place ??= [hostname(), read("/proc/sys/kernel/random/boot_id"), namespace()].join(" ");
  return place;
}

/** Field 22 of `stat`; the second one is a name in brackets, in which anything may stand. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function namespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return ""; // not Linux
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return ""; // not Linux, or the process has just ended
  }
}
