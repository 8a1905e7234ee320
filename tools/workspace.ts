import { spawn } from "node:child_process";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The folder of the repository. */
export const ROOT: string = dirname(import.meta.dirname);

/** The members of a package.json that the tools read. */
export interface PackageJson {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  /** What is packed, beside that which always is. */
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** One folder under `packages/`. */
export interface WorkspacePackage {
  /** Absolute. */
  readonly folder: string;
  readonly json: PackageJson;
}

/** Reads the package.json of a folder. */
export async function readPackageJson(folder: string): Promise<PackageJson> {
  const json: PackageJson = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return json;
}

/** The packages of the workspace in order of name. */
export async function workspacePackages(): Promise<readonly WorkspacePackage[]> {
  const packages: WorkspacePackage[] = [];
  for (const path of await files("packages/*/package.json")) {
    const folder = dirname(join(ROOT, path));
    packages.push({ folder, json: await readPackageJson(folder) });
  }
  return packages;
}

/** Files that match a pattern, relative to {@link ROOT}, sorted, without what is installed or built. */
export async function files(pattern: string | readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const exclude = (name: string): boolean => /(^|\/)(node_modules|dist|bundle|data|coverage)(\/|$)/.test(name);
  for await (const path of glob(pattern, { cwd: ROOT, exclude })) found.push(path.replaceAll("\\", "/"));
  return found.sort();
}

/** How a command ended. */
export interface CommandResult {
  readonly code: number;
  /** Standard output, then standard error. */
  readonly output: string;
  readonly stdout: string;
}

/** Options of {@link run}. */
export interface RunOptions {
  /** Default {@link ROOT}. */
  readonly cwd?: string;
  /** Written to standard input. */
  readonly input?: string;
  /** The command is killed after that; default 0, never. */
  readonly timeoutMs?: number;
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Those of this process, with the workspace's own Node and tools found first. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, NO_COLOR: "1", PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` };
}

/** Runs a command to its end. Commands of `node_modules/.bin` are found by name; a command that cannot start has code 127. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...toolEnvironment(), ...options.env },
    timeout: options.timeoutMs ?? 0,
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.on("error", (error) => resolve({ code: 127, output: error.message, stdout: "" }));
  child.on("close", (code, signal) => {
    const out = Buffer.concat(stdout).toString();
    const note = signal === null ? "" : `\nkilled by ${signal}`;
    resolve({ code: code ?? 128, output: out + Buffer.concat(stderr).toString() + note, stdout: out });
  });
  child.stdin.on("error", () => undefined); // a command that does not read its input may close it
  child.stdin.end(options.input ?? "");
  return promise;
}

/** Prints what is wrong, one a line, and makes the process fail; prints `fine` when nothing is. */
export function report(problems: readonly string[], fine: string): void {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(fine);
}
