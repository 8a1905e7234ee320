import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type ClientResult, measureClients } from "./client/measure.ts";
import { installCommand, installLibrary } from "./client/installed.ts";
import type { ClientRow } from "./client/row.ts";
import { machineFacts } from "./facts.ts";
import { Generator } from "./generator.ts";
import { Conductor, median, type RowResult, type Span } from "./measure.ts";
import type { Options } from "./options.ts";
import type { Row } from "./rows.ts";
import { type Candidate, Server, stopProcess } from "./server.ts";

/** Everything that a run found out. */
export interface RunResult {
  readonly rows: readonly RowResult[];
  /** One for each candidate. */
  readonly servers: readonly Server[];
  /** What the figures depend on, by name. */
  readonly facts: Readonly<Record<string, string>>;
  /** When ours was measured. */
  readonly oursBusy: readonly Span[];
}

/** Where data is kept that is to be in memory. */
const MEMORY = "/dev/shm";

/** Bytes that must be free before a row: several times what any row writes before it is emptied. */
const ROOM = 6 * 2 ** 30;

/** A run's processes and folder: nothing of it is left when {@link Run.close} has returned, however the run ended. */
export class Run {
  readonly #options: Options;
  readonly #generator: Generator = new Generator();
  readonly #children = new Set<ChildProcess>();
  readonly #folder: string;

  constructor(options: Options) {
    this.#options = options;
    this.#folder = mkdtempSync(join(resolve(options.tmpfs ? MEMORY : (options.folder ?? tmpdir())), "berth-bench-"));
  }

  /** Starts every candidate and measures the rows on all of them. */
  async measure(rows: readonly Row[], candidates: readonly Candidate[]): Promise<RunResult> {
    const { rounds, roundSeconds, warmSeconds } = this.#options;
    const facts = machineFacts(this.#folder);
    const conductor = new Conductor(this.#generator, this.#options);
    const servers: Server[] = [];
    for (const [number, candidate] of candidates.entries()) {
      servers.push(await Server.start(candidate, join(this.#folder, String(number)), this.#children));
    }
    const results: RowResult[] = [];
    for (const row of rows) {
      expectRoom(this.#folder);
      process.stderr.write(`${row.work} ...\n`);
      const measured = row.oursOnly === true ? servers.filter(({ candidate }) => candidate.isOurs) : servers;
      results.push(
        await conductor.measure(row, measured).catch((error: unknown) => {
          throw new Error(`Cannot finish "${row.id}"; the servers said:\n${outputs(servers)}`, { cause: error });
        }),
      );
    }
    // Profiles are written at the end of a process.
    for (const server of servers) await server.stop();
    return {
      rows: results,
      servers,
      facts: {
        ...facts,
        ...(results.length > 0 && {
          "Other work on the machine": otherWork(results),
          Rounds: `${rounds} of ${roundSeconds} s for each row and server, in turn, after ${warmSeconds} s of warm-up`,
        }),
      },
      oursBusy: conductor.oursBusy,
    };
  }

  /** Measures clients, ours and others, over one registry. */
  async measureClients(rows: readonly ClientRow[], candidate: Candidate): Promise<readonly ClientResult[]> {
    const { rounds, quiet } = this.#options;
    const folder = join(this.#folder, "clients");
    const server = await Server.start(candidate, join(folder, "registry"), this.#children);
    const other = await Server.start(candidate, join(folder, "other"), this.#children);
    const isNeeded = (what: ClientRow["ours"]): boolean => rows.some(({ ours }) => ours === what);
    const installed = {
      ...(isNeeded("command") && { command: await installCommand(join(folder, "command")) }),
      ...(isNeeded("library") && { library: await installLibrary(join(folder, "library")) }),
    };
    const address = ({ port }: Server): string => `127.0.0.1:${port}`;
    const place = { host: address(server), other: address(other), folder, installed, rounds, quiet };
    const results: ClientResult[] = [];
    for (const row of rows) {
      expectRoom(this.#folder);
      process.stderr.write(`${row.work} ...\n`);
      results.push(
        await measureClients(row, place).catch((error: unknown) => {
          throw new Error(`Cannot finish "${row.id}"; the servers said:\n${outputs([server, other])}`, { cause: error });
        }),
      );
    }
    await Promise.all([server.stop(), other.stop()]);
    return results;
  }

  /** Ends every process and removes the folder. */
  async close(): Promise<void> {
    this.#generator.close();
    await Promise.all([...this.#children].map(stopProcess));
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** @throws {Error} when a disk, or memory that holds data, has little room left: others on the machine need some. */
function expectRoom(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const inMemory = folder.startsWith(`${MEMORY}/`);
  const free = inMemory ? Math.min(bavail * bsize, availableMemory()) : bavail * bsize;
  if (free < ROOM)
    throw new Error(`Cannot go on: ${folder} has ${Math.round(free / 2 ** 20)} MiB left, expected ${ROOM / 2 ** 20} at least`);
}

/** Memory that can be had without pushing anything out; what freemem() gives leaves the page cache out. */
function availableMemory(): number {
  const found = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "latin1"));
  return Number(found?.[1] ?? 0) * 1024;
}

function outputs(servers: readonly Server[]): string {
  return servers.map(({ candidate, output }) => `${candidate.name}: ${output === "" ? "nothing" : output}`).join("\n");
}

/** How much of the machine others had while the rounds ran: the figures of a busy machine are not worth keeping. */
function otherWork(results: readonly RowResult[]): string {
  const shares = results.flatMap(({ measured }) => measured.flatMap(({ samples }) => samples.map(({ otherLoad }) => otherLoad)));
  return `${Math.round(median(shares) * 100)} % of its processors (median of the rounds)`;
}
