import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { machineFacts } from "./facts.ts";
import { Generator } from "./generator.ts";
import { Conductor, median, type RowResult, type Span } from "./measure.ts";
import type { Options } from "./options.ts";
import { type Row, ROWS } from "./rows.ts";
import { type Candidate, Server, stopProcess } from "./server.ts";

/** Everything that a run found out. */
export interface RunResult {
  readonly rows: readonly RowResult[];
  /** One for each start of each candidate. */
  readonly servers: readonly Server[];
  /** What the figures depend on, by name. */
  readonly facts: Readonly<Record<string, string>>;
  /** When ours was measured. */
  readonly oursBusy: readonly Span[];
}

/** Where data is kept that is to be in memory. */
const MEMORY = "/dev/shm";

/** A run's processes and folders: nothing of it is left when {@link Run.close} has returned, however the run ended. */
export class Run {
  readonly #options: Options;
  readonly #generator: Generator = new Generator();
  readonly #children = new Set<ChildProcess>();
  readonly #folder: string;
  readonly #memoryFolder: string;

  constructor(options: Options) {
    this.#options = options;
    this.#memoryFolder = mkdtempSync(join(MEMORY, "berth-bench-"));
    this.#folder = options.tmpfs ? this.#memoryFolder : mkdtempSync(join(resolve(options.folder ?? tmpdir()), "berth-bench-"));
  }

  /** Starts every candidate and measures the rows, those whose data is in memory last. */
  async measure(rows: readonly Row[], candidates: readonly Candidate[]): Promise<RunResult> {
    const { rounds, roundSeconds, warmSeconds } = this.#options;
    const facts = machineFacts(this.#folder);
    const conductor = new Conductor(this.#generator, this.#options);
    const groups = [
      { folder: this.#folder, wanted: rows.filter(({ inMemory }) => inMemory !== true) },
      { folder: this.#memoryFolder, wanted: rows.filter(({ inMemory }) => inMemory === true) },
    ];
    const servers: Server[] = [];
    const results: RowResult[] = [];
    for (const [group, { folder, wanted }] of groups.entries()) {
      if (wanted.length === 0) continue;
      const started = await this.#start(candidates, join(folder, `group${group}`));
      servers.push(...started);
      for (const row of wanted) {
        process.stderr.write(`${row.work} ...\n`);
        const measured = row.oursOnly === true ? started.filter(({ candidate }) => candidate.isOurs) : started;
        results.push(
          await conductor.measure(row, measured).catch((error: unknown) => {
            throw new Error(`Cannot finish "${row.id}"; the servers said:\n${outputs(started)}`, { cause: error });
          }),
        );
      }
      for (const server of started) await server.stop();
    }
    results.sort((a, b) => ROWS.indexOf(a.row) - ROWS.indexOf(b.row));
    return {
      rows: results,
      servers,
      facts: {
        ...facts,
        "Other work on the machine": otherWork(results),
        Rounds: `${rounds} of ${roundSeconds} s for each row and server, in turn, after ${warmSeconds} s of warm-up`,
      },
      oursBusy: conductor.oursBusy,
    };
  }

  /** Ends every process and removes every folder. */
  async close(): Promise<void> {
    this.#generator.close();
    await Promise.all([...this.#children].map(stopProcess));
    for (const folder of [this.#folder, this.#memoryFolder]) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #start(candidates: readonly Candidate[], root: string): Promise<readonly Server[]> {
    const servers: Server[] = [];
    for (const [number, candidate] of candidates.entries()) {
      servers.push(await Server.start(candidate, join(root, String(number)), this.#children));
    }
    return servers;
  }
}

function outputs(servers: readonly Server[]): string {
  return servers.map(({ candidate, output }) => `${candidate.name}: ${output === "" ? "nothing" : output}`).join("\n");
}

/** How much of the machine others had while the rounds ran: the figures of a busy machine are not worth keeping. */
function otherWork(results: readonly RowResult[]): string {
  const shares = results.flatMap(({ measured }) => measured.flatMap(({ samples }) => samples.map(({ otherLoad }) => otherLoad)));
  return `${Math.round(median(shares) * 100)} % of its processors (median of the rounds)`;
}
