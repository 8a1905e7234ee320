import { describe, expect, test } from "vitest";
import { formatBearerChallenge, formatChallenge, parseChallenges } from "./www-authenticate.ts";

const plain = (fields: string | string[]): unknown =>
  parseChallenges(fields).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("parseChallenges()", () => {
  test("[client/A-11,B-52] allows space around = and commas", () => {
    expect(plain('Bearer realm = "https://a.test/t"  ,service=r.test, scope  ="repository:x:pull,push"  ')).toEqual([
      ["bearer", { realm: "https://a.test/t", service: "r.test", scope: "repository:x:pull,push" }],
    ]);
  });

  test("[client/A-11,B-52] lower-cases scheme and keys", () => {
    expect(plain('bearer Realm="https://a.test/t",SERVICE="s"')).toEqual([["bearer", { realm: "https://a.test/t", service: "s" }]]);
  });

  test.each([",service", ",service=", ',service="r', ",,service", ",service ,x=1"])(
    "[client/A-11,B-52] keeps what stands before a malformed %j",
    (tail) => {
      expect(plain(`Bearer realm="https://a.test/t"${tail}`)).toEqual([["bearer", { realm: "https://a.test/t" }]]);
    },
  );

  test("[client/A-11,B-52] unescapes quoted pairs and keeps empty values", () => {
    expect(plain('Bearer a="x\\"y",b=""')).toEqual([["bearer", { a: 'x"y', b: "" }]]);
    expect(plain('Bearer a="he\\"llo\\\\"')).toEqual([["bearer", { a: 'he"llo\\' }]]);
  });

  test("[client/A-11] reads schemes without parameters, and nothing from nothing", () => {
    expect(plain("BASIC")).toEqual([["basic", {}]]);
    expect(plain("Basic  ")).toEqual([["basic", {}]]);
    expect(plain("")).toEqual([]);
    expect(parseChallenges(undefined)).toEqual([]);
  });

  test("[client/B-52] reads several fields", () => {
    expect(plain(["Negotiate", 'Basic realm="q"'])).toEqual([
      ["negotiate", {}],
      ["basic", { realm: "q" }],
    ]);
    expect(plain(["Negotiate", "Digest"])).toEqual([
      ["negotiate", {}],
      ["digest", {}],
    ]);
  });

  test("[client/B-52] reads several challenges of one field, commas in quotes apart", () => {
    expect(plain('Basic realm="q", Bearer realm="https://a.test/t",service="s",scope="repository:x:pull,push"')).toEqual([
      ["basic", { realm: "q" }],
      ["bearer", { realm: "https://a.test/t", service: "s", scope: "repository:x:pull,push" }],
    ]);
    expect(plain('Negotiate, Basic realm="q", NTLM')).toEqual([
      ["negotiate", {}],
      ["basic", { realm: "q" }],
      ["ntlm", {}],
    ]);
  });

  test("reads token68 data and goes on behind it", () => {
    expect(parseChallenges('Negotiate YII=, Basic realm="q"').map(({ scheme, token68 }) => [scheme, token68])).toEqual([
      ["negotiate", "YII="],
      ["basic", undefined],
    ]);
  });

  test("leaves out a field over the length limit", () => {
    expect(plain([`Bearer realm="${"x".repeat(20_000)}"`, "Basic"])).toEqual([["basic", {}]]);
  });
});

test("formatBearerChallenge() writes realm, service, scope and error in that order", () => {
  expect(formatBearerChallenge({ error: "insufficient_scope", scope: "repository:a/b:pull,push", service: "S", realm: "R" })).toBe(
    'Bearer realm="R",service="S",scope="repository:a/b:pull,push",error="insufficient_scope"',
  );
  expect(formatBearerChallenge({ realm: "R", service: "S", scope: "" })).toBe('Bearer realm="R",service="S"');
});

test("formatChallenge() quotes and escapes, and lets no line break through", () => {
  expect(formatChallenge("Basic", { realm: 'a"b\\c\r\nX: y' })).toBe('Basic realm="a\\"b\\\\c  X: y"');
  expect(formatChallenge("Negotiate", {})).toBe("Negotiate");
});
