import { parseHostPort } from "../address.ts";
import { DROPPED_SUITES } from "../cipher-suites.ts";
import type { ConfigReader } from "../reader.ts";
import type { ClientAuth, HttpConfig, ListenAddress, TlsConfig } from "../registry-config.ts";

/** `http` (G9, G10). */
export function buildHttp(read: ConfigReader): HttpConfig {
  const h2c = read.flag("http.h2c.enabled");
  const http2 = !read.flag("http.http2.disabled");
  const tls = buildTls(read);
  const proxies = read.texts("http.trustedproxies");
  return {
    address: buildAddress(read),
    externalUrl: read.optionalText("http.host")?.replace(/\/+$/, ""),
    prefix: read.text("http.prefix"),
    relativeUrls: read.flag("http.relativeurls"),
    tls,
    headers: Object.fromEntries(read.entries("http.headers").map(([name]) => [name, headerValues(read, name)])),
    drainTimeoutMs: read.number("http.draintimeout"),
    http2,
    h2c: h2c && tls === undefined,
    trustedProxies: proxies === undefined || proxies.includes("all") ? "all" : proxies,
    timeouts: {
      headersMs: read.number("http.timeouts.headers"),
      bodyStallMs: read.number("http.timeouts.bodystall"),
      keepAliveMs: read.number("http.timeouts.keepalive"),
    },
    limits: { headerBytes: read.number("http.limits.headerbytes"), connections: read.number("http.limits.connections") },
  };
}

function headerValues(read: ConfigReader, name: string): readonly string[] {
  const values = read.entries("http.headers").find(([key]) => key === name)?.[1];
  const texts = Array.isArray(values) ? values.filter((value): value is string => typeof value === "string") : [];
  const fits = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && texts.every((text) => /^[\t\x20-\x7e\x80-\xff]*$/.test(text));
  if (!fits) read.say("http.headers", `cannot be sent: header "${name}" has a character that HTTP forbids`, "error");
  return texts;
}

function buildAddress(read: ConfigReader): ListenAddress {
  const text = read.text("http.addr");
  if (read.text("http.net") === "unix") return { net: "unix", path: text };
  const address = parseHostPort(text);
  if (address === undefined) read.say("http.addr", `expected host:port, such as :5000, got "${text.slice(0, 80)}"`, "error");
  return { net: "tcp", host: address?.host ?? "", port: address?.port ?? 0 };
}

function buildTls(read: ConfigReader): TlsConfig | undefined {
  const certificate = read.optionalText("http.tls.certificate");
  const key = read.optionalText("http.tls.key");
  if (read.optionalText("http.tls.letsencrypt.cachefile") !== undefined) {
    read.say(
      "http.tls.letsencrypt",
      "cannot be honoured: ACME is not built yet, and without it the registry would speak plain HTTP",
      "error",
    );
  } else if (read.has("http.tls.letsencrypt")) {
    read.say("http.tls.letsencrypt", "has no effect: it names no cachefile", "info");
  }
  if ((certificate === undefined) !== (key === undefined))
    read.say("http.tls", `needs both certificate and key: ${certificate === undefined ? "certificate" : "key"} missing`, "error");
  if (certificate === undefined || key === undefined) {
    if (read.isSet("http.tls.clientcas"))
      read.say("http.tls.clientcas", "needs certificate and key: without them clients are not asked for certificates", "error");
    return undefined;
  }
  const minimum = read.text("http.tls.minimumtls");
  if (minimum === "tls1.0" || minimum === "tls1.1")
    read.say("http.tls.minimumtls", `is raised to tls1.2: "${minimum}" is not safe`, "warning");
  const suites = read.texts("http.tls.ciphersuites") ?? [];
  if (minimum === "tls1.3" && suites.length > 0) read.say("http.tls.ciphersuites", "has no effect: TLS 1.3 has its own suites", "warning");
  const dropped = suites.filter((suite) => DROPPED_SUITES.includes(suite));
  if (dropped.length > 0) read.say("http.tls.ciphersuites", `leaves out ${dropped.join(", ")}: not safe`, "warning");
  return {
    certificate,
    key,
    clientCas: read.texts("http.tls.clientcas") ?? [],
    clientAuth: CLIENT_AUTH.find((mode) => mode === read.text("http.tls.clientauth")) ?? "require-and-verify-client-cert",
    minimumTls: minimum === "tls1.3" ? "tls1.3" : "tls1.2",
    cipherSuites: suites.filter((suite) => !dropped.includes(suite)),
  };
}

const CLIENT_AUTH: readonly ClientAuth[] = [
  "request-client-cert",
  "require-any-client-cert",
  "verify-client-cert-if-given",
  "require-and-verify-client-cert",
];
