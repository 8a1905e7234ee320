import { expect, test } from "vitest";
import { AuthUnavailableError, ChallengeError, type AuthRequest } from "./authorizer.ts";
import { createBasicAuthorizer, parseBasicCredentials } from "./basic.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

function requestWith(authorization: string | undefined): AuthRequest {
  return { authorization, remoteAddress: "192.0.2.1", baseUrl: () => "http://x" };
}

test("[server/V1] parseBasicCredentials() splits at the first colon and takes any case of the scheme", () => {
  expect(parseBasicCredentials(basic("bob:pass:word"))).toEqual({ user: "bob", password: "pass:word" });
  expect(parseBasicCredentials(basic("bob:").replace("Basic", "bASIC"))).toEqual({ user: "bob", password: "" });
  expect(parseBasicCredentials(basic("ü:pä€"))).toEqual({ user: "ü", password: "pä€" });
  expect(parseBasicCredentials("Basic   Ym9iOng=  ")).toEqual({ user: "bob", password: "x" });
});

test("[server/V1] parseBasicCredentials() takes nothing else", () => {
  for (const header of [
    undefined,
    "",
    "Basic",
    "Basic ",
    "Bearer abc",
    basic("no colon"),
    "Basic ä",
    "Basic a b",
    `Basic ${"A".repeat(5000)}`,
    "Digest username=x",
  ]) {
    expect(parseBasicCredentials(header), header?.slice(0, 30)).toBeUndefined();
  }
});

test("[server/V1] credentials that hold grant everything under their name", async () => {
  const authorizer = createBasicAuthorizer({ realm: "x", authenticator: { authenticate: () => Promise.resolve(true) } });
  const grant = await authorizer.authorize(requestWith(basic("bob:x")), []);
  expect(grant.user).toEqual({ name: "bob" });
  expect(grant.allows({ type: "repository", class: "", name: "a", action: "delete" })).toBe(true);
});

test("[server/V1] missing and wrong credentials are challenged with the realm and the accesses that were wanted", async () => {
  const authorizer = createBasicAuthorizer({ realm: 'a "b"', authenticator: { authenticate: () => Promise.resolve(false) } });
  const accesses = [{ type: "repository", class: "", name: "a", action: "pull" }];
  for (const authorization of [undefined, basic("bob:wrong")]) {
    const error: unknown = await Promise.resolve(authorizer.authorize(requestWith(authorization), accesses)).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ChallengeError);
    expect(error).toMatchObject({ challenge: 'Basic realm="a \\"b\\""', accesses });
    expect(String(error)).not.toContain("wrong:");
  }
});

test("[server/V1] an authenticator that cannot tell is unavailable, and its reason is kept as the cause", async () => {
  const cause = new Error("the password file is gone");
  const authorizer = createBasicAuthorizer({ realm: "x", authenticator: { authenticate: () => Promise.reject(cause) } });
  const error: unknown = await Promise.resolve(authorizer.authorize(requestWith(basic("bob:x")), [])).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AuthUnavailableError);
  expect(error).toMatchObject({ cause, retryable: true });
});

test("closing an authorizer closes its authenticator", async () => {
  let closed = 0;
  const authorizer = createBasicAuthorizer({
    realm: "x",
    authenticator: { authenticate: () => Promise.resolve(true), close: () => void closed++ },
  });
  await authorizer.close?.();
  expect(closed).toBe(1);
});
