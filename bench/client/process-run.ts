import { spawn } from "node:child_process";
import { readEndedChildren, readMachineTimes, readPeakBytes, readProcessTree } from "../process-stat.ts";

/** What one run of a program took. */
export interface ProcessRun {
  /** From its start to its end. */
  readonly seconds: number;
  /** Of all its processes. */
  readonly cpuSeconds: number;
  /** The most memory that any one of its processes had, as the kernel saw it. */
  readonly peakBytes: number;
  /** Share of the machine's processors that neither the program nor we and the registry used, from 0 to 1. */
  readonly otherLoad: number;
  readonly stdout: string;
}

const SAMPLE_MS = 5;

/** Runs a program to its end. No other child of this process may end meanwhile. @throws {Error} with what it said when it fails. */
export async function runProcess(command: readonly string[], env: Readonly<Record<string, string>>): Promise<ProcessRun> {
  const [program = "", ...args] = command;
  const machine = readMachineTimes();
  const before = { own: readProcessTree(process.pid).cpuSeconds, children: readEndedChildren(process.pid) };
  const began = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2000)));
  let peakBytes = 0;
  const look = (): void => {
    if (child.pid !== undefined) peakBytes = Math.max(peakBytes, readPeakBytes(child.pid));
  };
  const timer = setInterval(look, SAMPLE_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    const seconds = (performance.now() - began) / 1000;
    if (code !== 0) throw new Error(`Cannot finish "${command.join(" ")}": exit code ${code}\n${stderr}`);
    const now = readMachineTimes();
    const cpuSeconds = readEndedChildren(process.pid) - before.children;
    const own = readProcessTree(process.pid).cpuSeconds - before.own + cpuSeconds;
    const otherLoad = Math.max(0, (now.busySeconds - machine.busySeconds - own) / (now.seconds - machine.seconds));
    return { seconds, cpuSeconds, peakBytes, otherLoad, stdout };
  } finally {
    clearInterval(timer);
  }
}
