import { expect, test } from "vitest";
import { networkError, showsTls } from "./network-error.ts";
import type { TransportRequest } from "./transport.ts";

const REQUEST: TransportRequest = { method: "GET", url: new URL("https://localhost:5000/v2/"), headers: {} };
const failed = (code: string): Error => networkError(REQUEST, Object.assign(new Error("no"), { code }));

test.each([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CRL_HAS_EXPIRED",
  "CRL_NOT_YET_VALID",
  "CRL_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "ERROR_IN_CRL_NEXT_UPDATE_FIELD",
  "ERR_SSL_DH_KEY_TOO_SMALL",
  "ERR_SSL_EE_KEY_TOO_SMALL",
  "ERR_SSL_CA_MD_TOO_WEAK",
  "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
  "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
  "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
  "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
  "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
  "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
  "ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
  "ERR_SSL_UNSUPPORTED_PROTOCOL",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_CERT_ALTNAME_FORMAT",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
])("[client/C-3,C-24] %s shows that TLS is spoken; it will be no other when it is tried again", (code) => {
  expect(showsTls(failed(code))).toBe(true);
  expect(failed(code)).toMatchObject({ retryable: false });
});

test.each([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EPROTO",
  "ERR_PROXY",
  "ERR_SSL_BAD_RECORD_TYPE",
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_UNEXPECTED_EOF_WHILE_READING",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_TLS_TIMEOUT",
  "ETIMEDOUT",
  "HPE_INVALID_CONSTANT",
  "UND_ERR_SOCKET",
])("[client/C-3,C-24] %s does not show that TLS is spoken", (code) => {
  expect(showsTls(failed(code))).toBe(false);
});

test("[client/C-3] only a request that got no answer shows anything", () => {
  expect(showsTls(Object.assign(new Error("no"), { code: "CERT_UNTRUSTED" }))).toBe(false);
  const refused = Object.assign(new Error("no"), { code: "ECONNREFUSED" });
  expect(showsTls(networkError(REQUEST, new AggregateError([refused, refused])))).toBe(false);
  expect(showsTls(networkError(REQUEST, "no"))).toBe(false);
});

test.each([
  "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE",
  "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED",
  "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
  "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
])("[client/X-7] %s is about our certificate, or that we gave none", (code) => {
  expect(failed(code).message).toMatch(/: it takes no client certificate but one that it trusts \(ERR_SSL_.*\); give one with tls\.cert/);
});
