import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, toolEnvironment } from "./workspace.ts";

/** Milliseconds that a server has to start in, and a command to end. */
const START_MS = 30_000;
const COMMAND_MS = 60_000;

/**
 * Uses the `berth` command of a project that it is installed in: serves a registry, pushes to it, looks and copies, twice each, as the
 * second time runs code that the first one kept. Gives what went wrong.
 */
export async function tryCommand(cwd: string): Promise<readonly string[]> {
  const program = join(cwd, "node_modules/.bin/berth");
  const env = { XDG_CACHE_HOME: join(cwd, "cache"), XDG_STATE_HOME: join(cwd, "state") };
  await writeFile(join(cwd, "note.txt"), "a note");
  const server = spawn(program, ["serve", "--port", "0", "--data", join(cwd, "data")], {
    cwd,
    env: { ...toolEnvironment(), ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let said = "";
  const problems: string[] = [];
  try {
    const host = await new Promise<string>((resolve, reject) => {
      const fail = (): void => reject(new Error(`the installed command serves no registry\n${said}`));
      setTimeout(fail, START_MS).unref();
      server.once("exit", fail);
      server.once("error", reject);
      server.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const [, address] = /listening on http:\/\/(\S+)/.exec(said) ?? [];
        if (address !== undefined) resolve(address);
      });
    });
    for (const round of ["first", "second"]) {
      const image = `${host}/notes/${round}:1`;
      const steps: readonly (readonly string[])[] = [
        ["push", image, "note.txt"],
        ["digest", image],
        ["ls", `${host}/notes/${round}`],
        ["manifest", "get", image],
        ["cp", image, `oci:${join(cwd, round)}:1`],
        ["cp", `oci:${join(cwd, round)}:1`, `${host}/copies/${round}:1`],
        ["save", image, "-o", join(cwd, `${round}.tar`), "--format-archive", "oci"],
        ["inspect", `oci:${join(cwd, round)}:1`],
        ["rm", "--force", `${host}/copies/${round}:1`],
      ];
      for (const args of steps) {
        const { code, output } = await run(program, args, { cwd, env, timeoutMs: COMMAND_MS });
        if (code !== 0)
          problems.push(`the installed command, the ${round} time: berth ${args.join(" ")} ended with code ${code}\n${output}`);
      }
    }
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    server.kill("SIGTERM");
    await ended;
  }
  return problems;
}
