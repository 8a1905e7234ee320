import { createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestAuthority } from "@berth/testkit/tls";
import { SignJWT } from "jose";
import { beforeAll, afterAll, expect, test, vi } from "vitest";
import { type Access, type Authorizer, type AuthRequest, ChallengeError, type Grant } from "../authorizer.ts";
import { legacyKeyId } from "./legacy-key-id.ts";
import { createTokenAuthorizer, parseBearerToken, type TokenAuthorizerOptions } from "./token-authorizer.ts";

const NAMES = { realm: "https://auth.test/token", service: "registry.test", issuer: "auth.test" };
const authority = new TestAuthority();
const [ec, rsa, stranger] = [
  generateKeyPairSync("ec", { namedCurve: "P-256" }),
  generateKeyPairSync("rsa", { modulusLength: 2048 }),
  generateKeyPairSync("ec", { namedCurve: "P-256" }),
];
const SECRET = Buffer.alloc(32, 7);

let folder: string;
let authorizer: Authorizer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-token-"));
  const keys = [
    { ...ec.publicKey.export({ format: "jwk" }), kid: "ec" },
    { ...rsa.publicKey.export({ format: "jwk" }), kid: "rsa" },
    { kty: "oct", k: SECRET.toString("base64url"), kid: "shared" },
  ];
  await writeFile(join(folder, "keys.json"), JSON.stringify({ keys }));
  await writeFile(join(folder, "roots.pem"), authority.cert);
  authorizer = await create();
});

afterAll(() => rm(folder, { recursive: true }));

const create = async (options: Partial<TokenAuthorizerOptions> = {}): Promise<Authorizer> =>
  await createTokenAuthorizer({ ...NAMES, jwks: join(folder, "keys.json"), rootCertBundle: join(folder, "roots.pem"), ...options });

interface Sign {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: KeyObject | Uint8Array;
}

const now = (): number => Math.floor(Date.now() / 1000);
const PULL = [{ type: "repository", name: "a/b", actions: ["pull"] }];

async function token({ header = {}, claims = {}, key = ec.privateKey }: Sign = {}): Promise<string> {
  const all = { iss: NAMES.issuer, aud: NAMES.service, sub: "anna", exp: now() + 300, access: PULL, ...claims };
  return await new SignJWT(all).setProtectedHeader({ alg: "ES256", kid: "ec", ...header }).sign(key);
}

const on = (action: string, name = "a/b", type = "repository"): Access => ({ type, class: "", name, action });

function request(authorization: string | undefined): AuthRequest {
  return { authorization, remoteAddress: "192.0.2.1", baseUrl: () => "http://registry.test:5000" };
}

async function ask(bearer: string | undefined, accesses: readonly Access[] = [on("pull")], by = authorizer): Promise<Grant> {
  return await by.authorize(request(bearer === undefined ? undefined : `Bearer ${bearer}`), accesses);
}

/** The challenge that a request is refused with; fails when it is not. */
async function challenge(bearer: string | undefined, accesses?: readonly Access[], by?: Authorizer): Promise<string> {
  try {
    await ask(bearer, accesses, by);
  } catch (error) {
    if (error instanceof ChallengeError) return error.challenge;
    throw error;
  }
  return expect.unreachable("the token was believed");
}

const INVALID = 'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull",error="invalid_token"';

test("[server/V7] a token that holds lets its user do what stands in it, and nothing else", async () => {
  const grant = await ask(await token());
  expect(grant.user).toEqual({ name: "anna" });
  expect([on("pull"), on("push"), on("pull", "other"), on("pull", "a/b", "registry")].map((one) => grant.allows(one))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  const access = [
    { type: "repository", class: "plugin", name: "a/b", actions: ["*"] },
    { type: "registry", name: "catalog", actions: ["*"] },
  ];
  const admin = await ask(await token({ claims: { access, aud: ["other", NAMES.service], sub: "" } }), [
    on("delete"),
    on("*", "catalog", "registry"),
  ]);
  expect(admin.user).toBeUndefined();
  expect((await ask(await token({ claims: { access: undefined } }), [])).allows(on("pull"))).toBe(false);
});

test("[server/V8] who has no token is told where to get one for what; scopes are sorted, one a resource", async () => {
  expect(await challenge(undefined, [])).toBe('Bearer realm="https://auth.test/token",service="registry.test"');
  expect(await challenge(undefined, [on("push"), on("pull"), on("pull", "a/a")])).toBe(
    'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/a:pull repository:a/b:pull,push"',
  );
  expect(await challenge(await token(), [on("pull"), on("push")])).toBe(
    'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull,push",error="insufficient_scope"',
  );
  expect(await challenge("no.token.atall")).toBe(INVALID);
  await expect(authorizer.authorize(request("Basic YTpi"), [])).rejects.toMatchObject({ challenge: expect.not.stringContaining("error=") });
});

test("[server/V5] with autoredirect the token server is on the host that the client used", async () => {
  const here = await create({ realm: "/auth/token", autoRedirect: true });
  expect(await challenge(undefined, [], here)).toBe('Bearer realm="http://registry.test:5000/auth/token",service="registry.test"');
});

test("[server/V7,V9] issuer, audience and times count, with a minute for clocks that differ", async () => {
  const wrong: readonly Readonly<Record<string, unknown>>[] = [
    { iss: "other" },
    { iss: undefined },
    { aud: "other" },
    { aud: ["other"] },
    { aud: undefined },
    { exp: undefined },
    { exp: "soon" },
    { exp: now() - 61 },
    { nbf: now() + 65 },
  ];
  for (const claims of wrong) expect(await challenge(await token({ claims })), JSON.stringify(claims)).toBe(INVALID);
  expect((await ask(await token({ claims: { exp: now() - 50, nbf: now() + 50 } }))).user).toEqual({ name: "anna" });
});

test("[server/V9] a token is believed again only as long as it holds", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const one = await token({ claims: { exp: now() + 10 } });
    await ask(one);
    vi.setSystemTime(Date.now() + 69_000);
    await ask(one);
    vi.setSystemTime(Date.now() + 3000);
    expect(await challenge(one)).toBe(INVALID);
  } finally {
    vi.useRealTimers();
  }
});

test("[server/V9] malformed access is no access", async () => {
  const wrong: readonly unknown[] = [
    "x",
    [1],
    [null],
    [{ type: "repository", name: "a/b" }],
    [{ ...PULL[0], actions: [1] }],
    [{ ...PULL[0], name: 1 }],
  ];
  for (const access of wrong) expect(await challenge(await token({ claims: { access } })), JSON.stringify(access)).toBe(INVALID);
});

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test("[server/V9] no signature, a public key as secret, another's key, an unknown name: none of them is believed", async () => {
  const claims = { iss: NAMES.issuer, aud: NAMES.service, exp: now() + 300, access: PULL };
  const publicPem = Buffer.from(rsa.publicKey.export({ type: "spki", format: "pem" }).toString());
  const shared = await create({ algorithms: ["HS256", "RS256", "ES256"] });
  const forged = [
    `${part({ alg: "none", kid: "ec" })}.${part(claims)}.`,
    `${part({ alg: "none" })}.${part(claims)}.${Buffer.alloc(64).toString("base64url")}`,
    await token({ key: publicPem, header: { alg: "HS256", kid: "rsa" } }),
    await token({ key: stranger.privateKey }),
    await token({ header: { kid: "unknown" } }),
    await token({ header: { kid: undefined } }),
    await token({ key: stranger.privateKey, header: { kid: undefined, jwk: stranger.publicKey.export({ format: "jwk" }) } }),
    await token({ key: stranger.privateKey, header: { jwk: { ...stranger.publicKey.export({ format: "jwk" }), kid: "ec" } } }),
    `${await token()}x`,
    "a".repeat(70_000),
  ];
  for (const one of forged)
    for (const by of [authorizer, shared]) expect(await challenge(one, undefined, by), one.slice(0, 60)).toBe(INVALID);
});

test("[server/V5] a shared secret signs only where that was asked for", async () => {
  const one = await token({ key: SECRET, header: { alg: "HS256", kid: "shared" } });
  expect(await challenge(one)).toBe(INVALID);
  expect((await ask(one, undefined, await create({ algorithms: ["HS256"] }))).user).toEqual({ name: "anna" });
  const rs = await token({ key: rsa.privateKey, header: { alg: "RS256", kid: "rsa" } });
  expect((await ask(rs)).user).toEqual({ name: "anna" });
  expect(await challenge(rs, undefined, await create({ algorithms: ["ES256"] }))).toBe(INVALID);
});

const der = (pem: string): string => new X509Certificate(pem).raw.toString("base64");

test("[server/V6] a chain of certificates has to lead to the bundle, and be valid now", async () => {
  const { privateKey: signer } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const leaf = authority.issue();
  const signed = async (x5c: unknown, key = leaf.key): Promise<string> => {
    const head = part({ alg: "ES256", x5c });
    const body = part({ iss: NAMES.issuer, aud: NAMES.service, sub: "anna", exp: now() + 300, access: PULL });
    return `${head}.${body}.${sign("sha256", Buffer.from(`${head}.${body}`), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
  expect((await ask(await signed([der(leaf.cert)]))).user).toEqual({ name: "anna" });
  expect((await ask(await signed([der(leaf.cert), der(authority.cert)]))).user).toEqual({ name: "anna" });
  const head = { alg: "ES256", jwk: { ...ec.publicKey.export({ format: "jwk" }), x5c: [der(leaf.cert)] } };
  const body = part({ iss: NAMES.issuer, aud: NAMES.service, exp: now() + 300, access: PULL });
  const byJwk = sign("sha256", Buffer.from(`${part(head)}.${body}`), { key: leaf.key, dsaEncoding: "ieee-p1363" }).toString("base64url");
  expect((await ask(`${part(head)}.${body}.${byJwk}`)).user).toBeUndefined();

  const other = new TestAuthority("another");
  const foreign = other.issue();
  const old = authority.issue({ notAfter: new Date(Date.now() - 1000) });
  const below = leaf; // a certificate that is no authority has signed nothing that counts
  const chains: readonly (readonly [unknown, string | KeyObject])[] = [
    [[der(foreign.cert)], foreign.key],
    [[der(foreign.cert), der(other.cert)], foreign.key],
    [[der(foreign.cert), der(authority.cert)], foreign.key],
    [[der(foreign.cert), der(below.cert), der(authority.cert)], foreign.key],
    [[der(old.cert)], old.key],
    [[der(leaf.cert)], signer],
    [[], leaf.key],
    ["x", leaf.key],
    [["!"], leaf.key],
    [["AAAA"], leaf.key],
    [Array.from({ length: 11 }, () => der(leaf.cert)), leaf.key],
  ];
  for (const [x5c, key] of chains) {
    const pem = typeof key === "string" ? key : key.export({ type: "pkcs8", format: "pem" }).toString();
    expect(await challenge(await signed(x5c, pem)), JSON.stringify(x5c).slice(0, 80)).toBe(INVALID);
  }
});

test("[server/V5] a chain whose certificates issue each other has no more ways up than certificates", async () => {
  const ring = new TestAuthority("ring");
  const foreign = ring.issue();
  const x5c = [foreign.cert, ...Array.from({ length: 9 }, () => ring.cert)].map((cert) => new X509Certificate(cert).raw.toString("base64"));
  // every way through nine of them would be 9! ways
  expect(await challenge(await new SignJWT({}).setProtectedHeader({ alg: "ES256", x5c }).sign(createPrivateKey(foreign.key)))).toBe(
    INVALID,
  );
});

test("[server/V6] keys of the bundle and of the set are known by their thumbprint and by the name of older token servers", async () => {
  const rfc7638 = {
    kty: "RSA",
    n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    e: "AQAB",
  };
  const { TrustedKeys } = await import("./trusted-keys.ts");
  await writeFile(join(folder, "unnamed.json"), JSON.stringify({ keys: [rfc7638, stranger.publicKey.export({ format: "jwk" })] }));
  const keys = await TrustedKeys.load({ jwks: join(folder, "unnamed.json"), rootCertBundle: join(folder, "roots.pem") });
  expect(keys.find({ kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" })?.asymmetricKeyType).toBe("rsa"); // the example of RFC 7638, 3.1
  const legacy = legacyKeyId(stranger.publicKey);
  expect(legacy).toMatch(/^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
  expect(keys.find({ kid: legacy })?.equals(stranger.publicKey)).toBe(true);
  expect(keys.find({ kid: legacyKeyId(new X509Certificate(authority.cert).publicKey) })).toBeDefined();
});

test("[server/V5] keys that cannot be used stop the start, and say which file", async () => {
  await writeFile(join(folder, "empty.json"), '{"keys":[]}');
  await writeFile(join(folder, "odd.json"), '{"keys":[{"kty":"EC"}]}');
  await writeFile(join(folder, "odd.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  await writeFile(join(folder, "text.txt"), "hello");
  const at = (name: string): string => join(folder, name);
  const wrong: readonly (readonly [Partial<TokenAuthorizerOptions>, RegExp])[] = [
    [{ jwks: undefined }, /auth\.token needs rootcertbundle or jwks/],
    [{ jwks: at("empty.json") }, /auth\.token needs rootcertbundle or jwks/],
    [{ jwks: at("odd.json") }, /key 1 of jwks ".*odd\.json" cannot be read/],
    [{ jwks: at("text.txt") }, /jwks ".*text\.txt" is not JSON/],
    [{ jwks: at("none.json") }, /jwks ".*none\.json" cannot be read/],
    [{ rootCertBundle: at("odd.pem") }, /certificate 1 of rootcertbundle ".*odd\.pem" cannot be read/],
    [{ rootCertBundle: at("text.txt") }, /rootcertbundle ".*text\.txt" holds no certificate/],
  ];
  for (const [options, message] of wrong) {
    await expect(createTokenAuthorizer({ ...NAMES, ...options })).rejects.toMatchObject({
      code: "ERR_TOKEN_KEYS",
      message: expect.stringMatching(message),
    });
  }
});

test("[server/V8] parseBearerToken() takes any case of the scheme, and nothing else", () => {
  expect(parseBearerToken("bEARER  abc ")).toBe("abc");
  for (const header of [undefined, "", "Bearer", "Bearer ", "Bearer a b", "Basic abc"]) expect(parseBearerToken(header)).toBeUndefined();
});
