/** `npm run bench`: our server and the reference registry side by side, and a table of what was measured. */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { topFunctions } from "./cpu-profile.ts";
import { machineFacts, registryVersion } from "./facts.ts";
import { Generator } from "./generator.ts";
import { Conductor, median, type RowResult } from "./measure.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { formatTable, toJson } from "./report.ts";
import { type Row, ROWS } from "./rows.ts";
import { berth, type Candidate, distribution, Server, stopProcess } from "./server.ts";

const MEMORY = "/dev/shm";

async function bench(options: Options): Promise<void> {
  const rows = chooseRows(options);
  const candidates = [oursOf(options), ...(options.noPeer ? [] : peers())];
  const folder = mkdtempSync(join(resolve(options.tmpfs ? MEMORY : (options.folder ?? tmpdir())), "berth-bench-"));
  const memoryFolder = options.tmpfs ? folder : mkdtempSync(join(MEMORY, "berth-bench-"));
  const children = new Set<ChildProcess>();
  const generator = new Generator();
  const cleanUp = async (): Promise<void> => {
    generator.close();
    await Promise.all([...children].map(stopProcess));
    for (const each of [folder, memoryFolder]) rmSync(each, { recursive: true, force: true, maxRetries: 3 });
  };
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(code)));
  }

  try {
    const facts = machineFacts(folder);
    const conductor = new Conductor(generator, options);
    const start = (root: string): Promise<Server[]> =>
      Promise.all(candidates.map((candidate, number) => Server.start(candidate, join(root, String(number)), children)));
    const servers: Server[] = [];
    const results: RowResult[] = [];
    const run = async (wanted: readonly Row[], root: string): Promise<void> => {
      if (wanted.length === 0) return;
      const started = await start(root);
      servers.push(...started);
      for (const row of wanted) {
        process.stderr.write(`${row.work} ...\n`);
        const result = await conductor.measure(row, row.oursOnly === true ? started.filter(({ candidate }) => candidate.isOurs) : started);
        results.push(result);
      }
      for (const server of started) await server.stop();
    };
    await run(
      rows.filter(({ inMemory }) => inMemory !== true),
      folder,
    );
    await run(
      rows.filter(({ inMemory }) => inMemory === true),
      memoryFolder,
    );
    results.sort((a, b) => ROWS.indexOf(a.row) - ROWS.indexOf(b.row));
    const others = results.flatMap(({ measured }) => measured.flatMap(({ samples }) => samples.map(({ otherLoad }) => otherLoad)));
    facts["Other work on the machine"] = `${Math.round(median(others) * 100)} % of its processors (median of the rounds)`;
    facts["Rounds"] =
      `${options.rounds} of ${options.roundSeconds} s for each row and server, in turn, after ${options.warmSeconds} s of warm-up`;
    const named = servers.filter(({ candidate }, index) => servers.findIndex((other) => other.candidate === candidate) === index);
    console.log(
      Object.entries(facts)
        .map(([name, value]) => `- ${name}: ${value}`)
        .join("\n"),
    );
    console.log(`\n${formatTable(results, named)}`);
    if (options.json !== undefined) writeFileSync(options.json, toJson(results, facts));
    if (options.cpuProfile !== undefined) console.log(`\n${topFunctions(options.cpuProfile, 30)}`);
  } finally {
    await cleanUp();
  }
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
  if (version === undefined)
    throw new TypeError("Cannot find docker-registry: install Debian's package of that name, or measure ours alone with --no-peer");
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
