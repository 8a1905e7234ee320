import { fileURLToPath } from "node:url";
import { type RunOptions, run, type RunResult, type Scratch } from "@berth/testkit/parts";

/** The command as people start it: of a checkout it runs the sources. `BERTH_INTEROP_CLI` names another entry, such as the bundle. */
export const BERTH: string =
  process.env["BERTH_INTEROP_CLI"] ?? fileURLToPath(new URL("../../../packages/cli/bin/berth.cjs", import.meta.url));

/** What was compiled is kept from one home, and one run, to the next: else each test file would compile everything once more. */
const COMPILED = fileURLToPath(new URL("../../../node_modules/.cache/berth-compiled", import.meta.url));

/** Runs `berth` in a process of its own. */
export type Cli = (args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** Where `berth` and the other clients keep what they know of a person: a home of its own, and credentials in docker's form. */
export function homeOf(scratch: Scratch): Record<string, string> {
  const docker = scratch.join("home", ".docker");
  return {
    HOME: scratch.join("home"),
    DOCKER_CONFIG: docker,
    REGISTRY_AUTH_FILE: `${docker}/config.json`,
    XDG_RUNTIME_DIR: scratch.join("home", "run"),
  };
}

/** Makes a way to run `berth` as a person whose home is in a folder. Fails when the exit code is not 0, unless `mayFail`. */
export function cliIn(scratch: Scratch): Cli {
  return async (args, options = {}) =>
    await run(process.execPath, [BERTH, ...args], {
      cwd: scratch.path,
      ...options,
      env: { ...homeOf(scratch), NODE_COMPILE_CACHE: COMPILED, ...options.env },
    });
}
