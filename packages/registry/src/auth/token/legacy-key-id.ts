import { createHash, type KeyObject } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** Bytes of the hash that are used: 240 bits. */
const USED = 30;

/**
 * What token servers of distribution 2 call a key: 240 bits of the SHA-256 of its DER form in base32, twelve groups of four, such as
 * `PYYO:TEWU:V7JH:26JV:AQTZ:LJC3:SXVJ:XGHA:34F2:2LAQ:ZRMK:Z7Q6`. @see libtrust, "Key ID"
 */
export function legacyKeyId(key: KeyObject): string {
  const hash = createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, USED);
  const bits = Array.from(hash, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)] ?? "").join("");
  return (letters.match(/.{4}/g) ?? []).join(":");
}
