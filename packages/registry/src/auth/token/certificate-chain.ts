import { type KeyObject, X509Certificate } from "node:crypto";

/** Certificates of one chain, at most. */
const MAX_LENGTH = 10;

/** Characters of one certificate in base64, at most. */
const MAX_CERTIFICATE = 16_384;

/** Reads the `x5c` of a token's header: base64 of DER, the signer's certificate first. Undefined when it is none. @see RFC 7515, 4.1.6 */
export function parseChain(value: unknown): readonly X509Certificate[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_LENGTH) return undefined;
  const chain: X509Certificate[] = [];
  for (const text of value) {
    if (typeof text !== "string" || text.length > MAX_CERTIFICATE || !/^[A-Za-z0-9+/]+=*$/.test(text)) return undefined;
    try {
      chain.push(new X509Certificate(Buffer.from(text, "base64")));
    } catch {
      return undefined;
    }
  }
  return chain;
}

/**
 * The key of a chain's first certificate, if the chain leads to one of the roots and every certificate in it is valid now. The system's own
 * roots count for nothing.
 */
export function trustedKeyOf(chain: readonly X509Certificate[], roots: readonly X509Certificate[], now: Date): KeyObject | undefined {
  const [leaf] = chain;
  return leaf !== undefined && leadsToRoot(leaf, chain.slice(1), roots, now) ? leaf.publicKey : undefined;
}

/**
 * Goes up from a certificate to all that it leads to. The others may come in any order; each is looked at once, for there may be as many ways
 * up as the sender likes: certificates that issue each other.
 */
function leadsToRoot(
  certificate: X509Certificate,
  others: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): boolean {
  const reached = new Set([certificate]);
  for (const one of reached) {
    if (!isValidAt(one, now)) continue;
    if (roots.some((root) => root.fingerprint256 === one.fingerprint256)) return true;
    if (roots.some((root) => isValidAt(root, now) && issued(root, one))) return true;
    for (const other of others) if (!reached.has(other) && issued(other, one)) reached.add(other);
  }
  return false;
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate;
}
