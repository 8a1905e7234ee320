import { ManifestUnverifiedError } from "../content-errors.ts";
import { encodeBase64Url } from "./base64url.ts";
import { type JwsSignature, jwsAlgorithm, parseSignedJson, type PublicJwk, signingInput } from "./jws.ts";

/**
 * The bytes of a schema 1 manifest without its signatures: those that its digest is computed over, and the only ones to be
 * believed when the signatures hold.
 *
 * @throws {InvalidManifestError} @throws {ManifestUnverifiedError} when the signatures are malformed.
 */
export function schema1Payload(bytes: Uint8Array): Uint8Array {
  return parseSignedJson(bytes).payload;
}

/** A schema 1 manifest whose signatures hold. Whether the keys are to be trusted is the caller's to decide. */
export interface VerifiedSchema1 {
  /** What was signed. Decode this, not the bytes that were verified: what else stands in those is not signed. */
  readonly payload: Uint8Array;
  /** The keys of all signatures. */
  readonly keys: readonly PublicJwk[];
}

/**
 * Checks every signature of a signed schema 1 manifest against the key that it carries.
 *
 * @throws {ManifestUnverifiedError} when there is no signature, or one does not hold.
 */
export async function verifySchema1(bytes: Uint8Array): Promise<VerifiedSchema1> {
  const { payload, signatures } = parseSignedJson(bytes);
  if (signatures.length === 0) throw new ManifestUnverifiedError("there is no signature");
  for (const signature of signatures) {
    if (!(await holds(signature, payload))) throw new ManifestUnverifiedError("a signature does not hold");
  }
  return { payload, keys: signatures.map(({ key }) => key) };
}

async function holds(signature: JwsSignature, payload: Uint8Array): Promise<boolean> {
  const algorithm = jwsAlgorithm(signature.algorithm);
  const { kid: _, ...jwk } = signature.key; // WebCrypto wants nothing of it
  try {
    const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, key, signature.signature, signingInput(signature.protectedHeader, payload));
  } catch (cause) {
    throw new ManifestUnverifiedError("the key of a signature is malformed", { cause });
  }
}

/** A key pair to sign with, by WebCrypto. */
export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** `ES256`, `RS256`, ... */
  readonly algorithm: string;
}

/**
 * Signs an unsigned schema 1 manifest, in the form that Docker wrote. New images should not be schema 1; this makes content for tests
 * and for registries that still serve it.
 *
 * @throws {TypeError} when `payload` does not end like a JSON object.
 */
export async function signSchema1(payload: Uint8Array, key: SigningKey): Promise<Uint8Array> {
  const formatLength = lengthWithoutTail(payload);
  const tail = payload.subarray(formatLength);
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const protectedHeader = encodeBase64Url(
    new TextEncoder().encode(JSON.stringify({ formatLength, formatTail: encodeBase64Url(tail), time })),
  );
  const algorithm = jwsAlgorithm(key.algorithm);
  const signature = await crypto.subtle.sign(algorithm, key.privateKey, signingInput(protectedHeader, payload));
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", key.publicKey);
  const block = {
    header: { jwk: { kty, crv, x, y, n, e }, alg: key.algorithm },
    signature: encodeBase64Url(new Uint8Array(signature)),
    protected: protectedHeader,
  };
  const list = JSON.stringify([block], undefined, 3).replaceAll("\n", "\n   ");
  const text = new TextDecoder();
  return new TextEncoder().encode(`${text.decode(payload.subarray(0, formatLength))},\n   "signatures": ${list}${text.decode(tail)}`);
}

/** Index behind the last byte that is neither space nor the closing brace. */
function lengthWithoutTail(payload: Uint8Array): number {
  let end = skipSpaceBackwards(payload, payload.length);
  if (payload[end - 1] !== 0x7d) throw new TypeError("Cannot sign manifest: expected a JSON object");
  end = skipSpaceBackwards(payload, end - 1);
  if (end === 0 || payload[end - 1] === 0x7b) throw new TypeError("Cannot sign manifest: expected an object with members");
  return end;
}

function skipSpaceBackwards(bytes: Uint8Array, from: number): number {
  let end = from;
  while (end > 0 && [0x20, 0x0a, 0x0d, 0x09].includes(bytes[end - 1] ?? 0)) end--;
  return end;
}
