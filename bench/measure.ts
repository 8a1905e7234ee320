import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { Generator } from "./generator.ts";
import type { Job, JobResult } from "./load/jobs.ts";
import { readMachineTimes, readProcessTree } from "./process-stat.ts";
import type { NextJob, Row, Subject } from "./rows.ts";
import type { Server } from "./server.ts";

/** One round on one server. */
export interface Sample {
  /** In the unit of the row. */
  readonly value: number;
  readonly operations: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Of the server and all its processes. */
  readonly cpuSeconds: number;
  /** Of the load generator. */
  readonly generatorCpuSeconds: number;
  /** The most memory that was seen resident in the server. */
  readonly rssBytes: number;
  /** Share of the machine's processors that neither server nor load generator used, from 0 to 1. */
  readonly otherLoad: number;
}

/** All rounds of one row on one server. */
export interface Measured {
  readonly server: Server;
  readonly samples: readonly Sample[];
}

/** A time span on the clock of the machine, in microseconds, as CPU profiles count. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** One line of the table, measured. */
export interface RowResult {
  readonly row: Row;
  readonly measured: readonly Measured[];
}

/** How long and how often. */
export interface Rounds {
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly warmSeconds: number;
  /** Throws a round away, up to {@link MAX_DISTURBED} times a row, when others were at work on the machine in it. */
  readonly quiet: boolean;
}

const SAMPLE_MS = 50;

/** Share of the processors that others may have in a quiet round. */
export const QUIET_LOAD = 0.12;

/** How many rounds of a row are measured again at most. */
export const MAX_DISTURBED = 10;

/** Measures rows on servers with one load generator. */
export class Conductor {
  readonly #generator: Generator;
  readonly #rounds: Rounds;
  readonly #oursBusy: Span[] = [];
  readonly #made = new Map<string, Promise<readonly string[]>>();

  constructor(generator: Generator, rounds: Rounds) {
    this.#generator = generator;
    this.#rounds = rounds;
  }

  /** When ours was measured, rounds only. */
  get oursBusy(): readonly Span[] {
    return this.#oursBusy;
  }

  /** Warms every server up, then measures them in turn, the first one another in every round. */
  async measure(row: Row, servers: readonly Server[]): Promise<RowResult> {
    const subjects: { readonly server: Server; readonly next: NextJob; readonly samples: Sample[] }[] = [];
    for (const server of servers) {
      const next = await row.prepare(this.#subject(server));
      await this.#generator.run(next(this.#rounds.warmSeconds));
      subjects.push({ server, next, samples: [] });
    }
    let disturbed = 0;
    for (let round = 0; round < this.#rounds.rounds + disturbed; round++) {
      for (const place of subjects.keys()) {
        const subject = subjects[(place + round) % subjects.length];
        if (subject === undefined) continue;
        subject.samples.push(await this.#sample(row, subject.server, subject.next(this.#rounds.roundSeconds)));
      }
      if (!this.#rounds.quiet || disturbed === MAX_DISTURBED) continue;
      if (subjects.every(({ samples }) => (samples.at(-1)?.otherLoad ?? 0) <= QUIET_LOAD)) continue;
      // All of them again: a ratio is of rounds that ran side by side.
      for (const { samples } of subjects) samples.pop();
      disturbed += 1;
    }
    return { row, measured: subjects.map(({ server, samples }) => ({ server, samples })) };
  }

  #subject(server: Server): Subject {
    return {
      port: server.port,
      prepare: (job) => this.#generator.run(job),
      once: (name, make) => {
        const key = `${server.port} ${name}`;
        const made = this.#made.get(key) ?? make();
        this.#made.set(key, made);
        return made;
      },
    };
  }

  async #sample(row: Row, server: Server, job: Job): Promise<Sample> {
    let rssBytes = 0;
    const look = (): void => {
      rssBytes = Math.max(rssBytes, server.use().rssBytes);
    };
    const timer = setInterval(look, SAMPLE_MS);
    const from = nowMicroseconds();
    const machine = readMachineTimes();
    const ownBefore = readProcessTree(process.pid).cpuSeconds;
    const { cpuSeconds: before } = server.use();
    try {
      const result = await this.#generator.run(job);
      const { cpuSeconds: after } = server.use();
      const own = readProcessTree(process.pid).cpuSeconds - ownBefore;
      const now = readMachineTimes();
      look();
      if (server.candidate.isOurs) this.#oursBusy.push({ from, to: nowMicroseconds() });
      if (row.emptiesFilesOf !== undefined) emptyFiles(server.folder, row.emptiesFilesOf);
      const otherLoad = Math.max(0, (now.busySeconds - machine.busySeconds - own) / (now.seconds - machine.seconds));
      const { operations, bytes, seconds, cpuSeconds: generatorCpuSeconds } = result;
      return {
        value: valueOf(row, result),
        operations,
        bytes,
        seconds,
        cpuSeconds: after - before,
        generatorCpuSeconds,
        rssBytes,
        otherLoad,
      };
    } finally {
      clearInterval(timer);
    }
  }
}

function valueOf({ unit }: Row, { operations, bytes, seconds }: JobResult): number {
  switch (unit) {
    case "operations/s":
      return operations / seconds;
    case "bytes/s":
      return bytes / seconds;
    case "ms":
      return (seconds * 1000) / operations;
  }
}

/** Gives the space of pushed content back; nobody reads it any more. What is missed now is met after the next round. */
function emptyFiles(folder: string, size: number): void {
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      if (statSync(path, { throwIfNoEntry: false })?.size === size) truncateSync(path);
    }
  } catch (error) {
    // The servers clear up behind the last requests: what was listed may be gone.
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

function nowMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** The middle value; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** How many times as fast the first is, round by round; above 1 is better whatever the unit. */
export function speedRatio(row: Row, ours: Measured, peer: Measured): number {
  const ratios = ours.samples.map((sample, round) => {
    const other = peer.samples[round]?.value ?? Number.NaN;
    return row.unit === "ms" ? other / sample.value : sample.value / other;
  });
  return median(ratios);
}

/** CPU seconds for a gigabyte (10^9 bytes) moved, or for a thousand operations where nothing large moves. */
export function cpuCost(row: Row, { samples }: Measured): number {
  const total = (pick: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + pick(sample), 0);
  const work = row.unit === "bytes/s" ? total(({ bytes }) => bytes) / 1e9 : total(({ operations }) => operations) / 1000;
  return total(({ cpuSeconds }) => cpuSeconds) / work;
}
