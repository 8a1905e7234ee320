import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readProcessTree, type ProcessUse } from "./process-stat.ts";

/** A registry that can be started over an empty folder. */
export interface Candidate {
  /** As the table names it. */
  readonly name: string;
  /** Ours; the others are what it is measured against. */
  readonly isOurs: boolean;
  /** Program and arguments to serve a port out of a folder; may write a configuration into the folder first. */
  readonly command: (port: number, folder: string) => Promise<readonly string[]>;
  /** Keeps what it compiled for the next start: it is started and stopped once before, as it would have been on any day but the first. */
  readonly keepsCompiled?: boolean;
  /** Variables that it is given beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

const START_MS = 20_000;
const STOP_MS = 10_000;

/** A registry that runs. */
export class Server {
  readonly candidate: Candidate;
  readonly port: number;
  /** Everything it keeps is below. */
  readonly folder: string;
  /** Resident memory when it had started and nothing had been asked. */
  readonly idleBytes: number;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(candidate: Candidate, port: number, folder: string, child: ChildProcess, output: () => string, idleBytes: number) {
    this.candidate = candidate;
    this.port = port;
    this.folder = folder;
    this.#child = child;
    this.#output = output;
    this.idleBytes = idleBytes;
  }

  /** Starts a registry and waits until it answers. @throws {Error} with its output when it does not. */
  static async start(candidate: Candidate, folder: string, children: Set<ChildProcess>): Promise<Server> {
    if (candidate.keepsCompiled === true) await (await Server.#launch(candidate, join(folder, "first-start"), children)).stop();
    return await Server.#launch(candidate, folder, children);
  }

  static async #launch(candidate: Candidate, folder: string, children: Set<ChildProcess>): Promise<Server> {
    await mkdir(folder, { recursive: true });
    const port = await freePort();
    const [program = "", ...args] = await candidate.command(port, folder);
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: join(import.meta.dirname, ".."),
      env: { ...process.env, ...candidate.env },
    });
    children.add(child);
    let output = "";
    const listen = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("error", listen);
    child.on("exit", (code, signal) => {
      children.delete(child);
      output += `\n(ended: ${signal ?? `code ${code}`})`;
    });
    const deadline = performance.now() + START_MS;
    while (!(await answers(port))) {
      if (child.exitCode !== null || child.pid === undefined || performance.now() > deadline) {
        child.kill("SIGKILL");
        throw new Error(`Cannot start ${candidate.name}: ${output.trim()}`);
      }
      await delay(50);
    }
    await delay(500);
    return new Server(candidate, port, folder, child, () => output.trim(), readProcessTree(child.pid ?? 0).rssBytes);
  }

  /** The end of what it wrote to its standard streams: only errors once it has started, and how it ended. */
  get output(): string {
    return this.#output();
  }

  /** What it has used so far. */
  use(): ProcessUse {
    return readProcessTree(this.#child.pid ?? 0);
  }

  /** Asks it to end, and ends it when it does not. */
  async stop(): Promise<void> {
    await stopProcess(this.#child);
  }
}

/** Ends a process, gently first. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v2/`, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // Not listening yet.
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port");
  return address.port;
}

/** Our own server, from sources or by a command in which {port} and {data} are filled in. */
export function berth(options: { readonly command?: string; readonly nodeArguments?: readonly string[] } = {}): Candidate {
  return {
    name: "Berth",
    isOurs: true,
    keepsCompiled: true,
    command: async (port, folder) => {
      const data = join(folder, "data");
      if (options.command !== undefined) {
        return options.command.split(" ").map((word) => word.replace("{port}", String(port)).replace("{data}", data));
      }
      const node = [process.execPath, ...(options.nodeArguments ?? [])];
      const flags = ["--port", String(port), "--data", data, "--delete", "--log-level", "error", "--no-access-log"];
      return [...node, "packages/cli/bin/berth.cjs", "serve", ...flags];
    },
  };
}

/** The reference registry, with the cache of descriptors that its own packages turn on. */
export function distribution(name: string, program: string): Candidate {
  return {
    name,
    isOurs: false,
    // From 3.0 on it would collect a trace of every request for a collector that nobody runs.
    env: { OTEL_TRACES_EXPORTER: "none" },
    command: async (port, folder) => {
      const file = join(folder, "config.yml");
      await writeFile(file, distributionConfig(port, join(folder, "data")));
      return [program, "serve", file];
    },
  };
}

function distributionConfig(port: number, data: string): string {
  return `version: 0.1
log:
  level: error
  accesslog:
    disabled: true
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: ${JSON.stringify(data)}
  delete:
    enabled: true
http:
  addr: 127.0.0.1:${port}
`;
}
