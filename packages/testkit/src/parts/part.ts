import { accessSync, constants, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { BerthError } from "@berth/oci";

/** A part as `.ci/install-parts` names it, with the commands it brings (paths inside its folder, or on the system). */
interface PartRow {
  /** True for a part unpacked under the parts folder; false for a package of the system. */
  readonly unpacked: boolean;
  readonly files: Readonly<Record<string, string>>;
}

const system = (files: Readonly<Record<string, string>>): PartRow => ({ unpacked: false, files });
const unpacked = (files: Readonly<Record<string, string>>): PartRow => ({ unpacked: true, files });

// System commands go by full path: a machine may carry another build of the same name earlier on PATH.
const PARTS: Readonly<Record<PartName, PartRow>> = {
  skopeo: system({ skopeo: "/usr/bin/skopeo" }),
  podman: system({ podman: "/usr/bin/podman" }),
  buildah: system({ buildah: "/usr/bin/buildah" }),
  umoci: system({ umoci: "/usr/bin/umoci" }),
  docker: system({ dockerd: "/usr/sbin/dockerd", docker: "/usr/bin/docker" }),
  containerd: system({ containerd: "/usr/bin/containerd", ctr: "/usr/bin/ctr" }),
  runc: system({ runc: "/usr/sbin/runc" }),
  "docker-registry": system({ "docker-registry": "/usr/bin/docker-registry" }),
  htpasswd: system({ htpasswd: "/usr/bin/htpasswd" }),
  openssl: system({ openssl: "/usr/bin/openssl" }),
  busybox: system({ busybox: "/bin/busybox" }),
  tmux: system({ tmux: "/usr/bin/tmux" }),
  crane: unpacked({ crane: "usr/bin/crane" }),
  oras: unpacked({ oras: "usr/bin/oras" }),
  cosign: unpacked({ cosign: "usr/bin/cosign" }),
  notation: unpacked({ notation: "usr/bin/notation" }),
  "umoci-sid": unpacked({ umoci: "usr/bin/umoci" }),
  "docker-sid": unpacked({
    dockerd: "usr/sbin/dockerd",
    docker: "usr/bin/docker",
    containerd: "usr/bin/containerd",
    ctr: "usr/bin/ctr",
    "docker-buildx": "usr/libexec/docker/cli-plugins/docker-buildx",
  }),
  "debian-image": unpacked({ layout: "oci" }),
};

/** The name of a real part, as `.ci/install-parts --list` prints it. */
export type PartName =
  | "skopeo"
  | "podman"
  | "buildah"
  | "umoci"
  | "docker"
  | "containerd"
  | "runc"
  | "docker-registry"
  | "htpasswd"
  | "openssl"
  | "busybox"
  | "tmux"
  | "crane"
  | "oras"
  | "cosign"
  | "notation"
  | "umoci-sid"
  | "docker-sid"
  | "debian-image";

/** A part that is on this machine. */
export interface Part {
  readonly name: PartName;
  /** The version that was unpacked; undefined for a package of the system (ask the command itself). */
  readonly version: string | undefined;
  /** The full path of one of the part's commands. @throws {TypeError} for a name the part does not have. */
  command(name: string): string;
}

/** A part is not on this machine. */
export class MissingPartError extends BerthError<"ERR_MISSING_PART"> {
  readonly parts: readonly PartName[];

  constructor(parts: readonly PartName[]) {
    super("ERR_MISSING_PART", `Cannot find ${parts.join(", ")}: run .ci/install-parts ${parts.join(" ")}`);
    this.parts = parts;
  }
}

/** The folder of unpacked parts: `BERTH_PARTS`, else `berth-parts` in the user's cache folder, as `.ci/install-parts` has it. */
export function partsFolder(): string {
  return process.env["BERTH_PARTS"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "berth-parts");
}

/** Looks a part up; undefined when any of its files is missing. Nothing is started. */
export function findPart(name: PartName): Part | undefined {
  const row: PartRow = PARTS[name];
  const folder = row.unpacked ? join(partsFolder(), name) : "";
  const files = new Map(Object.entries(row.files).map(([command, path]) => [command, row.unpacked ? join(folder, path) : path]));
  for (const path of files.values()) {
    if (!isReadable(path)) return undefined;
  }
  return {
    name,
    version: row.unpacked ? readVersion(join(folder, ".version")) : undefined,
    command(command) {
      const path = files.get(command);
      if (path === undefined) throw new TypeError(`Part "${name}" has no command "${command}"`);
      return path;
    },
  };
}

/** The part, or an error that names it. @throws {MissingPartError} when it is not on this machine. */
export function requirePart(name: PartName): Part {
  const part = findPart(name);
  if (part === undefined) throw new MissingPartError([name]);
  return part;
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false; // absent or not ours: the same to a caller that wants to run it
  }
}

function readVersion(path: string): string | undefined {
  return isReadable(path) ? readFileSync(path, "utf8").trim().split("\n")[0] : undefined;
}
