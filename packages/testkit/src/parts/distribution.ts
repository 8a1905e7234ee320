import { type Daemon, startDaemon } from "./daemon.ts";
import { requirePart } from "./part.ts";
import { type DistributionOptions, writeRegistryConfig } from "./registry-config.ts";
import { startInScratch } from "./scratch.ts";

/** A registry on loopback. */
export interface RunningRegistry {
  /** `http://127.0.0.1:PORT`, or with `https`. */
  readonly url: string;
  /** `127.0.0.1:PORT`, as clients write it in front of a name. */
  readonly host: string;
  /** On the loopback. */
  readonly port: number;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** The registry of a daemon whose `ready` matched its port. */
export function onLoopback(daemon: Daemon, scheme: "http" | "https" = "http"): RunningRegistry {
  const port = Number(daemon.match[1]);
  return { url: `${scheme}://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, port, stop: () => daemon.stop() };
}

/** Starts Debian's docker-registry, deletes enabled, on a free port over an empty folder. @throws {MissingPartError} without the part. */
export async function startDistribution(options: DistributionOptions = {}): Promise<RunningRegistry> {
  return await startConfigured([requirePart("docker-registry").command("docker-registry"), "serve"], options);
}

/** Starts any registry that takes the reference registry's configuration file as its last argument, on a free port over an empty folder. */
export async function startConfigured(command: readonly string[], options: DistributionOptions = {}): Promise<RunningRegistry> {
  const [program = "", ...args] = command;
  return await startInScratch(async (scratch) => {
    const config = await writeRegistryConfig(scratch, options);
    const daemon = await startDaemon(program, [...args, config], {
      ready: /listening on 127\.0\.0\.1:(\d+)/,
      // From 3.0 on the reference registry would collect a trace of every request for a collector that nobody runs.
      env: { OTEL_TRACES_EXPORTER: "none" },
    });
    return onLoopback(daemon, options.tls === undefined ? "http" : "https");
  });
}
