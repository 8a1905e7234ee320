import { expect, test } from "vitest";
import { type CachedToken, createTokenCache, type TokenCacheOptions, type TokenCache } from "./token-cache.ts";

const HOST = "https://r.test";
const token = (authorization: string, ...scopes: readonly string[]): CachedToken => ({
  authorization,
  scopes,
  receivedAt: 0,
  renewAt: 1,
  expiresAt: 2,
});

async function filled(tokens: readonly CachedToken[], options?: TokenCacheOptions): Promise<TokenCache> {
  const cache = createTokenCache(options);
  cache.remember(HOST, { scheme: "bearer", realm: "https://a.test" });
  for (const one of tokens) await cache.load(HOST, one.scopes.join(" "), async () => one);
  return cache;
}

test("[client/B-42] finds a token by its scopes in any order, else the newest that has them all", async () => {
  const [a, ab, both] = [token("1", "x:a:pull"), token("2", "x:a:pull", "x:b:pull"), token("3", "x:a:pull,push", "x:b:pull")];
  const cache = await filled([a, ab, both]);
  expect(cache.find(HOST, ["x:a:pull"])).toBe(a);
  expect(cache.find(HOST, ["x:b:pull", "x:a:pull"])).toBe(ab);
  expect(cache.find(HOST, ["x:b:pull"])).toBe(both);
  expect(cache.find(HOST, ["x:c:pull"])).toBeUndefined();
  expect(cache.find(HOST, [])).toBeUndefined();
  expect(cache.find("https://other.test", ["x:a:pull"])).toBeUndefined();
});

test("[client/B-42] with a single context any token of the host will do", async () => {
  const a = token("1", "x:a:pull");
  const cache = await filled([a], { singleContext: true });
  expect(cache.find(HOST, ["x:c:pull"])).toBe(a);
  expect(cache.find("https://other.test", ["x:c:pull"])).toBeUndefined();
});

test("[client/B-42] a change of scheme drops the host's tokens, a new realm does not", async () => {
  const cache = await filled([token("1", "x:a:pull")]);
  cache.remember(HOST, { scheme: "bearer", realm: "https://b.test" });
  expect(cache.find(HOST, ["x:a:pull"])).toBeDefined();
  cache.remember(HOST, { scheme: "basic" });
  expect(cache.find(HOST, ["x:a:pull"])).toBeUndefined();
});

test("createTokenCache() keeps so many tokens of so many hosts and no more", async () => {
  const cache = await filled([token("1", "x:a:pull"), token("2", "x:b:pull"), token("3", "x:c:pull")], { maxTokens: 2, maxHosts: 2 });
  expect(["a", "b", "c"].map((name) => cache.find(HOST, [`x:${name}:pull`])?.authorization)).toEqual([undefined, "2", "3"]);
  cache.keepRefreshToken(HOST, "k", "r");
  for (const host of ["https://b.test", "https://c.test"]) cache.remember(host, { scheme: "open" });
  expect([cache.challenge(HOST), cache.refreshToken(HOST, "k"), cache.challenge("https://c.test")]).toEqual([
    undefined,
    undefined,
    { scheme: "open" },
  ]);
});

test("[client/B-42] shares one making, gives its error to all and forgets it", async () => {
  const cache = createTokenCache();
  let made = 0;
  const make = async (): Promise<CachedToken> => {
    made++;
    throw new Error("no");
  };
  const results = await Promise.allSettled([cache.load(HOST, "k", make), cache.load(HOST, "k", make)]);
  expect([made, results.map(({ status }) => status)]).toEqual([1, ["rejected", "rejected"]]);
  const good = token("1");
  expect(await cache.load(HOST, "k", async () => good)).toBe(good);
  expect(await cache.load(HOST, "other", async () => token("2"))).not.toBe(good);
});

test("[client/B-42] a making that everybody gave up is aborted, and the next call starts anew", async () => {
  const cache = createTokenCache();
  const abort = new AbortController();
  const seen = Promise.withResolvers<AbortSignal>();
  const never = cache.load(HOST, "k", async (signal) => (seen.resolve(signal), await new Promise<never>(() => {})), {
    signal: abort.signal,
  });
  const signal = await seen.promise;
  abort.abort(new Error("enough"));
  await expect(never).rejects.toThrow("enough");
  expect(signal.aborted).toBe(true);
  expect((await cache.load(HOST, "k", async () => token("1"))).authorization).toBe("1");
});
