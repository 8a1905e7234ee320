import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  htpasswdLine,
  onLoopback,
  type RunningRegistry,
  startDaemon,
  startDistribution,
  startInScratch,
  type TestUser,
} from "@berth/testkit/parts";

const MAIN = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));

/** How the registry of a test group is set up. */
export interface RegistryOptions {
  /** The only user who gets in; default everybody does. */
  readonly user?: TestUser;
}

/**
 * The one place that says which server the clients talk to: `berth serve` as a person starts it, on a free port over
 * an empty folder, deletes enabled. `BERTH_CLIENTS_AGAINST=distribution` takes Debian's docker-registry instead, which
 * tells whether a failure is the client's or ours (it knows no referrers, so some tests fail there by its nature).
 */
export function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  return process.env["BERTH_CLIENTS_AGAINST"] === "distribution" ? startDistribution(options) : startBerth(options);
}

async function startBerth(options: RegistryOptions): Promise<RunningRegistry> {
  return await startInScratch(async (scratch) => {
    const args = ["--conditions=berth-source", MAIN, "serve", "--port", "0", "--data", scratch.join("data"), "--delete"];
    if (options.user !== undefined) {
      await writeFile(scratch.join("users"), await htpasswdLine(options.user));
      args.push("--htpasswd", scratch.join("users"));
    }
    const daemon = await startDaemon(process.execPath, args, { ready: /Berth is listening on http:\/\/127\.0\.0\.1:(\d+)/ });
    return onLoopback(daemon);
  });
}
