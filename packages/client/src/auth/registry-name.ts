import { registryTrafficHost } from "@berth/oci";

const DOCKER_HUB_TRAFFIC_HOST = registryTrafficHost("docker.io");

/**
 * The one name of a registry: lower case, without the default port of HTTPS, and `docker.io` for all three names of Docker Hub.
 *
 * @param host host, perhaps with a port.
 */
export function registryName(host: string): string {
  const name = host.toLowerCase().replace(/:443$/, "");
  return registryTrafficHost(name) === DOCKER_HUB_TRAFFIC_HOST ? "docker.io" : name;
}

/** True when a request to `url` reaches the registry; the default port of the URL's scheme does not count. */
export function isRegistryUrl(url: URL, registry: string): boolean {
  const host = registryTrafficHost(registry.toLowerCase());
  return host === url.host || URL.parse(`${url.protocol}//${host}`)?.host === url.host;
}
