import { cpuCost, type Measured, median, type RowResult, speedRatio } from "./measure.ts";
import type { Row, Target } from "./rows.ts";
import type { Server } from "./server.ts";

/** The table as Markdown: a line for each row, then memory. */
export function formatTable(results: readonly RowResult[], servers: readonly Server[]): string {
  const peers = servers.filter(({ candidate }) => !candidate.isOurs);
  const names = peers.map(({ candidate }) => candidate.name);
  const header = [
    "Work",
    "Berth",
    ...names.flatMap((name) => [name, "ratio"]),
    "CPU: Berth",
    ...names.map((name) => `CPU: ${name}`),
    "target",
  ];
  const lines = results.map(({ row, measured }) => {
    const find = (server: Server): Measured | undefined => measured.find((each) => each.server.candidate === server.candidate);
    const ours = measured.find(({ server }) => server.candidate.isOurs);
    const speeds = peers.flatMap((peer) => {
      const theirs = find(peer);
      if (theirs === undefined || ours === undefined) return ["", ""];
      return [formatValue(row, theirs), `${formatNumber(speedRatio(row, ours, theirs))}x`];
    });
    const cpus = peers.map((peer) => formatCpu(row, find(peer)));
    const first = peers.map(find).find((each) => each !== undefined);
    return [
      row.work,
      ours === undefined ? "" : formatValue(row, ours),
      ...speeds,
      formatCpu(row, ours),
      ...cpus,
      formatTarget(row.target, row, ours, first),
    ];
  });
  return markdown([header, ...lines, ...memoryLines(results, servers)]);
}

function memoryLines(results: readonly RowResult[], servers: readonly Server[]): readonly string[][] {
  const all = results.flatMap(({ measured }) => measured);
  const ours = servers.find(({ candidate }) => candidate.isOurs);
  const peers = servers.filter(({ candidate }) => !candidate.isOurs);
  const line = (work: string, bytes: (server: Server) => number, target: string): string[] => {
    const own = ours === undefined ? Number.NaN : bytes(ours);
    const others = peers.flatMap((peer) => [formatMiB(bytes(peer)), `${formatNumber(own / bytes(peer))}x`]);
    return [work, formatMiB(own), ...others, "", ...peers.map(() => ""), target];
  };
  const idle = ({ candidate }: Server): number =>
    Math.min(...servers.filter((each) => each.candidate === candidate).map(({ idleBytes }) => idleBytes));
  const busy = ({ candidate }: Server): number =>
    Math.max(
      ...all.filter(({ server }) => server.candidate === candidate).flatMap(({ samples }) => samples.map(({ rssBytes }) => rssBytes)),
    );
  return [line("Memory, idle after start", idle, ""), line("Memory, the most seen in any round", busy, "<= 150 MiB")];
}

/** Speeds that gigabytes are counted in have a target for CPU, too. The first peer's own CPU is what it is held against. */
function formatTarget({ ratio, cpuRatio, v3OverV2 }: Target, row: Row, ours?: Measured, peer?: Measured): string {
  if (ratio === undefined) return "";
  const scaled = v3OverV2 === undefined ? "" : ` (${formatNumber(ratio * v3OverV2)}x of 2.8)`;
  const speed = `>= ${ratio}x of 3.1.1${scaled}`;
  if (cpuRatio === undefined) return speed;
  const reached = ours === undefined || peer === undefined ? "" : `, is ${formatNumber(cpuCost(row, ours) / cpuCost(row, peer))}x`;
  return `${speed}; CPU <= ${cpuRatio}x${reached}`;
}

function formatValue({ unit }: Row, { samples }: Measured): string {
  const value = median(samples.map((sample) => sample.value));
  if (unit === "bytes/s") return `${formatNumber(value / 1e9)} GB/s`;
  return unit === "ms" ? `${formatNumber(value)} ms` : `${formatNumber(value)}/s`;
}

function formatCpu(row: Row, measured: Measured | undefined): string {
  if (measured === undefined) return "";
  return row.unit === "bytes/s" ? `${formatNumber(cpuCost(row, measured))} s/GB` : `${formatNumber(cpuCost(row, measured) * 1000)} µs each`;
}

function formatMiB(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** Three digits that count; thousands apart. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  const rounded = value >= 1000 ? Number(value.toPrecision(3)) : value;
  return rounded.toLocaleString("en-US", { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

function markdown(rows: readonly (readonly string[])[]): string {
  const [header = []] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(header), rule, ...rows.slice(1).map(line)].join("\n");
}

/** Everything measured, to be kept or compared. */
export function toJson(results: readonly RowResult[], facts: Readonly<Record<string, string>>): string {
  const rows = results.map(({ row, measured }) => ({
    id: row.id,
    work: row.work,
    unit: row.unit,
    target: row.target,
    servers: Object.fromEntries(measured.map(({ server, samples }) => [server.candidate.name, { idleBytes: server.idleBytes, samples }])),
  }));
  return `${JSON.stringify({ facts, rows }, undefined, 2)}\n`;
}

/** What the figures depend on, as a Markdown list. */
export function formatFacts(facts: Readonly<Record<string, string>>): string {
  return Object.entries(facts)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join("\n");
}
