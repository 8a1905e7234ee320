import { median } from "../measure.ts";
import { formatNumber, markdown } from "../report.ts";
import { type ClientName, describeClient, OTHER_CLIENTS } from "./clients.ts";
import type { ClientResult, ClientSample } from "./measure.ts";
import type { ClientRow } from "./row.ts";

/** The clients' table as Markdown, and below it how they do the work. */
export function formatClients(results: readonly ClientResult[], registry: string): string {
  const header = [
    `Client's work, over ${registry}`,
    "Berth",
    "without its start",
    ...OTHER_CLIENTS.flatMap((name) => [name, "ratio"]),
    "CPU: Berth",
    ...OTHER_CLIENTS.map((name) => `CPU: ${name}`),
    "memory: Berth",
    ...OTHER_CLIENTS.map((name) => `memory: ${name}`),
    "requests",
    "target",
  ];
  const lines = results.map(({ row, samples, requests }) => {
    const of = (name: ClientName): readonly ClientSample[] => samples.get(name) ?? [];
    const ours = of("berth");
    return [
      row.work,
      formatSeconds(ours.map(({ seconds }) => seconds)),
      formatSeconds(ours.flatMap(({ workSeconds }) => workSeconds ?? [])),
      ...OTHER_CLIENTS.flatMap((name) => [formatSeconds(of(name).map(({ seconds }) => seconds)), formatRatio(ours, of(name))]),
      formatCpu(row, ours),
      ...OTHER_CLIENTS.map((name) => formatTheirCpu(row, ours, of(name))),
      formatPeak(ours),
      ...OTHER_CLIENTS.map((name) => formatPeak(of(name))),
      [...requests].map(([name, count]) => `${name} ${count}`).join(", "),
      row.target,
    ];
  });
  const notes = [...Map.groupBy(results, ({ row }) => row.note)].map(
    ([note, [first, ...others]]) => `- ${first?.row.work ?? ""}${others.length > 0 ? `, and ${others.length} more` : ""}: ${note}.`,
  );
  return `${markdown([header, ...lines])}\n\n${notes.join("\n")}`;
}

function formatSeconds(values: readonly number[]): string {
  if (values.length === 0) return "";
  const value = median(values);
  return value < 1 ? `${formatNumber(value * 1000)} ms` : `${formatNumber(value)} s`;
}

/** How many times as fast ours is, whole processes compared round by round. */
function formatRatio(ours: readonly ClientSample[], theirs: readonly ClientSample[]): string {
  if (theirs.length === 0) return "";
  return `${formatNumber(median(ours.map(({ seconds }, round) => (theirs[round]?.seconds ?? Number.NaN) / seconds)))}x`;
}

/** CPU seconds for a gigabyte (10^9 bytes), or milliseconds for an operation. */
function cpuCost({ amount }: ClientRow, samples: readonly ClientSample[]): number {
  const seconds = median(samples.map(({ cpuSeconds }) => cpuSeconds));
  return "bytes" in amount ? seconds / (amount.bytes / 1e9) : (seconds * 1000) / amount.operations;
}

function formatCpu(row: ClientRow, samples: readonly ClientSample[]): string {
  return `${formatNumber(cpuCost(row, samples))} ${"bytes" in row.amount ? "s/GB" : "ms each"}`;
}

/** What another client uses, and how much of that ours does. */
function formatTheirCpu(row: ClientRow, ours: readonly ClientSample[], theirs: readonly ClientSample[]): string {
  if (theirs.length === 0) return "";
  return `${formatCpu(row, theirs)} (${formatNumber(cpuCost(row, ours) / cpuCost(row, theirs))}x)`;
}

function formatPeak(samples: readonly ClientSample[]): string {
  if (samples.length === 0) return "";
  return `${Math.round(Math.max(...samples.map(({ peakBytes }) => peakBytes)) / 2 ** 20)} MiB`;
}

/** What the clients' figures depend on, by name; a client that is missing is among them. */
export function clientFacts(results: readonly ClientResult[]): Readonly<Record<string, string>> {
  const samples = results.flatMap((result) => [...result.samples.values()].flat());
  const rounds = [...new Set(results.map((result) => result.samples.get("berth")?.length ?? 0))].join(" or ");
  const otherLoad = median(samples.map((sample) => sample.otherLoad));
  return {
    ...Object.fromEntries(OTHER_CLIENTS.map((name) => [name, describeClient(name)])),
    "Clients' rounds": `${rounds}, of all clients in turn, after one to warm up; whole processes, ours with the start of Node`,
    "Before each run": "what others left to be written is on the disk",
    "Without its start":
      "for the library, from its first line to the end; for the command, less what `berth version` takes right behind it",
    "Other work beside the clients": `${Math.round(otherLoad * 100)} % of the processors (median of the runs)`,
  };
}
