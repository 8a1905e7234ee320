import { readFileSync } from "node:fs";
import type { SecureContextOptions } from "node:tls";
import { systemReason } from "@berth/oci/node";
import { CIPHER_SUITES, DEFAULT_CIPHER_SUITES } from "./cipher-suites.ts";
import { ConfigError, type ConfigIssue } from "./issues.ts";
import type { TlsConfig } from "./registry-config.ts";

/** What Node's TLS servers take, and what must be asked of a socket after the handshake. */
export interface TlsOptions extends SecureContextOptions {
  readonly requestCert: boolean;
  /** Node ends handshakes whose client certificate is missing or not signed by `ca`. */
  readonly rejectUnauthorized: boolean;
  /** True: a client without a certificate must be cut off after the handshake. */
  readonly needsCertificate: boolean;
  /** True: a client whose certificate is there but not signed by `ca` must be cut off after the handshake. */
  readonly verifiesGiven: boolean;
}

/**
 * Reads the files of `http.tls` (G10).
 *
 * @throws {ConfigError} naming each file that cannot be read or holds no PEM.
 */
export function readTls(tls: TlsConfig): TlsOptions {
  const issues: ConfigIssue[] = [];
  const cert = readPem(tls.certificate, "http.tls.certificate", "CERTIFICATE", issues);
  const key = readPem(tls.key, "http.tls.key", "PRIVATE KEY", issues);
  const ca = tls.clientCas.map((file, index) => readPem(file, `http.tls.clientcas.${index}`, "CERTIFICATE", issues));
  if (issues.length > 0) throw new ConfigError(issues);
  const asks = ca.length > 0;
  const names = tls.cipherSuites.length > 0 ? tls.cipherSuites : DEFAULT_CIPHER_SUITES;
  const ciphers = names.map((name) => CIPHER_SUITES[name]).filter((name) => name !== undefined);
  return {
    cert,
    key,
    ...(asks ? { ca } : {}),
    minVersion: tls.minimumTls === "tls1.3" ? "TLSv1.3" : "TLSv1.2",
    ciphers: ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256", ...ciphers].join(":"),
    honorCipherOrder: true,
    requestCert: asks,
    rejectUnauthorized: asks && tls.clientAuth === "require-and-verify-client-cert",
    needsCertificate: asks && (tls.clientAuth === "require-any-client-cert" || tls.clientAuth === "require-and-verify-client-cert"),
    verifiesGiven: asks && (tls.clientAuth === "verify-client-cert-if-given" || tls.clientAuth === "require-and-verify-client-cert"),
  };
}

function readPem(file: string, path: string, label: string, issues: ConfigIssue[]): string {
  try {
    const text = readFileSync(file, "utf8");
    if (!text.includes(label))
      issues.push({ path, message: `expected PEM with a ${label.toLowerCase()}: "${file}" has none`, severity: "error" });
    return text;
  } catch (error) {
    issues.push({
      path,
      message: `cannot read "${file}": ${systemReason(error)}`,
      severity: "error",
    });
    return "";
  }
}
