import fc from "fast-check";
import { expect, test } from "vitest";
import { parseToken, tokenLife } from "./token.ts";

const NOW = Date.UTC(2026, 0, 1);
const at = (seconds: number): Date => new Date(NOW + seconds * 1000);
const life = (expiresInSeconds?: number, issuedAt?: Date): readonly number[] => {
  const { renewAt, expiresAt } = tokenLife(
    { token: "t", ...(expiresInSeconds !== undefined && { expiresInSeconds }), ...(issuedAt && { issuedAt }) },
    NOW,
  );
  return [(renewAt - NOW) / 1000, (expiresAt - NOW) / 1000];
};

test("[client/X-1] a token lives 60 seconds unless it says more, and is renewed 5 to 10 seconds early", () => {
  expect([life(), life(5), life(60), life(80), life(300), life(3600)]).toEqual([
    [54, 60],
    [54, 60],
    [54, 60],
    [72, 80],
    [290, 300],
    [3590, 3600],
  ]);
});

test("[client/X-1] counts from issued_at, but not from the future, nor when the token would be dead on arrival", () => {
  expect([life(300, at(-100)), life(300, at(86_400)), life(300, at(-300)), life(300, at(-295)), life(300, at(1))]).toEqual([
    [190, 200],
    [290, 300],
    [290, 300],
    [290, 300],
    [290, 300],
  ]);
});

test("[client/X-1] no answer makes a token live longer than it says, or need renewal as it comes", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 1e6 }), (issued, seconds) => {
      const [renew = 0, end = 0] = life(seconds, at(issued));
      expect(renew > 0 && end <= Math.max(seconds, 60) && end - renew >= 5 && end - renew <= 10).toBe(true);
    }),
  );
});

test.each([
  ['"90"', 90],
  ["90.5", 90.5],
  ["0", undefined],
  ["-1", undefined],
  ["null", undefined],
  ['"soon"', undefined],
  ["1e300", undefined],
])("parseToken() reads expires_in %s", (text, wanted) => {
  const failure = { operation: "get token", method: "GET", url: "https://a.test/", host: "a.test" };
  expect(parseToken(Buffer.from(`{"token":"t","expires_in":${text},"issued_at":"today"}`), failure)).toEqual({
    token: "t",
    ...(wanted !== undefined && { expiresInSeconds: wanted }),
  });
});
