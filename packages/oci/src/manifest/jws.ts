import { ManifestUnverifiedError } from "../content-errors.ts";
import { decodeBase64Url, encodeBase64Url } from "./base64url.ts";
import { isJsonObject, type JsonObject, parseJsonObject } from "./json.ts";

/** A public key as it stands in a signature. @see RFC 7517 */
export type PublicJwk = Readonly<Record<string, string>>;

/** One signature over a schema 1 manifest. */
export interface JwsSignature {
  readonly key: PublicJwk;
  /** As JWS calls it: `ES256`. Any other name fails when it is checked. */
  readonly algorithm: string;
  /** What was signed besides the payload, base64url. */
  readonly protectedHeader: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** A signed JSON document taken apart: what was signed, and by whom. */
export interface SignedJson {
  /** The exact bytes that were signed: the document before the signatures were put into it. */
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly signatures: readonly JwsSignature[];
}

/** Signatures of one manifest, at most. */
export const MAX_SIGNATURES = 32;

/**
 * Takes a document in the "pretty signature" form apart. Without signatures the payload is the document.
 *
 * @throws {InvalidManifestError} when it is no JSON object. @throws {ManifestUnverifiedError} when the signatures are malformed or
 * disagree on what they sign.
 */
export function parseSignedJson(bytes: Uint8Array): SignedJson {
  const list = parseJsonObject(bytes)["signatures"];
  if (list === undefined || list === null || (Array.isArray(list) && list.length === 0))
    return { payload: Uint8Array.from(bytes), signatures: [] };
  if (!Array.isArray(list) || list.length > MAX_SIGNATURES)
    throw new ManifestUnverifiedError(`expected at most ${MAX_SIGNATURES} signatures`);
  const signatures = list.map(readSignature);
  const formats = new Set(signatures.map(({ length, tail }) => `${length} ${tail}`));
  const [first] = signatures;
  if (first === undefined || formats.size > 1) throw new ManifestUnverifiedError("the signatures are over different documents");
  if (first.length > bytes.length) throw new ManifestUnverifiedError("formatLength is larger than the document");
  const tail = decodeBase64Url(first.tail);
  const payload = new Uint8Array(first.length + tail.length);
  payload.set(bytes.subarray(0, first.length));
  payload.set(tail, first.length);
  return { payload, signatures: signatures.map(({ signature }) => signature) };
}

interface ReadSignature {
  readonly signature: JwsSignature;
  readonly length: number;
  readonly tail: string;
}

function readSignature(value: unknown): ReadSignature {
  if (!isJsonObject(value)) throw new ManifestUnverifiedError("expected signatures to be objects");
  const header = value["header"];
  if (!isJsonObject(header) || !isJsonObject(header["jwk"])) throw new ManifestUnverifiedError("a signature has no key");
  const protectedHeader = wantString(value, "protected");
  const format = parseJsonObject(decodeBase64Url(protectedHeader));
  const length = format["formatLength"];
  if (typeof length !== "number" || !Number.isSafeInteger(length) || length < 0)
    throw new ManifestUnverifiedError("formatLength is missing");
  const signature: JwsSignature = {
    key: Object.fromEntries(Object.entries(header["jwk"]).flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : []))),
    algorithm: wantString(header, "alg"),
    protectedHeader,
    signature: decodeBase64Url(wantString(value, "signature")),
  };
  return { signature, length, tail: wantString(format, "formatTail") };
}

function wantString(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== "string" || value === "") throw new ManifestUnverifiedError(`${name} is missing in a signature`);
  return value;
}

/** WebCrypto's names of the algorithms that schema 1 manifests are signed with. */
const ALGORITHMS: ReadonlyMap<string, { readonly name: string; readonly hash: string; readonly namedCurve?: string }> = new Map([
  ["ES256", { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" }],
  ["ES384", { name: "ECDSA", hash: "SHA-384", namedCurve: "P-384" }],
  ["ES512", { name: "ECDSA", hash: "SHA-512", namedCurve: "P-521" }],
  ["RS256", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
  ["RS384", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" }],
  ["RS512", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" }],
]);

/** WebCrypto's parameters for a JWS algorithm. @throws {ManifestUnverifiedError} when it is unknown: `none` is. */
export function jwsAlgorithm(name: string): { readonly name: string; readonly hash: string; readonly namedCurve?: string } {
  const algorithm = ALGORITHMS.get(name);
  if (algorithm === undefined) throw new ManifestUnverifiedError(`unsupported algorithm "${name.slice(0, 32)}"`);
  return algorithm;
}

/** The bytes that a signature is computed over. */
export function signingInput(protectedHeader: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${protectedHeader}.${encodeBase64Url(payload)}`);
}
