import type { ClientResult } from "./client/measure.ts";
import { cpuCost, type Measured, median, type RowResult, speedRatio } from "./measure.ts";
import type { Row, Target } from "./rows.ts";
import type { Candidate, Server } from "./server.ts";

/** The table as Markdown: a line for each row, then memory. */
export function formatTable(results: readonly RowResult[], servers: readonly Server[]): string {
  const candidates = [...new Set(servers.map(({ candidate }) => candidate))];
  const ours = candidates.find(({ isOurs }) => isOurs);
  const peers = candidates.filter(({ isOurs }) => !isOurs);
  const names = peers.map(({ name }) => name);
  const speedColumns = names.flatMap((name) => [name, "ratio"]);
  const header = ["Work", "Berth", ...speedColumns, "CPU: Berth", ...names.map((name) => `CPU: ${name}`), "target"];
  const lines = results.map(({ row, measured }) => {
    const find = (candidate: Candidate | undefined): Measured | undefined => measured.find(({ server }) => server.candidate === candidate);
    const own = find(ours);
    const speeds = peers.flatMap((peer) => formatPeerSpeed(row, own, find(peer)));
    const cpus = peers.map((peer) => formatPeerCpu(row, own, find(peer)));
    return [row.work, formatValue(row, own), ...speeds, formatCpu(row, own), ...cpus, formatTarget(row.target)];
  });
  const memory = (work: string, bytesOf: (candidate: Candidate) => number, target: string): string[] => {
    const own = ours === undefined ? Number.NaN : bytesOf(ours);
    const others = peers.flatMap((peer) => [formatMiB(bytesOf(peer)), `${formatNumber(own / bytesOf(peer))}x`]);
    return [work, formatMiB(own), ...others, "", ...peers.map(() => ""), target];
  };
  const idle = (candidate: Candidate): number =>
    Math.min(...servers.filter((server) => server.candidate === candidate).map(({ idleBytes }) => idleBytes));
  const busy = (candidate: Candidate): number => {
    const samples = results.flatMap(({ measured }) => measured).filter(({ server }) => server.candidate === candidate);
    return Math.max(...samples.flatMap((each) => each.samples.map(({ rssBytes }) => rssBytes)));
  };
  return markdown([
    header,
    ...lines,
    memory("Memory, idle after start", idle, ""),
    memory("Memory, the most seen in any round", busy, "<= 150 MiB"),
  ]);
}

function formatTarget({ ratio, cpuRatio, v3OverV2 }: Target): string {
  if (ratio === undefined) return "";
  const scaled = v3OverV2 === undefined ? "" : ` (${formatNumber(ratio * v3OverV2)}x of 2.8)`;
  return `>= ${ratio}x of 3.1.1${scaled}${cpuRatio === undefined ? "" : `; CPU <= ${cpuRatio}x`}`;
}

function formatValue({ unit }: Row, measured: Measured | undefined): string {
  if (measured === undefined) return "";
  const value = median(measured.samples.map((sample) => sample.value));
  if (unit === "bytes/s") return `${formatNumber(value / 1e9)} GB/s`;
  return unit === "ms" ? `${formatNumber(value)} ms` : `${formatNumber(value)}/s`;
}

/** How fast a peer is, and how many times as fast ours. */
function formatPeerSpeed(row: Row, ours: Measured | undefined, peer: Measured | undefined): readonly [string, string] {
  if (ours === undefined || peer === undefined) return ["", ""];
  return [formatValue(row, peer), `${formatNumber(speedRatio(row, ours, peer))}x`];
}

function formatCpu(row: Row, measured: Measured | undefined): string {
  if (measured === undefined) return "";
  const cost = cpuCost(row, measured);
  return row.unit === "bytes/s" ? `${formatNumber(cost)} s/GB` : `${formatNumber(cost * 1000)} µs each`;
}

/** What a peer uses, and how much of that ours does. */
function formatPeerCpu(row: Row, ours: Measured | undefined, peer: Measured | undefined): string {
  if (ours === undefined || peer === undefined) return "";
  return `${formatCpu(row, peer)} (${formatNumber(cpuCost(row, ours) / cpuCost(row, peer))}x)`;
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

/** A table in Markdown, its columns aligned. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const [header = []] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(header), rule, ...rows.slice(1).map(line)].join("\n");
}

/** Everything measured, to be kept or compared. */
export function toJson(results: readonly RowResult[], facts: Readonly<Record<string, string>>, clients: readonly ClientResult[]): string {
  const rows = results.map(({ row, measured }) => ({
    id: row.id,
    work: row.work,
    unit: row.unit,
    target: row.target,
    servers: Object.fromEntries(measured.map(({ server, samples }) => [server.candidate.name, { idleBytes: server.idleBytes, samples }])),
  }));
  const work = clients.map(({ row, samples, requests }) => ({
    id: row.id,
    work: row.work,
    target: row.target,
    clients: Object.fromEntries(samples),
    requests: Object.fromEntries(requests),
  }));
  return `${JSON.stringify({ facts, rows, clients: work }, undefined, 2)}\n`;
}

/** What the figures depend on, as a Markdown list. */
export function formatFacts(facts: Readonly<Record<string, string>>): string {
  return Object.entries(facts)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join("\n");
}
