import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** What decides where credentials are looked for. Hand it over whole in tests: what it lacks is then not there. */
export interface CredentialEnvironment {
  /** Variables; default those of this process. Also what helpers are started with. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The user's folder; default `HOME` of `env`, and the system's answer when `env` is not given. */
  readonly home?: string;
  /** Default that of this process. */
  readonly platform?: NodeJS.Platform;
  /** The user's number, for `/run/containers`; default that of this process when `env` is not given. */
  readonly uid?: number;
}

/** An environment with its defaults filled in. */
export interface ResolvedEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home folder; undefined: there is none, and no file below it is looked at. */
  readonly home: string | undefined;
  readonly platform: NodeJS.Platform;
  /** The user's number; undefined where it is not known, or the system has none. */
  readonly uid: number | undefined;
}

/** Fills in defaults. */
export function resolveEnvironment(options: CredentialEnvironment): ResolvedEnvironment {
  const { env = process.env, platform = process.platform } = options;
  const own = options.env === undefined;
  const named = env[platform === "win32" ? "USERPROFILE" : "HOME"];
  return {
    env,
    platform,
    home: options.home ?? (named || (own ? homedir() : undefined)),
    uid: options.uid ?? (own ? process.getuid?.() : undefined),
  };
}

/** `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`; undefined without a home. */
export function dockerConfigPath({ env, home }: ResolvedEnvironment): string | undefined {
  const folder = env["DOCKER_CONFIG"];
  if (folder) return join(folder, "config.json");
  return home === undefined ? undefined : join(home, ".docker", "config.json");
}

/**
 * Files that may hold credentials, in the order in which they are asked: docker's, then those of podman, buildah and skopeo.
 *
 * @see containers-auth.json(5)
 */
export function credentialFiles(environment: ResolvedEnvironment): readonly string[] {
  const { env, home, platform, uid } = environment;
  const configFolder = env["XDG_CONFIG_HOME"] || (home === undefined ? undefined : join(home, ".config"));
  const runFolder = env["XDG_RUNTIME_DIR"] || undefined;
  const run =
    runFolder !== undefined
      ? join(runFolder, "containers", "auth.json")
      : uid !== undefined && platform === "linux"
        ? `/run/containers/${uid}/auth.json`
        : undefined;
  const paths = [
    dockerConfigPath(environment),
    env["REGISTRY_AUTH_FILE"] || undefined,
    run,
    configFolder && join(configFolder, "containers", "auth.json"),
  ];
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/** True when a program is on the PATH of an environment. */
export async function hasProgram(name: string, { env, platform }: ResolvedEnvironment): Promise<boolean> {
  const file = platform === "win32" ? `${name}.exe` : name;
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    if (folder === "") continue;
    const path = join(folder, file);
    try {
      await access(path, constants.X_OK);
      if ((await stat(path)).isFile()) return true;
    } catch {
      continue; // not here, or not ours to run
    }
  }
  return false;
}
