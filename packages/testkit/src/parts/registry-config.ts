import { writeFile } from "node:fs/promises";
import { htpasswdLine, type TestUser } from "./htpasswd.ts";
import type { Scratch } from "./scratch.ts";

/** A token server as registries know it. */
export interface TokenAuth {
  /** The URL that challenges name. */
  readonly realm: string;
  /** Who tokens are made for. */
  readonly service: string;
  /** Who makes them. */
  readonly issuer: string;
  /** PEM of the certificate whose key signs tokens. */
  readonly certificate: string;
}

/** Files of a registry's own certificate. */
export interface RegistryTls {
  /** PEM. */
  readonly certPath: string;
  /** PEM. */
  readonly keyPath: string;
  /** Clients must show a certificate of this authority; default they need none. */
  readonly clientCaPath?: string;
}

/** How a registry with the reference registry's configuration file is set up. */
export interface DistributionOptions {
  /** The only user who gets in; default everybody does. */
  readonly user?: TestUser;
  /** Who gets in is decided by a token server. */
  readonly token?: TokenAuth;
  /** HTTPS with this certificate; default plain HTTP. */
  readonly tls?: RegistryTls;
}

/** Writes the configuration of a registry over an empty folder, deletes enabled, on a free port; returns the file's path. */
export async function writeRegistryConfig(scratch: Scratch, { user, token, tls }: DistributionOptions): Promise<string> {
  const config: Record<string, unknown> = {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: scratch.join("data") }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", ...(tls && { tls: tlsSection(tls) }) },
  };
  if (user !== undefined) {
    await writeFile(scratch.join("htpasswd"), await htpasswdLine(user));
    config["auth"] = { htpasswd: { realm: "test", path: scratch.join("htpasswd") } };
  }
  if (token !== undefined) {
    const { certificate, ...section } = token;
    await writeFile(scratch.join("token.crt"), certificate);
    config["auth"] = { token: { ...section, rootcertbundle: scratch.join("token.crt") } };
  }
  const path = scratch.join("config.yml");
  await writeFile(path, JSON.stringify(config)); // JSON is YAML
  return path;
}

function tlsSection({ certPath, keyPath, clientCaPath }: RegistryTls): object {
  return { certificate: certPath, key: keyPath, ...(clientCaPath !== undefined && { clientcas: [clientCaPath] }) };
}
