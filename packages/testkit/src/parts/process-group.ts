import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();
let watching = false;

/** Sends a signal to a detached child and everything it started. A group that is gone already is no error. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: the whole group has ended
  }
}

/** Ends the child's group when this process ends before `release` is called, so that no daemon outlives the tests. */
export function adoptGroup(child: ChildProcess): () => void {
  if (!watching) {
    watching = true;
    process.once("exit", () => {
      for (const one of running) killGroup(one, "SIGKILL");
    });
  }
  running.add(child);
  return () => {
    running.delete(child);
  };
}
