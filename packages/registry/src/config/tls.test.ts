import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCiphers } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CIPHER_SUITES, DEFAULT_CIPHER_SUITES } from "./cipher-suites.ts";
import type { TlsConfig } from "./registry-config.ts";
import { readTls } from "./tls.ts";

let folder: string;
let tls: TlsConfig;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-tls-"));
  writeFileSync(join(folder, "cert.pem"), "-----BEGIN CERTIFICATE-----\n");
  writeFileSync(join(folder, "key.pem"), "-----BEGIN PRIVATE KEY-----\n");
  tls = {
    certificate: join(folder, "cert.pem"),
    key: join(folder, "key.pem"),
    clientCas: [],
    clientAuth: "require-and-verify-client-cert",
    minimumTls: "tls1.2",
    cipherSuites: [],
  };
});

afterEach(() => rmSync(folder, { recursive: true }));

test("[server/G10] readTls() asks for client certificates only when authorities are named", () => {
  expect(readTls(tls)).toMatchObject({ minVersion: "TLSv1.2", requestCert: false, rejectUnauthorized: false, needsCertificate: false });
  const withCa = { ...tls, clientCas: [tls.certificate] };
  expect(readTls(withCa)).toMatchObject({ requestCert: true, rejectUnauthorized: true, needsCertificate: true, verifiesGiven: true });
  expect(readTls({ ...withCa, clientAuth: "request-client-cert" })).toMatchObject({
    requestCert: true,
    rejectUnauthorized: false,
    needsCertificate: false,
    verifiesGiven: false,
  });
  expect(readTls({ ...withCa, clientAuth: "require-any-client-cert" })).toMatchObject({
    rejectUnauthorized: false,
    needsCertificate: true,
    verifiesGiven: false,
  });
  expect(readTls({ ...withCa, clientAuth: "verify-client-cert-if-given" })).toMatchObject({
    rejectUnauthorized: false,
    needsCertificate: false,
    verifiesGiven: true,
  });
});

test("[server/G10] readTls() names every file that cannot be read or is something else", () => {
  const broken = { ...tls, certificate: join(folder, "gone.pem"), clientCas: [tls.key] };
  expect(() => readTls(broken)).toThrow(
    /http\.tls\.certificate: cannot read ".*gone\.pem": no such file or folder; http\.tls\.clientcas\.0: expected PEM with a certificate/,
  );
});

test("[server/G10] cipher suites are known to OpenSSL under the names we give it", () => {
  const known = new Set(getCiphers());
  expect(DEFAULT_CIPHER_SUITES.map((name) => CIPHER_SUITES[name]).filter((name) => !known.has(name?.toLowerCase() ?? ""))).toEqual([]);
  expect(Object.values(CIPHER_SUITES).filter((name) => !known.has(name.toLowerCase()))).toEqual([]);
  expect(readTls({ ...tls, minimumTls: "tls1.3", cipherSuites: ["TLS_RSA_WITH_AES_128_GCM_SHA256"] })).toMatchObject({
    minVersion: "TLSv1.3",
    ciphers: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:AES128-GCM-SHA256",
  });
});
