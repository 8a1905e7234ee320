import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";

/** A key of a token server: what registries trust, and what signs tokens (ES256). */
export interface SigningKey {
  /** Thumbprint of the public key, in the `kid` of its tokens. @see RFC 7638 */
  readonly kid: string;
  /** The public half, as an entry of a key set. */
  readonly jwk: Readonly<Record<string, string>>;
  /** Signs claims as a compact JSON Web Token. */
  sign(claims: Readonly<Record<string, unknown>>): string;
}

/** PEM texts of a P-256 `key` and of a `cert` for it. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/**
 * Makes a signing key: a new one, or that of a pair. With a pair its certificate goes into the `x5c` of every token, and registries that
 * know only a bundle of certificates (`rootcertbundle`) accept them.
 */
export function createSigningKey(pair?: KeyPair): SigningKey {
  const key = pair === undefined ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey : createPrivateKey(pair.key);
  const { kty, crv, x, y } = createPublicKey(key).export({ format: "jwk" });
  const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  const header = {
    typ: "JWT",
    alg: "ES256",
    kid,
    ...(pair && { x5c: [new X509Certificate(pair.cert).raw.toString("base64")] }),
  };
  const member = (value: string | undefined): string => value ?? "";
  return {
    kid,
    jwk: { kty: "EC", crv: "P-256", x: member(x), y: member(y), kid, use: "sig", alg: "ES256" },
    sign: (claims) => signToken(key, header, claims),
  };
}

function signToken(key: KeyObject, header: object, claims: object): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
