import { beforeAll, describe, expect, test } from "vitest";
import { ManifestUnverifiedError } from "../content-errors.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { decodeManifest } from "./decode.ts";
import { schema1Payload, type SigningKey, signSchema1, verifySchema1 } from "./schema1-signature.ts";

const document = {
  schemaVersion: 1,
  name: "a/b",
  tag: "t",
  architecture: "amd64",
  fsLayers: [{ blobSum: `sha256:${"a".repeat(64)}` }],
  history: [{ v1Compatibility: '{"id":"x"}' }],
};
const payload = new TextEncoder().encode(JSON.stringify(document, undefined, 3));
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

async function createKey(algorithm: string): Promise<SigningKey> {
  const es = { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[algorithm];
  const pair =
    es === undefined
      ? await crypto.subtle.generateKey(
          { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-256" },
          true,
          ["sign", "verify"],
        )
      : await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: es }, true, ["sign", "verify"]);
  return { ...pair, algorithm };
}

let key: SigningKey;
let signed: Uint8Array;
beforeAll(async () => {
  key = await createKey("ES256");
  signed = await signSchema1(payload, key);
});

describe("signatures", () => {
  test.each(["ES256", "ES384", "ES512", "RS256"])("[server/M9] of %s hold over the payload", async (algorithm) => {
    const verified = await verifySchema1(await signSchema1(payload, await createKey(algorithm)));
    expect(text(verified.payload)).toBe(text(payload));
    expect(verified.keys).toHaveLength(1);
  });

  test("[server/M9] stand in the document, which still decodes", () => {
    const manifest = decodeManifest(signed, MEDIA_TYPES.dockerSchema1Signed);
    expect(manifest).toMatchObject({ kind: "schema1", signed: true, name: "a/b" });
    expect(decodeManifest(signed, undefined).mediaType).toBe(MEDIA_TYPES.dockerSchema1Signed);
  });

  test("[server/M9] are no part of the payload", () => {
    expect(text(schema1Payload(signed))).toBe(text(payload));
    expect(text(schema1Payload(payload))).toBe(text(payload));
  });

  test("[server/M9] fail when the content was changed", async () => {
    await expect(verifySchema1(bytes(text(signed).replace('"tag": "t"', '"tag": "u"')))).rejects.toThrow("a signature does not hold");
  });

  test("[server/M9] fail with another key", async () => {
    const other = await signSchema1(payload, await createKey("ES256"));
    const x = /"x": "([^"]+)"/;
    const y = /"y": "([^"]+)"/;
    const forged = text(signed)
      .replace(x, x.exec(text(other))?.[0] ?? "")
      .replace(y, y.exec(text(other))?.[0] ?? "");
    await expect(verifySchema1(bytes(forged))).rejects.toThrow("a signature does not hold");
  });

  test("[server/M9] an unsigned manifest does not verify", async () => {
    await expect(verifySchema1(payload)).rejects.toThrow("there is no signature");
  });

  test("[server/M9] members outside of what was signed are not in the verified payload", async () => {
    const smuggled = text(signed).replace('"signatures"', '"architecture": "evil", "signatures"');
    expect(decodeManifest(bytes(smuggled), MEDIA_TYPES.dockerSchema1Signed)).toMatchObject({ architecture: "amd64" });
    const { payload: believed } = await verifySchema1(bytes(smuggled));
    expect(decodeManifest(believed, MEDIA_TYPES.dockerSchema1)).toMatchObject({ architecture: "amd64" });
  });
});

test.each([
  [/"alg": "ES256"/, '"alg": "none"', "unsupported algorithm"],
  [/"alg": "ES256"/, '"alg": "RS256"', "malformed"],
  [/"signature": "[^"]+"/, '"signature": "?"', "base64url"],
  [/"signature": "[^"]+"/, '"signature": "AA"', "does not hold"],
  [/"protected": "[^"]+"/, '"protected": "e30"', "formatLength is missing"],
  [/"protected": "[^"]+"/, `"protected": "${btoa('{"formatLength":999999,"formatTail":"AA"}')}"`, "larger than the document"],
  [/"jwk"/, '"other"', "has no key"],
  [/"crv": "P-256"/, '"crv": "P-1"', "malformed"],
  [/"signatures": \[/, '"signatures": [7,', "to be objects"],
])("refuses malformed signatures (%#)", async (from, to, reason) => {
  const broken = text(signed).replace(from, to);
  expect(broken).not.toBe(text(signed));
  const run = verifySchema1(bytes(broken));
  await expect(run).rejects.toThrow(reason);
  await expect(run).rejects.toBeInstanceOf(ManifestUnverifiedError);
});

test.each(["", "[]", "{}", "x"])("signSchema1() refuses %j", async (value) => {
  await expect(signSchema1(bytes(value), key)).rejects.toThrow(TypeError);
});
