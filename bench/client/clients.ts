import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { findPart } from "@berth/testkit/parts";

/** Clients that are measured. */
export type ClientName = "berth" | "crane" | "skopeo" | "oras";

/** Those that ours is measured against. */
export const OTHER_CLIENTS: readonly Exclude<ClientName, "berth">[] = ["crane", "skopeo", "oras"];

/** The program and first arguments of each client that is on this machine. */
export function findClients(ours: readonly string[]): ReadonlyMap<ClientName, readonly string[]> {
  const clients = new Map<ClientName, readonly string[]>([["berth", ours]]);
  for (const name of OTHER_CLIENTS) {
    const part = findPart(name);
    if (part !== undefined) clients.set(name, [part.command(name)]);
  }
  return clients;
}

/** A client's version; what to do about one that is not there. */
export function describeClient(name: Exclude<ClientName, "berth">): string {
  const part = findPart(name);
  if (part === undefined) return `not measured: not on this machine (.ci/install-parts ${name} installs it)`;
  const said = part.version ?? execFileSync(part.command(name), ["--version"], { encoding: "utf8", timeout: 10_000 });
  return /\d+\.\d[\w.+~-]*/.exec(said)?.[0] ?? said.trim();
}

/** What clients run with: nothing of the user's is read or remembered. */
export function clientEnvironment(folder: string): Readonly<Record<string, string>> {
  const home = join(folder, "home");
  return {
    HOME: home,
    DOCKER_CONFIG: home,
    XDG_RUNTIME_DIR: home,
    // skopeo remembers which registry has which blob, and would mount what it is to push; as root it does so elsewhere
    XDG_DATA_HOME: home,
    _CONTAINERS_ROOTLESS_UID: "1000",
    XDG_CACHE_HOME: join(folder, "cache"), // where the `berth` command keeps what was compiled, from the warm-up on
  };
}
