import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { BerthError } from "@berth/oci";
import { systemReason } from "@berth/oci/node";

/** Certificates of one host, PEM. */
export interface HostCertificates {
  /** Authorities that are trusted for it, besides the usual ones. */
  readonly ca: readonly string[];
  /** What we prove ourselves with; each certificate has the key of the same index. */
  readonly cert: readonly string[];
  /** The keys, in the order of `cert`. */
  readonly key: readonly string[];
}

/** A folder of certificates is not complete, or cannot be read. */
export class CertificatesError extends BerthError<"ERR_CERTIFICATES"> {
  constructor(host: string, reason: string, options?: { readonly cause?: unknown }) {
    super("ERR_CERTIFICATES", `Cannot use certificates for "${host}": ${reason}`, options);
  }
}

/** Where docker and the containers tools keep certificates of hosts: the user's own before the machine's. */
export function defaultCertsDirs(env: Readonly<Record<string, string | undefined>> = process.env): readonly string[] {
  const config = env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config");
  return [join(config, "containers", "certs.d"), "/etc/containers/certs.d", "/etc/docker/certs.d"];
}

/**
 * Reads the certificates of a host from the first of the folders that has some for it: `<dir>/<host>/*.crt` are authorities, `*.cert` with
 * `*.key` of the same name are ours. Undefined when there are none.
 *
 * @param host `host` or `host:port`; for port 443 both spellings are looked for.
 * @throws {CertificatesError} when a certificate lacks its key or the other way round, or a file cannot be read.
 * @see docker, "Verify repository client with certificates"; containers-certs.d(5)
 */
export async function loadHostCertificates(
  host: string,
  dirs: readonly string[] = defaultCertsDirs(),
): Promise<HostCertificates | undefined> {
  const names = /:\d+$/.test(host) ? [host] : [host, `${host}:443`];
  for (const dir of dirs) {
    for (const name of names) {
      const folder = join(dir, name);
      const files = await filesOf(folder, host);
      if (files !== undefined) return readAll(folder, files, host);
    }
  }
  return undefined;
}

async function filesOf(folder: string, host: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES" || code === "EPERM") return undefined; // the next folder may do
    throw new CertificatesError(host, `the folder "${folder}" cannot be read: ${systemReason(error)}`, { cause: error });
  }
}

async function readAll(folder: string, files: readonly string[], host: string): Promise<HostCertificates> {
  const withEnding = (ending: string): readonly string[] => files.filter((file) => file.endsWith(ending));
  const stem = (file: string): string => file.slice(0, file.lastIndexOf("."));
  const certs = withEnding(".cert");
  const keys = withEnding(".key");
  const lonelyCert = certs.find((file) => !keys.includes(`${stem(file)}.key`));
  if (lonelyCert !== undefined)
    throw new CertificatesError(host, `"${join(folder, lonelyCert)}" has no "${stem(lonelyCert)}.key" beside it`);
  const lonelyKey = keys.find((file) => !certs.includes(`${stem(file)}.cert`));
  if (lonelyKey !== undefined)
    throw new CertificatesError(host, `"${join(folder, lonelyKey)}" has no "${stem(lonelyKey)}.cert" beside it; ".crt" is for authorities`);
  const read = async (file: string): Promise<string> => {
    const path = join(folder, file);
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      throw new CertificatesError(host, `"${path}" cannot be read: ${systemReason(error)}`, { cause: error });
    }
  };
  return {
    ca: await Promise.all(withEnding(".crt").map(read)),
    cert: await Promise.all(certs.map(read)),
    key: await Promise.all(certs.map((file) => read(`${stem(file)}.key`))),
  };
}
