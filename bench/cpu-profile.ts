import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions of the newest profile of a folder that most time was spent in itself, without what they called. */
export function topFunctions(folder: string, count: number): string {
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .sort()
    .at(-1);
  if (newest === undefined) return "No profile was written";
  const profile: CpuProfile = JSON.parse(readFileSync(join(folder, newest), "utf8"));
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const place = url === "" ? "" : ` ${url.startsWith("node:") ? url : url.split("/").slice(-3).join("/")}:${lineNumber + 1}`;
      return [id, `${functionName === "" ? "(anonymous)" : functionName}${place}`];
    }),
  );
  const self = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id) ?? "";
    const time = profile.timeDeltas[index] ?? 0;
    if (name === "(idle)") continue;
    busy += time;
    self.set(name, (self.get(name) ?? 0) + time);
  }
  const top = [...self].toSorted(([, a], [, b]) => b - a).slice(0, count);
  const lines = top.map(([name, time]) => `${((time / busy) * 100).toFixed(1).padStart(5)} %  ${name}`);
  return [`${basename(newest)}: ${(busy / 1e6).toFixed(1)} s busy; time in the function itself:`, ...lines].join("\n");
}
