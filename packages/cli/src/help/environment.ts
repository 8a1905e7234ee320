import { SHARED_FLAGS, variableOf } from "../flags/shared-flags.ts";

const OTHERS: readonly (readonly [string, string])[] = [
  ["BERTH_PASSWORD", "the password of --user and BERTH_USER"],
  ["BERTH_CONFIG", "the config file; default berth/config.yml in XDG_CONFIG_HOME, else in ~/.config"],
  ["BERTH_CACHE", "folder of caches; default XDG_CACHE_HOME, else ~/.cache"],
  ["XDG_STATE_HOME", "what is remembered of uploads under way, and of where blobs are; default ~/.local/state"],
  ["DOCKER_CONFIG", "folder of docker's config.json; default ~/.docker"],
  ["DOCKER_AUTH_CONFIG", "the text of a config.json, for runners of CI"],
  ["REGISTRY_AUTH_FILE", "auth.json of podman, buildah and skopeo"],
  ["HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "proxies (http, https or socks5), in upper or lower case"],
  ["NODE_EXTRA_CA_CERTS", "authorities that are trusted too (PEM)"],
  ["SSL_CERT_FILE, SSL_CERT_DIR", "where the authorities of the system are, which are trusted too"],
  ["SOURCE_DATE_EPOCH", "the time that is written into what is made"],
  ["NO_COLOR", "no colors"],
];

/** `berth help env`. */
export function environmentPage(): string {
  const flags = SHARED_FLAGS.filter(({ variable }) => variable !== false).map(({ name }) => [variableOf(name), `--${name}`] as const);
  const sided = SHARED_FLAGS.filter((flag) => flag.sided === true && flag.variable !== false).map(({ name }) =>
    variableOf(name).slice("BERTH_".length),
  );
  return `Environment

A flag wins over a variable, a variable over the config file, and that over docker's config.

Variables that stand for flags (1 or 0 for those without a value):
${columns(flags)}
Commands with two sides also have BERTH_FROM_... and BERTH_TO_... of
  ${sided.join(", ")}.

Others:
${columns(OTHERS)}
The config file says how single registries are reached:

  registries:
    docker.io:
      mirrors: [mirror.local:5000]   # hosts alone, asked first, to read
    mirror.local:5000:
      priority: 10                   # among mirrors the highest is asked first
      pathPrefix: hub                # stands before names when it is asked as a mirror
      answerTimeout: 5s              # for its first answer as a mirror, then the next place is asked; default 15s
      plainHttp: true                # and: insecure, caFile, cert, key
      trustedRealms: [auth.local]    # token servers in private networks; http://auth.local: without TLS, too
      chunkSize: 16MiB               # requests of uploads hold no more
      requestsPerSecond: 20
      concurrency: 4                 # connections at a time
`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join("");
}
