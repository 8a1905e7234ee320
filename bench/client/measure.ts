import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { MAX_DISTURBED, QUIET_LOAD } from "../measure.ts";
import { clientEnvironment, type ClientName, findClients } from "./clients.ts";
import { type ProcessRun, runProcess } from "./process-run.ts";
import type { ClientRow, CommandOf } from "./rows.ts";

/** One run of one client. */
export interface ClientSample extends Omit<ProcessRun, "stdout"> {
  /** Without the start of Node; ours only. */
  readonly workSeconds?: number;
}

/** One line of the clients' table, measured. */
export interface ClientResult {
  readonly row: ClientRow;
  readonly samples: ReadonlyMap<ClientName, readonly ClientSample[]>;
}

/** Where and how often. */
export interface ClientRounds {
  readonly host: string;
  readonly folder: string;
  readonly rounds: number;
  /** Measures a round again, so many times a row, when others were at work on the machine in it. */
  readonly quiet: boolean;
}

/** A client in a row. */
interface Runner {
  readonly name: ClientName;
  readonly program: readonly string[];
  readonly command: CommandOf;
  readonly samples: ClientSample[];
}

/** Measures a row: one run of each client to warm up, then rounds of all clients in turn, the first one another in every round. */
export async function measureClients(row: ClientRow, { host, folder, rounds, quiet }: ClientRounds): Promise<ClientResult> {
  const content = join(folder, "content");
  await mkdir(join(folder, "home"), { recursive: true });
  await mkdir(content, { recursive: true });
  try {
    const commands = await row.prepare(host, content);
    const runners: Runner[] = [];
    for (const [name, program] of findClients()) {
      const command = commands[name];
      if (command !== undefined) runners.push({ name, program, command, samples: [] });
    }
    let run = 0;
    const once = (runner: Runner): Promise<ClientSample> => measureOne(runner, host, folder, run++);
    for (const runner of runners) await once(runner);
    let disturbed = 0;
    for (let round = 0; round < rounds + disturbed; round++) {
      for (const place of runners.keys()) {
        const runner = runners[(place + round) % runners.length];
        runner?.samples.push(await once(runner));
      }
      if (!quiet || disturbed === MAX_DISTURBED) continue;
      if (runners.every(({ samples }) => (samples.at(-1)?.otherLoad ?? 0) <= QUIET_LOAD)) continue;
      // All of them again: a ratio is of rounds that ran side by side.
      for (const { samples } of runners) samples.pop();
      disturbed += 1;
    }
    return { row, samples: new Map(runners.map(({ name, samples }) => [name, samples])) };
  } finally {
    await rm(content, { recursive: true, force: true });
  }
}

async function measureOne({ name, program, command }: Runner, host: string, folder: string, run: number): Promise<ClientSample> {
  const place = { host, folder: join(folder, "run"), run };
  await mkdir(place.folder);
  try {
    const { stdout, ...measured } = await runProcess(command(program, place), clientEnvironment(folder));
    if (name !== "berth") return measured;
    const { seconds: workSeconds }: { readonly seconds: number } = JSON.parse(stdout);
    return { ...measured, workSeconds };
  } finally {
    await rm(place.folder, { recursive: true, force: true });
  }
}
