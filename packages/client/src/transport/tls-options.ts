import { createSecureContext, getCACertificates, type SecureContext, type SecureVersion } from "node:tls";
import { CertificatesError, loadHostCertificates } from "./certs-d.ts";

/** PEM; one text or several. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** How TLS is spoken. Everything holds for one transport, nothing for the process. */
export interface TlsOptions {
  /** Authorities that are trusted besides the usual ones: Node's own and those of NODE_EXTRA_CA_CERTS. */
  readonly ca?: Pem;
  /** Trusts `ca` alone; default false. */
  readonly onlyOwnCa?: boolean;
  /**
   * Trusts the authorities of the operating system too, or those that SSL_CERT_FILE and SSL_CERT_DIR name; default false, since looking them
   * up takes up to a third of a second. `when-needed`: from the first certificate on that no other authority vouches for.
   */
  readonly systemCa?: boolean | "when-needed";
  /** The client's certificate, with its key. */
  readonly cert?: Pem;
  /** That of `cert`. */
  readonly key?: Pem;
  /** Of the key. */
  readonly passphrase?: string;
  /** Accepts any certificate; default false. For tests: everybody on the way can read and change everything. */
  readonly insecure?: boolean;
  /** The name that is asked for and that the certificate must hold; default the host's. */
  readonly servername?: string;
  /** Default Node's own, TLSv1.2. */
  readonly minVersion?: SecureVersion;
}

/** What OpenSSL finds certificates by; it passes over everything else in silence. */
const PEM_CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;

/** Codes of OpenSSL for certificates that nobody vouches for who is trusted. */
const UNTRUSTED: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Whether a connection failed, or one that it needed, since another authority would have to be trusted. */
export function isUntrusted(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if ("code" in at && UNTRUSTED.has(at.code)) return true;
  return false;
}

/** What a connection to one host is made with; absent: as Node does. */
export interface TlsSettings {
  /** Authorities, certificates and keys. */
  readonly secureContext?: SecureContext;
  /** The name that is asked for; absent: the host's. */
  readonly servername?: string;
  /** False: anybody's certificate will do. */
  readonly rejectUnauthorized?: boolean;
}

/**
 * The settings for a host: `options`, and what the folders of `certs.d` have for it.
 *
 * @throws {CertificatesError} when certificates or keys are none, or not complete.
 */
export async function tlsSettings(host: string, options: TlsOptions, certsDirs: readonly string[]): Promise<TlsSettings> {
  const own = await loadHostCertificates(host, certsDirs);
  const given = list(options.ca);
  if (given.some((pem) => !PEM_CERTIFICATE.test(pem)))
    throw new CertificatesError(host, "what should hold authorities (tls.ca) has no certificate in PEM form");
  const ca = [...given, ...(own?.ca ?? [])];
  const cert = options.cert === undefined ? [...(own?.cert ?? [])] : list(options.cert);
  const key = options.cert === undefined ? [...(own?.key ?? [])] : list(options.key);
  const { servername, insecure, onlyOwnCa = false, minVersion, passphrase } = options;
  const systemCa = options.systemCa === true;
  const common = { ...(servername !== undefined && { servername }), ...(insecure === true && { rejectUnauthorized: false }) };
  const needsContext = ca.length > 0 || cert.length > 0 || systemCa || onlyOwnCa || minVersion !== undefined;
  if (!needsContext) return common;
  try {
    // made once a host: reading all the authorities for each connection would take 50 ms
    const secureContext = createSecureContext({
      ...((ca.length > 0 || systemCa || onlyOwnCa) && { ca: [...usual(onlyOwnCa, systemCa), ...ca] }),
      ...(cert.length > 0 && { cert, key }),
      ...(passphrase !== undefined && { passphrase }),
      ...(minVersion !== undefined && { minVersion }),
    });
    return { ...common, secureContext };
  } catch (error) {
    throw new CertificatesError(host, reasonOf(error, passphrase !== undefined), { cause: error });
  }
}

/** In words, what OpenSSL says of certificates and keys. */
function reasonOf(error: unknown, hasPassphrase: boolean): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") return "the key is not that of the certificate";
  if (code === "ERR_OSSL_BAD_DECRYPT")
    return hasPassphrase ? "the passphrase does not open the key" : "the key is encrypted, and there is no passphrase for it";
  return "a certificate or key is malformed, or they do not belong together";
}

function usual(onlyOwn: boolean, system: boolean): readonly string[] {
  if (onlyOwn) return [];
  const known = getCACertificates("default");
  return system ? [...new Set([...known, ...getCACertificates("system")])] : known;
}

function list(pem: Pem | undefined): string[] {
  if (pem === undefined) return [];
  const all = typeof pem === "string" || pem instanceof Uint8Array ? [pem] : pem;
  return all.map((one) => (typeof one === "string" ? one : Buffer.from(one).toString()));
}
