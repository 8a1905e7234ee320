import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import { bitString, boolean, context, integer, objectId, octetString, pem, sequence, set, utcTime, utf8String } from "./der.ts";

/** A certificate and its private key: `cert` and `key`, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is for. */
export interface IssueOptions {
  /** Names and IPv4 addresses that it holds; default `localhost` and `127.0.0.1`. */
  readonly names?: readonly string[];
  /** Whom it names; default the first of `names`. */
  readonly commonName?: string;
  /** Last moment that it is valid at; default tomorrow. */
  readonly notAfter?: Date;
}

const ECDSA_SHA256 = sequence(objectId("2a8648ce3d040302")); // 1.2.840.10045.4.3.2
const COMMON_NAME = objectId("550403");
const BASIC_CONSTRAINTS = objectId("551d13");
const SUBJECT_ALT_NAME = objectId("551d11");
const DAY_MS = 86_400_000;

/** A private authority that nobody trusts by nature, made without any program but Node. @see RFC 5280 */
export class TestAuthority {
  /** The authority's own certificate, PEM. */
  readonly cert: string;
  readonly #key: KeyObject;
  readonly #name: Buffer;

  constructor(commonName = "Berth test authority") {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#key = privateKey;
    this.#name = distinguishedName(commonName);
    const extension = sequence(BASIC_CONSTRAINTS, boolean(true), octetString(sequence(boolean(true))));
    this.cert = this.#certify(this.#name, publicKey, [extension], new Date(Date.now() + DAY_MS));
  }

  /** Issues a certificate for a server or a client. */
  issue(options: IssueOptions = {}): KeyPair {
    const { names = ["localhost", "127.0.0.1"], notAfter = new Date(Date.now() + DAY_MS) } = options;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const alternatives = sequence(...names.map((name) => (isIPv4(name) ? context(7, address(name)) : context(2, Buffer.from(name)))));
    const extension = sequence(SUBJECT_ALT_NAME, octetString(alternatives));
    const subject = distinguishedName(options.commonName ?? names[0] ?? "test");
    return {
      cert: this.#certify(subject, publicKey, [extension], notAfter),
      key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
  }

  #certify(subject: Buffer, publicKey: KeyObject, extensions: readonly Buffer[], notAfter: Date): string {
    const body = sequence(
      context(0, integer(Buffer.from([2])), true), // version 3
      integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      ECDSA_SHA256,
      this.#name,
      sequence(utcTime(new Date(Math.min(Date.now(), notAfter.getTime()) - DAY_MS)), utcTime(notAfter)),
      subject,
      publicKey.export({ type: "spki", format: "der" }),
      context(3, sequence(...extensions), true),
    );
    return pem("CERTIFICATE", sequence(body, ECDSA_SHA256, bitString(sign("sha256", body, this.#key))));
  }
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(COMMON_NAME, utf8String(commonName))));
}

function address(ipv4: string): Buffer {
  return Buffer.from(ipv4.split(".").map(Number));
}
