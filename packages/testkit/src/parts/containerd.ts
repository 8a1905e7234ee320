import { mkdir, writeFile } from "node:fs/promises";
import { run, type RunOptions, type RunResult } from "./command.ts";
import { startDaemon } from "./daemon.ts";
import { requirePart } from "./part.ts";
import { startInScratch } from "./scratch.ts";

/** A running containerd of its own, driven by `ctr`. */
export interface Containerd {
  /** A folder for the test's own files, removed by `stop`. */
  readonly folder: string;
  /** Runs `ctr` in the namespace of the tests. */
  ctr(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts containerd under a temporary folder: `containerd` is the system's 1.6, `docker-sid` brings 2.x.
 * Pull with `--snapshotter native`: it needs no overlay mounts, and 2.x is set up to unpack there.
 * @throws {MissingPartError} when the part is not on this machine.
 */
export async function startContainerd(from: "containerd" | "docker-sid"): Promise<Containerd> {
  const part = requirePart(from);
  return await startInScratch(async (scratch) => {
    const socket = scratch.join("c.sock");
    const config = `version = 2
root = "${scratch.join("root")}"
state = "${scratch.join("state")}"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]
[grpc]
address = "${socket}"
[ttrpc]
address = "${scratch.join("t.sock")}"
[plugins."io.containerd.internal.v1.opt"]
path = "${scratch.join("opt")}"
[plugins."io.containerd.transfer.v1.local"]
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
platform = "linux/${process.arch === "x64" ? "amd64" : process.arch}"
snapshotter = "native"
`;
    await mkdir(scratch.join("opt"));
    await writeFile(scratch.join("config.toml"), config);
    const daemon = await startDaemon(part.command("containerd"), ["-c", scratch.join("config.toml")], {
      ready: /containerd successfully booted/,
    });
    return {
      folder: scratch.path,
      ctr: (args, options) => run(part.command("ctr"), ["-a", socket, "-n", "berth", ...args], options),
      stop: () => daemon.stop(),
    };
  });
}
