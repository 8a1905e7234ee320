import { execFileSync } from "node:child_process";
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { median } from "./measure.ts";
import { formatNumber } from "./report.ts";

/** What the figures depend on, by name. */
export function machineFacts(folder: string): Record<string, string> {
  const [load = 0] = loadavg();
  return {
    Processors: `${availableParallelism()} (${cpus()[0]?.model.trim() ?? "unknown"})`,
    Memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    Kernel: `Linux ${release()}`,
    Node: process.version,
    Data: `on ${fileSystemOf(folder)}; write and fsync of 4 KiB: ${formatNumber(fsyncMs(folder))} ms (median of 50)`,
    "Load before the run": load.toFixed(2),
  };
}

/** What a registry says about itself; undefined when the program cannot be run. */
export function registryVersion(program: string): string | undefined {
  try {
    const words = execFileSync(program, ["--version"], { encoding: "utf8", timeout: 10_000 }).trim().split(/\s+/);
    return words.at(-1)?.replace(/^v/, "").replace(/\+.*/, "");
  } catch {
    return undefined; // Not installed.
  }
}

function fileSystemOf(folder: string): string {
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  const holds = (point: string): boolean => point === "/" || folder === point || folder.startsWith(`${point}/`);
  const found = mounts.filter(([, point = "-"]) => holds(point)).toSorted(([, a = ""], [, b = ""]) => b.length - a.length);
  return found[0]?.[2] ?? "an unknown file system";
}

function fsyncMs(folder: string): number {
  const path = join(folder, "fsync");
  const file = openSync(path, "w");
  const block = Buffer.alloc(4096, 1);
  const times = Array.from({ length: 50 }, () => {
    const began = performance.now();
    writeSync(file, block);
    fsyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
}
