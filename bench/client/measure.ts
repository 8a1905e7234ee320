import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { MAX_DISTURBED, QUIET_LOAD } from "../measure.ts";
import { clientEnvironment, type ClientName, findClients } from "./clients.ts";
import { startCountingProxy } from "./counting-proxy.ts";
import { startFarProxy } from "./far-proxy.ts";
import { type ProcessRun, runProcess } from "./process-run.ts";
import type { ClientRow, CommandOf } from "./row.ts";

/** One run of one client. */
export interface ClientSample extends Omit<ProcessRun, "stdout"> {
  /** Without the start of ours. */
  readonly workSeconds?: number;
}

/** One line of the clients' table, measured. */
export interface ClientResult {
  readonly row: ClientRow;
  readonly samples: ReadonlyMap<ClientName, readonly ClientSample[]>;
  /** What one run asks of all registries; empty where that was not counted. */
  readonly requests: ReadonlyMap<ClientName, number>;
}

/** Where and how often. */
export interface ClientRounds {
  readonly host: string;
  readonly other: string;
  readonly folder: string;
  /** Programs of ours, as they are installed; those that no row needs are left out. */
  readonly installed: Readonly<Partial<Record<ClientRow["ours"], readonly string[]>>>;
  readonly rounds: number;
  /** Measures a round again, so many times a row, when others were at work on the machine in it. */
  readonly quiet: boolean;
}

const execute = promisify(execFile);

/** Of all rows: what one of them pushes under the number of a run is new for the next one, too. */
let runs = 0;

/** A client in a row. */
interface Runner {
  readonly name: ClientName;
  readonly program: readonly string[];
  readonly command: CommandOf;
  /** Prints nothing of how long its work took. */
  readonly isCommand: boolean;
  readonly again: boolean;
  /** Makes files that are large and few. */
  readonly isLarge: boolean;
  readonly samples: ClientSample[];
}

/** Measures a row: one run of each client to warm up, then rounds of all clients in turn, the first one another in every round. */
export async function measureClients(row: ClientRow, where: ClientRounds): Promise<ClientResult> {
  const { folder, rounds, quiet } = where;
  const content = join(folder, row.id);
  await mkdir(content, { recursive: true });
  try {
    const runners = await runnersOf(row, where, content);
    await using far = row.roundTripMs === undefined ? undefined : await moveAway(where, row.roundTripMs);
    const once = (runner: Runner): Promise<ClientSample> => measureOne(runner, far ?? where, content, runs++);
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
    const requests = new Map<ClientName, number>();
    for (const runner of row.counted === true ? runners : [])
      requests.set(runner.name, await countRequests(runner, where, content, runs++));
    return { row, samples: new Map(runners.map(({ name, samples }) => [name, samples])), requests };
  } finally {
    if (row.slow === true) await rm(content, { recursive: true, force: true });
  }
}

/** The same registries, from far away. */
async function moveAway(where: ClientRounds, roundTripMs: number): Promise<ClientRounds & AsyncDisposable> {
  const [from, to] = [await startFarProxy(where.host, roundTripMs), await startFarProxy(where.other, roundTripMs)];
  return {
    ...where,
    host: from.host,
    other: to.host,
    async [Symbol.asyncDispose]() {
      await from[Symbol.asyncDispose]();
      await to[Symbol.asyncDispose]();
    },
  };
}

async function runnersOf(row: ClientRow, { host, installed }: ClientRounds, content: string): Promise<readonly Runner[]> {
  const ours = installed[row.ours];
  if (ours === undefined) throw new TypeError(`Cannot measure "${row.id}": there is no installed ${row.ours}`);
  const commands = await row.prepare(host, content);
  const kind = { isCommand: row.ours === "command", again: row.again === true, isLarge: row.slow === true };
  return [...findClients(ours)].flatMap(([name, program]) => {
    const command = commands[name];
    return command === undefined ? [] : [{ name, program, command, ...kind, samples: [] }];
  });
}

async function measureOne(runner: Runner, where: ClientRounds, content: string, run: number): Promise<ClientSample> {
  const { name, program, command, isCommand, again } = runner;
  const { folder, host, other } = where;
  const env = clientEnvironment(folder);
  // A program of the library's has Node keep what was compiled, as it could by `module.enableCompileCache()`.
  const ownEnv = isCommand ? env : { ...env, NODE_COMPILE_CACHE: join(folder, "compiled") };
  const { stdout, ...measured } = await inFolder(runner, where, join(content, `run-${run}`), async (own) => {
    await execute("sync"); // what other runs left to be written is not this one's work
    return await runProcess(command(program, { host, other, folder: own, run }), ownEnv);
  });
  if (name !== "berth") return measured;
  if (isCommand) {
    // What the command takes that does nothing, right behind it.
    const { seconds } = await runProcess([...program, "version"], env);
    return { ...measured, workSeconds: Math.max(0, measured.seconds - seconds) };
  }
  const { seconds: workSeconds }: { readonly seconds: number } = JSON.parse(stdout);
  return { ...measured, workSeconds, ...(again && { seconds: workSeconds }) };
}

/** Runs a client between proxies. */
async function countRequests(runner: Runner, where: ClientRounds, content: string, run: number): Promise<number> {
  const { folder, host, other } = where;
  await using from = await startCountingProxy(host);
  await using to = await startCountingProxy(other);
  await inFolder(runner, where, join(content, `run-${run}`), async (own) => {
    await runProcess(runner.command(runner.program, { host: from.host, other: to.host, folder: own, run }), clientEnvironment(folder));
  });
  return from.count + to.count;
}

/**
 * In an empty folder, and a home in which nothing is remembered: skopeo would know which registry has which blob. Small files stay until
 * everything was measured: once some hundred were removed, ext4 takes many times as long to make new ones, for minutes.
 */
async function inFolder<T>({ isLarge }: Runner, { folder }: ClientRounds, own: string, run: (own: string) => Promise<T>): Promise<T> {
  const home = join(folder, "home");
  await rm(home, { recursive: true, force: true });
  for (const made of [home, own]) await mkdir(made);
  try {
    return await run(own);
  } finally {
    if (isLarge) await rm(own, { recursive: true, force: true });
  }
}
