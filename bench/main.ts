/** `npm run bench`: our server and the reference registry side by side, and a table of what was measured. Linux only. */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { formatProfile } from "./cpu-profile.ts";
import { registryVersion } from "./facts.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { formatFacts, formatTable, toJson } from "./report.ts";
import { type Row, ROWS } from "./rows.ts";
import { Run } from "./run.ts";
import { berth, type Candidate, distribution } from "./server.ts";

async function bench(options: Options): Promise<void> {
  const rows = chooseRows(options);
  const candidates = [oursOf(options), ...(options.noPeer ? [] : peers())];
  const run = new Run(options);
  let interrupted: number | undefined;
  const interrupt = (code: number): void => {
    interrupted ??= code;
    void run.close().finally(() => process.exit(code));
  };
  process.once("SIGINT", () => interrupt(130));
  process.once("SIGTERM", () => interrupt(143));
  try {
    const result = await run.measure(rows, candidates);
    console.log(`${formatFacts(result.facts)}\n\n${formatTable(result.rows, result.servers)}`);
    if (options.json !== undefined) writeFileSync(options.json, toJson(result.rows, result.facts));
    if (options.cpuProfile !== undefined) console.log(`\n${formatProfile(options.cpuProfile, result.oursBusy)}`);
  } catch (error) {
    // What was cut short fails in every way: only the interruption is worth telling.
    if (interrupted === undefined) throw error;
  } finally {
    await run.close();
  }
  if (interrupted !== undefined) process.exitCode = interrupted;
}

function chooseRows({ only, quick }: Options): readonly Row[] {
  const unknown = only.filter((id) => !ROWS.some((row) => row.id === id));
  if (unknown.length > 0)
    throw new TypeError(`Cannot find the row "${unknown.join('", "')}": there are ${ROWS.map(({ id }) => id).join(", ")}`);
  if (only.length > 0) return ROWS.filter(({ id }) => only.includes(id));
  return ROWS.filter(({ slow }) => !quick || slow !== true);
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
  else if (options.list) console.log(ROWS.map(({ id, work }) => `${id.padEnd(20)} ${work}`).join("\n"));
  else await bench(options);
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 1;
}
