import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { bareEnvironment, run, type RunOptions, type RunResult } from "./command.ts";
import { startDaemon, type Daemon } from "./daemon.ts";
import { findPart, requirePart, type Part } from "./part.ts";
import { startInScratch, type Scratch } from "./scratch.ts";

/** Which engine, and where it keeps images. */
export interface DockerdOptions {
  /** `docker` is the system's 20.10, `docker-sid` brings 28. */
  readonly from: "docker" | "docker-sid";
  /** `graph` (overlay2, else vfs) converts what it pushes; `containerd` keeps manifests byte for byte (28 only). */
  readonly store: "graph" | "containerd";
  /** Registries to pull Docker Hub's images through: `registry-mirrors` of daemon.json. */
  readonly mirrors?: readonly string[];
}

/** A running Docker engine of its own. */
export interface Dockerd {
  /** A folder for the test's own files, removed by `stop`. */
  readonly folder: string;
  /** The storage driver that was taken: `overlay2`, `vfs` or `overlayfs` (containerd). */
  readonly driver: string;
  /** Runs the `docker` command of the same package, with a configuration folder of its own. */
  docker(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts dockerd in the foreground under a temporary folder: no bridge, no iptables, nothing of the system's engine is touched.
 * 127.0.0.0/8 is a plain-HTTP registry range for it as it is.
 * @throws {MissingPartError} when the part is not on this machine.
 */
export async function startDockerd(options: DockerdOptions): Promise<Dockerd> {
  const part = requirePart(options.from);
  return await startInScratch(async (scratch) => {
    const drivers = options.store === "containerd" ? ["overlayfs", "native"] : ["overlay2", "vfs"];
    const { daemon, driver } = await startWithFirst(drivers, (name) => startEngine(part, scratch, options, name));
    const config = scratch.join("client");
    await mkdir(`${config}/cli-plugins`, { recursive: true });
    if (options.from === "docker-sid") await copyFile(part.command("docker-buildx"), `${config}/cli-plugins/docker-buildx`);
    const env = { DOCKER_CONFIG: config, DOCKER_HOST: `unix://${scratch.join("d.sock")}`, HOME: scratch.path };
    return {
      folder: scratch.path,
      driver,
      docker: (args, more = {}) => run(part.command("docker"), args, { ...more, env: { ...env, ...more.env } }),
      stop: () => daemon.stop(),
    };
  });
}

/** Some machines cannot mount an overlay on their temporary folder: the slow driver works everywhere. */
async function startWithFirst(
  drivers: readonly string[],
  start: (driver: string) => Promise<Daemon>,
): Promise<{ readonly daemon: Daemon; readonly driver: string }> {
  let last: unknown;
  for (const driver of drivers) {
    try {
      return { daemon: await start(driver), driver };
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function startEngine(part: Part, scratch: Scratch, options: DockerdOptions, driver: string): Promise<Daemon> {
  const config: Record<string, unknown> = { "registry-mirrors": options.mirrors ?? [] };
  if (options.store === "containerd") config["features"] = { "containerd-snapshotter": true };
  await writeFile(scratch.join("daemon.json"), JSON.stringify(config));
  const args = [
    `--config-file=${scratch.join("daemon.json")}`,
    `--data-root=${scratch.join("data")}`,
    `--exec-root=${scratch.join("exec")}`,
    `--pidfile=${scratch.join("pid")}`,
    "-H",
    `unix://${scratch.join("d.sock")}`,
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--ip-masq=false",
    `--storage-driver=${driver}`,
  ];
  // The engine starts the containerd, shim and runc it finds first on PATH: its own package's, and the system's runc.
  const folders = [dirname(part.command("dockerd")), dirname(part.command("docker"))];
  const runc = findPart("runc");
  if (runc !== undefined) folders.push(dirname(runc.command("runc")));
  const env = { PATH: [...folders, bareEnvironment()["PATH"]].join(":"), HOME: scratch.path };
  return startDaemon(part.command("dockerd"), args, { env, ready: /API listen on/ });
}
