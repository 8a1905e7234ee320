import { createPublicKey, createSecretKey, type JsonWebKeyInput, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { calculateJwkThumbprint, type JWTHeaderParameters } from "jose";
import { parseChain, trustedKeyOf } from "./certificate-chain.ts";
import { TokenKeyError } from "./errors.ts";
import { legacyKeyId } from "./legacy-key-id.ts";

/** Where the keys of a token server are. */
export interface TokenKeyFiles {
  /** Certificates in PEM: their keys are trusted, and so is what they sign. */
  readonly rootCertBundle?: string | undefined;
  /** A JSON Web Key Set, `{"keys": [...]}`. */
  readonly jwks?: string | undefined;
}

type JsonWebKey = JsonWebKeyInput["key"] & { readonly kid?: unknown };

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The keys that a token may be signed with. */
export class TrustedKeys {
  readonly #roots: readonly X509Certificate[];
  readonly #keys: ReadonlyMap<string, KeyObject>;

  constructor(roots: readonly X509Certificate[], keys: ReadonlyMap<string, KeyObject>) {
    this.#roots = roots;
    this.#keys = keys;
  }

  /** Reads both files. @throws {TokenKeyError} when one cannot be read, or there is no key in the end. */
  static async load({ rootCertBundle, jwks }: TokenKeyFiles): Promise<TrustedKeys> {
    const roots = rootCertBundle === undefined ? [] : await readCertificates(rootCertBundle);
    const keys = new Map(jwks === undefined ? [] : await readKeySet(jwks));
    for (const { publicKey } of roots) for (const id of await keyIds(publicKey)) keys.set(id, publicKey);
    if (keys.size === 0) throw new TokenKeyError("auth.token needs rootcertbundle or jwks, with a key in it");
    return new TrustedKeys(roots, keys);
  }

  /**
   * The key that a token says it is signed with, if it is one of ours: by its chain of certificates, else by its own key, of which nothing but
   * the name is believed, else by name. A chain that does not lead to us is not made up for by anything else in the header.
   */
  find({ x5c, jwk, kid }: Pick<JWTHeaderParameters, "x5c" | "jwk" | "kid">, now: Date = new Date()): KeyObject | undefined {
    if (x5c !== undefined) return this.#byChain(x5c, now);
    if (jwk !== undefined) return jwk.x5c === undefined ? this.#byName(jwk.kid) : this.#byChain(jwk.x5c, now);
    return this.#byName(kid);
  }

  #byChain(x5c: unknown, now: Date): KeyObject | undefined {
    const chain = parseChain(x5c);
    return chain && trustedKeyOf(chain, this.#roots, now);
  }

  #byName(kid: unknown): KeyObject | undefined {
    return typeof kid === "string" ? this.#keys.get(kid) : undefined;
  }
}

async function readCertificates(path: string): Promise<readonly X509Certificate[]> {
  const blocks = (await read("rootcertbundle", path)).match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new TokenKeyError(`rootcertbundle "${path}" holds no certificate`);
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new TokenKeyError(`certificate ${at + 1} of rootcertbundle "${path}" cannot be read`, { cause });
    }
  });
}

async function readKeySet(path: string): Promise<readonly (readonly [string, KeyObject])[]> {
  const text = await read("jwks", path);
  const found: (readonly [string, KeyObject])[] = [];
  for (const [at, jwk] of keysOf(text, path).entries()) {
    try {
      const key = jwk.kty === "oct" ? createSecretKey(jwk.k ?? "", "base64url") : createPublicKey({ key: jwk, format: "jwk" });
      const ids = typeof jwk.kid === "string" ? [jwk.kid] : key.type === "secret" ? [] : await keyIds(key);
      for (const id of ids) found.push([id, key]);
    } catch (cause) {
      throw new TokenKeyError(`key ${at + 1} of jwks "${path}" cannot be read`, { cause });
    }
  }
  return found;
}

function keysOf(text: string, path: string): readonly JsonWebKey[] {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch (cause) {
    throw new TokenKeyError(`jwks "${path}" is not JSON`, { cause });
  }
  const keys: unknown = typeof set === "object" && set !== null && "keys" in set ? set.keys : undefined;
  if (Array.isArray(keys) && keys.every(isKey)) return keys;
  throw new TokenKeyError(`jwks "${path}" is not a key set: expected {"keys": [...]}`);
}

function isKey(value: unknown): value is JsonWebKey {
  return typeof value === "object" && value !== null;
}

/** What token servers call a key: RFC 7638's thumbprint, and the name that older ones use. */
async function keyIds(key: KeyObject): Promise<readonly string[]> {
  const { kty = "", ...rest } = key.export({ format: "jwk" });
  return [await calculateJwkThumbprint({ ...rest, kty }), legacyKeyId(key)];
}

async function read(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new TokenKeyError(`${setting} "${path}" cannot be read`, { cause });
  }
}
