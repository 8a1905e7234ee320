import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isJsonObject } from "@berth/oci";
import { errnoOf } from "./errno.ts";

/** Who holds a lock, as its file says. */
export interface LockOwner {
  /** Another one for each lock taken. */
  readonly token: string;
  readonly pid: number;
  /** Where that number means something: machine, boot, and name space of processes. */
  readonly place: string;
  /** When the process started, in the kernel's own count; tells it from a later one of the same number. Empty where unknown. */
  readonly startedAt: string;
}

let place: string | undefined;

/** This process as the owner of a lock. */
export function thisOwner(token: string): LockOwner {
  return { token, pid: process.pid, place: thisPlace(), startedAt: startOf(process.pid) };
}

/** Reads what a lock file says; undefined when it says nothing sensible, as while it is being written. */
export function parseOwner(text: string): LockOwner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // cut short
  }
  if (!isJsonObject(value)) return undefined;
  const { token, pid, place: where, startedAt } = value;
  if (typeof token !== "string" || typeof pid !== "number" || typeof where !== "string" || typeof startedAt !== "string") return undefined;
  return { token, pid, place: where, startedAt };
}

/** Whether the process of a lock is there; undefined when that cannot be told from here: another machine, another container. */
export function isAlive(owner: LockOwner): boolean | undefined {
  if (owner.place !== thisPlace()) return undefined;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (errnoOf(error) === "ESRCH") return false; // EPERM: somebody else's, so it is there
  }
  const startedAt = startOf(owner.pid);
  return startedAt === "" || owner.startedAt === "" || startedAt === owner.startedAt;
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
