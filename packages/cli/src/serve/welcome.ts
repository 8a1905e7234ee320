import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { RegistryConfig } from "@berth/registry/config";
import type { ListeningInfo } from "@berth/registry/daemon";

/** The lines that greet a person: where it listens, where it keeps data, and how to push and pull with what is installed. */
export function formatWelcome(info: ListeningInfo, config: RegistryConfig, env: Readonly<Record<string, string | undefined>>): string {
  const { driver } = config.storage;
  const url = localUrl(info, config);
  const data = driver.kind === "inmemory" ? "Data is kept in memory and lost at exit" : `Data is kept in ${resolve(driver.rootDirectory)}`;
  const lines = ["", `Berth is listening on ${url?.origin ?? info.address}`, data];
  if (url !== undefined) lines.push("", ...tryIt(url, config, env));
  return `${lines.join("\n")}\n\n`;
}

/** How a client on this machine reaches us; undefined for a Unix socket. */
function localUrl({ port, tls }: ListeningInfo, { http }: RegistryConfig): URL | undefined {
  if (http.address.net === "unix") return undefined;
  if (http.externalUrl !== undefined) return new URL(http.externalUrl);
  const everywhere = ["", "0.0.0.0", "::"].includes(http.address.host);
  const host = everywhere ? "127.0.0.1" : http.address.host;
  return new URL(`${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`);
}

function tryIt(url: URL, config: RegistryConfig, env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const tool = ["docker", "podman"].find((name) => isInstalled(name, env));
  const login = config.auth.kind === "none" ? [] : ["Log in:", `  ${tool ?? "docker"} login ${url.host}`];
  const image = `${url.host}${config.http.prefix}hello:v1`;
  if (tool === undefined) return withCurl(url, config);
  const insecure = tool === "podman" && url.protocol === "http:" ? "--tls-verify=false " : "";
  return [
    ...login.map((line) => (line.startsWith("  ") && insecure !== "" ? line.replace("login ", `login ${insecure}`) : line)),
    "Push an image:",
    `  echo hello > /tmp/hello && tar -cC /tmp hello | ${tool} import - ${image} && ${tool} push ${insecure}${image}`,
    "Pull it:",
    `  ${tool} pull ${insecure}${image}`,
  ];
}

/** Without an engine at hand: an empty image index is the smallest thing that can be pushed in one request. */
function withCurl(url: URL, config: RegistryConfig): readonly string[] {
  const manifest = `${url.origin}${config.http.prefix}v2/hello/manifests/v1`;
  const user = config.auth.kind === "none" ? "" : "-u USER ";
  const type = "application/vnd.oci.image.index.v1+json";
  return [
    "Push an empty index (docker or podman would push images):",
    `  curl ${user}-X PUT -H 'Content-Type: ${type}' -d '{"schemaVersion":2,"mediaType":"${type}","manifests":[]}' ${manifest}`,
    "Pull it:",
    `  curl ${user}-H 'Accept: ${type}' ${manifest}`,
  ];
}

function isInstalled(name: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return (env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return folder !== "";
    } catch {
      return false; // Not in this folder.
    }
  });
}
