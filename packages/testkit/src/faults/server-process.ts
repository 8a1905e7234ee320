import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bareEnvironment, CommandError } from "../parts/command.ts";
import { adoptGroup, killGroup } from "../parts/process-group.ts";

const MAIN = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
const READY = /Berth is listening on (http:\/\/[^\s]+)/;
const START_TIMEOUT_MS = 60_000;

/** How to start `berth serve`. */
export interface ServerOptions {
  /** The data folder. */
  readonly data: string;
  /** More flags. */
  readonly args?: readonly string[];
  /** Variables on top of a bare environment, such as `REGISTRY_UPLOADS_LEASEDURATION`. */
  readonly env?: Readonly<Record<string, string>>;
  /** A module to load before the program. */
  readonly preload?: string;
}

/** How a process ended. */
export interface Exit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A registry in a process of its own. */
export interface ServerProcess {
  /** Without a slash at the end. */
  readonly url: string;
  /** On the loopback. */
  readonly port: number;
  /** Of the process itself. */
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Everything that it printed. */
  log(): string;
  /** Sends a signal to the process alone. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it and all that it started, at once; safe to call again. */
  kill(): Promise<Exit>;
}

/** Starts a registry as a person does, on a free port, and waits until it answers. @throws {CommandError} when it ends before. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const preload = options.preload === undefined ? [] : ["--import", options.preload];
  const args = [
    "--conditions=berth-source",
    ...preload,
    MAIN,
    "serve",
    "--port",
    "0",
    "--data",
    options.data,
    "--delete",
    "--no-access-log",
    ...(options.args ?? []),
  ];
  const child = spawn(process.execPath, args, { env: bareEnvironment(options.env), detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const release = adoptGroup(child);
  let output = "";
  const exited = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => {
      killGroup(child, "SIGKILL"); // workers that outlived their parent
      release();
      resolve({ code, signal });
    });
  });
  const read = (chunk: Buffer): void => {
    output += chunk.toString("utf8");
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  const kill = async (): Promise<Exit> => {
    killGroup(child, "SIGKILL");
    return await exited;
  };
  try {
    const url = await readiness(child, () => output);
    return {
      url,
      port: Number(new URL(url).port),
      pid: child.pid ?? 0,
      exited,
      log: () => output,
      kill,
      signal: (signal) => void child.kill(signal),
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

function readiness(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new CommandError({ line: "berth serve", why, exitCode: child.exitCode ?? undefined, output: output() }));
    const timer = setTimeout(() => fail(`not ready after ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    const look = (): void => {
      const url = READY.exec(output())?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      fail("ended before it was ready");
    });
  });
}
