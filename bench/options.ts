import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Options {
  /** Ids of rows; empty for all. */
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly list: boolean;
  readonly help: boolean;
  /** Measures ours alone. */
  readonly noPeer: boolean;
  /** Measures rounds again that fell together with other work on the machine. */
  readonly quiet: boolean;
  /** Data in memory instead of on a disk. */
  readonly tmpfs: boolean;
  /** Where the data folders are made instead of the system's temporary folder. */
  readonly folder?: string;
  readonly json?: string;
  /** Command line of ours, with {port} and {data}. */
  readonly ours?: string;
  /** A folder for CPU profiles of ours. */
  readonly cpuProfile?: string;
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly warmSeconds: number;
}

/** What `--help` prints. */
export const USAGE = `npm run bench -- [options]

Runs our server and the reference registry (Debian's package docker-registry, and with BERTH_BENCH_PEER=/path/to/registry
a second one) beside each other under the same load, and prints a table; then our client and our command beside crane,
skopeo and oras, where they are installed, over one registry or between two.

Linux only. The default takes about seven minutes.

  --only ROW[,ROW]    these rows only (--list names them); "client" means all whose names begin with "client-"
  --quick             shorter rounds: under a minute, rougher
  --rounds N          rounds a row, alternating between the servers
  --seconds N         length of a round
  --quiet             measure a round again when others were at work on the machine
  --no-peer           ours alone
  --tmpfs             keep all data in memory (/dev/shm): no disk in the figures
  --folder DIR        keep data under DIR instead of the system's temporary folder
  --ours COMMAND      start ours with this command, in which {port} and {data} are filled in
  --cpu-prof DIR      leave a CPU profile of ours in DIR, and print where the time went
  --json FILE         write everything measured to FILE
`;

/** Reads the command line. @throws {TypeError} when it holds what is not an option. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      "no-peer": { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      tmpfs: { type: "boolean", default: false },
      folder: { type: "string" },
      json: { type: "string" },
      ours: { type: "string" },
      "cpu-prof": { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
    },
  });
  return {
    only: values.only.flatMap((value) => value.split(",")).filter((value) => value !== ""),
    quick: values.quick,
    list: values.list,
    help: values.help,
    noPeer: values["no-peer"],
    quiet: values.quiet,
    tmpfs: values.tmpfs,
    ...(values.folder === undefined ? {} : { folder: values.folder }),
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(values.ours === undefined ? {} : { ours: values.ours }),
    ...(values["cpu-prof"] === undefined ? {} : { cpuProfile: values["cpu-prof"] }),
    rounds: number("--rounds", values.rounds, values.quick ? 2 : 5),
    roundSeconds: number("--seconds", values.seconds, values.quick ? 0.5 : 1.2),
    warmSeconds: values.quick ? 0.3 : 1,
  };
}

function number(flag: string, given: string | undefined, otherwise: number): number {
  const value = given === undefined ? otherwise : Number(given);
  if (!(value > 0)) throw new TypeError(`Cannot read ${flag} "${given}": expected a number above 0`);
  return value;
}
