import { writeFile } from "node:fs/promises";
import { type Daemon, startDaemon } from "./daemon.ts";
import { htpasswdLine, type TestUser } from "./htpasswd.ts";
import { requirePart } from "./part.ts";
import { startInScratch } from "./scratch.ts";

/** A registry on loopback, plain HTTP. */
export interface RunningRegistry {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `127.0.0.1:PORT`, as clients write it in front of a name. */
  readonly host: string;
  readonly port: number;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** The registry of a daemon whose `ready` matched its port. */
export function onLoopback(daemon: Daemon): RunningRegistry {
  const port = Number(daemon.match[1]);
  return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, port, stop: () => daemon.stop() };
}

/** How the reference registry is set up. */
export interface DistributionOptions {
  /** The only user who gets in; default everybody does. */
  readonly user?: TestUser;
}

/** Starts Debian's docker-registry, deletes enabled, on a free port over an empty folder. @throws {MissingPartError} without the part. */
export async function startDistribution(options: DistributionOptions = {}): Promise<RunningRegistry> {
  const part = requirePart("docker-registry");
  return await startInScratch(async (scratch) => {
    const config: Record<string, unknown> = {
      version: "0.1",
      log: { level: "info", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: scratch.join("data") }, delete: { enabled: true } },
      http: { addr: "127.0.0.1:0" },
    };
    if (options.user !== undefined) {
      await writeFile(scratch.join("htpasswd"), await htpasswdLine(options.user));
      config["auth"] = { htpasswd: { realm: "test", path: scratch.join("htpasswd") } };
    }
    await writeFile(scratch.join("config.yml"), JSON.stringify(config)); // JSON is YAML
    const daemon = await startDaemon(part.command("docker-registry"), ["serve", scratch.join("config.yml")], {
      ready: /listening on 127\.0\.0\.1:(\d+)/,
    });
    return onLoopback(daemon);
  });
}
