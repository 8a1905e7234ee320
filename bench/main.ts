/** `npm run bench`: our server and the reference registry side by side, and a table of what was measured. Linux only. */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { clientFacts, formatClients } from "./client/report.ts";
import type { ClientRow } from "./client/row.ts";
import { CLIENT_ROWS } from "./client/rows.ts";
import { formatProfile } from "./cpu-profile.ts";
import { registryVersion } from "./facts.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { formatFacts, formatTable, toJson } from "./report.ts";
import { type Row, ROWS } from "./rows.ts";
import { Run } from "./run.ts";
import { berth, type Candidate, distribution } from "./server.ts";

const ALL_ROWS: readonly { readonly id: string; readonly work: string }[] = [...ROWS, ...CLIENT_ROWS];

async function bench(options: Options): Promise<void> {
  const { rows, clientRows } = chooseRows(options);
  const ours = oursOf(options);
  const candidates = [ours, ...(options.noPeer ? [] : peers())];
  const run = new Run(options);
  let interrupted: number | undefined;
  const interrupt = (code: number): void => {
    interrupted ??= code;
    void run.close().finally(() => process.exit(code));
  };
  process.once("SIGINT", () => interrupt(130));
  process.once("SIGTERM", () => interrupt(143));
  try {
    const { rows: results, servers, facts, oursBusy } = await run.measure(rows, rows.length === 0 ? [] : candidates);
    // One registry for all clients; not ours where there is another, so that nobody is at home, and the newest of those.
    const registry = candidates.at(-1) ?? ours;
    const clients = clientRows.length === 0 ? [] : await run.measureClients(clientRows, registry);
    const allFacts = clients.length === 0 ? facts : { ...facts, ...clientFacts(clients) };
    console.log(formatFacts(allFacts));
    if (results.length > 0) console.log(`\n${formatTable(results, servers)}`);
    if (clients.length > 0) console.log(`\n${formatClients(clients, registry.name)}`);
    if (options.json !== undefined) writeFileSync(options.json, toJson(results, allFacts, clients));
    if (options.cpuProfile !== undefined) console.log(`\n${formatProfile(options.cpuProfile, oursBusy)}`);
  } catch (error) {
    // What was cut short fails in every way: only the interruption is worth telling.
    if (interrupted === undefined) throw error;
  } finally {
    await run.close();
  }
  if (interrupted !== undefined) process.exitCode = interrupted;
}

/** Rows by id, or by how their ids begin. */
function chooseRows({ only, quick }: Options): { readonly rows: readonly Row[]; readonly clientRows: readonly ClientRow[] } {
  const isCalled = (name: string, id: string): boolean => id === name || id.startsWith(`${name}-`);
  const unknown = only.filter((name) => !ALL_ROWS.some(({ id }) => isCalled(name, id)));
  if (unknown.length > 0)
    throw new TypeError(`Cannot find the row "${unknown.join('", "')}": there are ${ALL_ROWS.map(({ id }) => id).join(", ")}`);
  const isWanted = ({ id, slow }: Pick<Row, "id" | "slow">): boolean =>
    only.length > 0 ? only.some((name) => isCalled(name, id)) : !quick || slow !== true;
  return { rows: ROWS.filter(isWanted), clientRows: CLIENT_ROWS.filter(isWanted) };
}

function oursOf({ ours, cpuProfile }: Options): Candidate {
  if (cpuProfile !== undefined) mkdirSync(cpuProfile, { recursive: true });
  const nodeArguments = cpuProfile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(cpuProfile)}`];
  return berth({ nodeArguments, ...(ours === undefined ? {} : { command: ours }) });
}

function peers(): readonly Candidate[] {
  const extra = process.env["BERTH_BENCH_PEER"];
  const version = registryVersion("docker-registry");
  if (version === undefined) {
    throw new TypeError("Cannot find docker-registry: install Debian's package of that name, or measure ours alone with --no-peer");
  }
  const debian = distribution(`docker-registry ${version}`, "docker-registry");
  if (extra === undefined || extra === "") return [debian];
  const extraVersion = registryVersion(extra);
  if (extraVersion === undefined) throw new TypeError(`Cannot run "${extra}", which BERTH_BENCH_PEER names`);
  return [debian, distribution(`distribution ${extraVersion}`, extra)];
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else if (options.list) console.log(ALL_ROWS.map(({ id, work }) => `${id.padEnd(26)} ${work}`).join("\n"));
  else await bench(options);
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 1;
}
