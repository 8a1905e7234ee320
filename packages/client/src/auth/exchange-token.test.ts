import { Readable } from "node:stream";
import { inspect } from "node:util";
import { type Challenge, parseChallenges } from "@berth/oci";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Credential } from "../credentials/credential.ts";
import { AuthError, hasErrorCode, isUnauthorized, ResponseError } from "../errors.ts";
import { type FakeReply, failureOfCall, type FakeTransport, fakeTransport } from "../transport/testing/fake-transport.test-kit.ts";
import type { TransportRequest } from "../transport/transport.ts";
import { type ExchangeTokenOptions, exchangeToken } from "./exchange-token.ts";
import type { Token } from "./token.ts";

const BASIC = `Basic ${Buffer.from("u:secret").toString("base64")}`;
const USER: Credential = { username: "u", password: "secret" };
const OK: FakeReply = { body: '{"token":"t"}' };

interface Run {
  readonly transport: FakeTransport;
  readonly result: Promise<Token>;
}

function challenge(text: string): Challenge {
  const [first] = parseChallenges(text);
  if (first === undefined) throw new Error("no challenge");
  return first;
}

function exchange(replies: FakeReply | readonly FakeReply[], options: Partial<ExchangeTokenOptions> = {}): Run {
  const transport = fakeTransport(...[replies].flat());
  const result = exchangeToken({
    registry: new URL("https://r.test/"),
    challenge: challenge('Bearer realm="https://a.test/t?x=%20y",service="r.test",scope="repository:z:pull"'),
    transport,
    ...options,
  });
  return { transport, result };
}

function form(request: TransportRequest | undefined): unknown {
  return Object.fromEntries(new URLSearchParams(new TextDecoder().decode(request?.body?.bytes)));
}

describe("exchangeToken() by GET", () => {
  test("[client/B-46,C-6,D-8] keeps the realm's query, sends each scope by itself, the challenged first", async () => {
    const { transport, result } = exchange(OK, { credential: USER, scopes: ["repository:b:pull", "repository:a:pull"] });
    expect((await result).token).toBe("t");
    const [request] = transport.requests;
    expect(request?.url.href).toBe(
      "https://a.test/t?x=%20y&service=r.test&scope=repository%3Az%3Apull&scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull",
    );
    expect([request?.method, request?.headers["authorization"], request?.body]).toEqual(["GET", BASIC, undefined]);
  });

  test("[client/B-46] leaves an empty service out, and is nobody without a credential", async () => {
    const { transport, result } = exchange(OK, { challenge: challenge('Bearer realm="https://a.test/t",service=""') });
    await result;
    expect(transport.requests.map(({ url, headers }) => [url.href, headers["authorization"]])).toEqual([["https://a.test/t", undefined]]);
  });

  test("[client/B-46] a token that trickles is not waited for longer than 30 s: others wait for it too", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const body = new Readable({ read: () => undefined });
    const failed = failureOfCall(exchange({ body }).result);
    body.push('{"token":');
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(30_000);
    expect(await failed).toMatchObject({
      code: "ERR_NETWORK",
      message: expect.stringContaining('the answer from "a.test" broke off: it took more than 30 s: got'),
    });
  });

  test("[client/B-46,C-6] access_token goes before token", async () => {
    const { result } = exchange({
      body: '{"token":"t","access_token":"a","refresh_token":"r","expires_in":90,"issued_at":"2026-01-01T00:00:00Z"}',
    });
    expect({ ...(await result) }).toEqual({ token: "a", refreshToken: "r", expiresInSeconds: 90, issuedAt: new Date("2026-01-01") });
    expect(inspect(await result)).not.toMatch(/'(?:a|r)'/);
  });

  test.each([
    ["{}", 'the token server "a.test" answered without a token: no content type, an empty object'],
    ['{"token":""}', 'without a token: no content type, an object with "token"'],
    ['{"token":5}', 'without a token: no content type, an object with "token"'],
    ["<html>", "without a token: no content type, no words; a proxy, or a page to sign in to the network, may stand in front of it"],
    ["[]", "without a token: no content type, a list"],
    ['{"token":"a\\r\\nx: y"}', "characters that cannot stand in a header"],
  ])("[client/B-46,C-6] refuses %s", async (body, message) => {
    const error = await failureOfCall(exchange({ body }).result);
    expect(error).toBeInstanceOf(AuthError);
    expect(String(error)).toContain(`Cannot get token for "r.test"`);
    expect(String(error)).toContain(message);
    expect(error).toMatchObject({ fault: "server", registry: "r.test", cause: { code: "ERR_PROTOCOL" } });
    expect(isUnauthorized(error)).toBe(false);
  });

  test("[client/B-46] takes 128 KiB and no more", async () => {
    const sized = (size: number): FakeReply => ({ body: `${" ".repeat(size - 13)}{"token":"t"}` });
    expect((await exchange(sized(131_072)).result).token).toBe("t");
    const error = await failureOfCall(exchange(sized(131_073)).result);
    expect(error).toMatchObject({ code: "ERR_AUTH", cause: { code: "ERR_LIMIT_EXCEEDED" } });
  });

  test("[client/B-46,A-10] says who refused with which status and errors, and no secret", async () => {
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "not you" }] });
    const error = await failureOfCall(exchange({ status: 403, body }, { credential: USER }).result);
    expect(String(error)).toBe(
      'AuthError: Cannot get token for "r.test": the token server "a.test" answered 403 (denied: not you); log in, or check the credentials',
    );
    expect(error instanceof AuthError && error.cause instanceof ResponseError && error.cause.status).toBe(403);
    expect(hasErrorCode(error, "DENIED")).toBe(true);
    expect(inspect(error, { depth: 10 })).not.toContain(BASIC);
    expect(error).toMatchObject({
      method: "GET",
      registry: "r.test",
      retryable: false,
      url: "https://a.test/t?x=REDACTED&service=r.test&scope=repository%3Az%3Apull",
    });
  });

  test("exchangeToken() tells what token servers with errors of their own say", async () => {
    const errors = await Promise.all(
      ['{"error":"invalid_grant","error_description":"expired"}', '{"details":"incorrect username or password"}', "<html>"].map(
        async (body) => String(await failureOfCall(exchange({ status: 401, body }).result)),
      ),
    );
    expect(errors.map((text) => text.slice(text.indexOf("answered")))).toEqual([
      "answered 401 (invalid_grant: expired); log in, or check the credentials",
      "answered 401 (incorrect username or password); log in, or check the credentials",
      "answered 401 (no content type, no words); log in, or check the credentials",
    ]);
  });

  const page = { headers: { "content-type": "text/html" }, body: "<html><h1>Access control</h1></html>" };

  test.each<readonly [FakeReply, string]>([
    [{ status: 400, body: '{"error":"invalid_grant"}' }, "400 (invalid_grant); log in, and check the name of the repository"],
    [{ status: 400, ...page }, '400 (text/html, "Access control"); a proxy, or a page to sign in to the network, may stand in front of it'],
    [{ status: 403, ...page }, '403 (text/html, "Access control"); a proxy, or a page to sign in to the network, may stand in front of it'],
    [{ status: 404, ...page }, '404 (text/html, "Access control"); who runs the registry has to mend that'],
    [{ status: 302 }, "302; it redirects to nowhere: who runs the registry has to mend that"],
    [{ status: 429 }, "429; wait, or log in for a higher limit"],
    [{ status: 502, ...page }, '502 (text/html, "Access control"); the token server failed: try again later'],
    [{ status: 418 }, "418"],
  ])("[client/X-9,B-46] says what to do after %j", async (reply, told) => {
    expect(String(await failureOfCall(exchange(reply).result))).toBe(
      `AuthError: Cannot get token for "r.test": the token server "a.test" answered ${told}`,
    );
  });

  test.each([
    ['{"details":"\\u001b[31mno entry\\u001b[0m"}', "(no entry)"],
    ['{"errors":[{"code":"DENIED","message":"\\u001b]0;owned\\u0007"}]}', "(denied: ]0;owned)"],
    ["\u001b[31mno entry\u001b[0m", '(no content type, "no entry")'],
  ])("[client/C-16,B-46] tells %j without what would paint on a terminal", async (body, told) => {
    expect(String(await failureOfCall(exchange({ status: 403, body }).result))).toContain(`answered 403 ${told}; log in`);
  });

  test.each([
    [400, "credential"],
    [401, "credential"],
    [403, "credential"],
    [204, "server"],
    [404, "server"],
    [429, "server"],
    [502, "server"],
  ])("exchangeToken() knows whose fault status %i is", async (status, fault) => {
    expect(await failureOfCall(exchange({ status }).result)).toMatchObject({ fault });
  });
});

describe("exchangeToken() by POST", () => {
  test("[client/B-47,C-9] sends an identity token with client id and scopes in one field", async () => {
    const { transport, result } = exchange(
      { body: '{"access_token":"a"}' },
      { credential: { refreshToken: "id" }, scopes: ["repository:a:pull"] },
    );
    expect((await result).token).toBe("a");
    const [request] = transport.requests;
    expect([request?.method, request?.url.href, request?.headers["content-type"]]).toEqual([
      "POST",
      "https://a.test/t?x=%20y",
      "application/x-www-form-urlencoded",
    ]);
    expect(form(request)).toEqual({
      grant_type: "refresh_token",
      client_id: "berth",
      service: "r.test",
      scope: "repository:z:pull repository:a:pull",
      refresh_token: "id",
    });
    expect(request?.headers["authorization"]).toBeUndefined();
  });

  test("[client/B-47] sends user name and password when told to", async () => {
    const { transport, result } = exchange(OK, { credential: USER, forceOAuth2: true, clientId: "me" });
    await result;
    expect(form(transport.requests[0])).toMatchObject({ grant_type: "password", username: "u", password: "secret", client_id: "me" });
  });

  test("[client/B-47] wants both user name and password, and goes by GET without either", async () => {
    await expect(exchange(OK, { credential: { username: "u" }, forceOAuth2: true }).result).rejects.toThrow(
      "the credential has no password",
    );
    await expect(exchange(OK, { credential: { password: "p" }, forceOAuth2: true }).result).rejects.toThrow(
      "the credential has no user name",
    );
    const { transport, result } = exchange(OK, { forceOAuth2: true });
    await result;
    expect(transport.requests.map(({ method }) => method)).toEqual(["GET"]);
  });

  test.each([404, 405])("[client/B-47,C-9] goes by GET after a %i", async (status) => {
    const { transport, result } = exchange([{ status }, OK], { credential: { ...USER, refreshToken: "id" } });
    await result;
    expect(transport.requests.map(({ method, headers }) => [method, headers["authorization"]])).toEqual([
      ["POST", undefined],
      ["GET", BASIC],
    ]);
  });

  test("[client/C-9] does not go by GET after any other failure", async () => {
    const { transport, result } = exchange({ status: 401 }, { credential: { refreshToken: "id" } });
    await expect(result).rejects.toThrow("answered 401");
    expect(transport.requests).toHaveLength(1);
  });
});

describe("exchangeToken() and where it may go", () => {
  test.each([
    ["Basic realm=x", 'the challenge is "basic", tokens need "bearer"'],
    ["Bearer service=x", "malformed challenge: its realm is missing; who runs the registry has to mend that"],
    ["Bearer realm=x", 'malformed challenge: its realm is no URL: "x"; who runs the registry has to mend that'],
    ['Bearer realm="http://u:secret@["', 'its realm is no URL: "http://["'],
    ['Bearer realm="file:///x"', 'the token server "file:///x" is refused: it is no address of http or https; who runs the registry'],
    [`Bearer realm="ftp://u:secret@a.test/${"x".repeat(200)}"`, `the token server "ftp://a.test/${"x".repeat(87)}..." is refused`],
    ['Bearer realm="https://127.0.0.1/t"', 'the token server "127.0.0.1" is refused: it is an address of this machine'],
    ['Bearer realm="http://a.test/t"', 'the token server "a.test" is refused: it uses plain HTTP, the registry HTTPS'],
  ])("[client/C-6,C-10] refuses the challenge %s before anything is sent", async (text, told) => {
    const { transport, result } = exchange(OK, { challenge: challenge(text), credential: USER });
    const message = String(await failureOfCall(result));
    expect(message).toContain(told);
    expect(message).not.toContain("secret");
    expect(transport.requests).toEqual([]);
  });

  test("[client/D-4] with realmPolicy same-domain, secrets stay within the domain and nobody may still ask", async () => {
    const { transport, result } = exchange(OK, { credential: USER, realmPolicy: "same-domain", registry: new URL("https://r.example/") });
    await expect(result).rejects.toThrow('the credential is not sent to "a.test"');
    expect(transport.requests).toEqual([]);
    await exchange(OK, { realmPolicy: "same-domain", registry: new URL("https://r.example/") }).result;
    await exchange(OK, { credential: USER, realmPolicy: "same-domain", trustedRealms: ["a.test"], registry: new URL("https://r.example/") })
      .result;
  });

  const to = (location: string, status = 307): FakeReply => ({ status, headers: { location } });

  test("[client/C-10] follows a redirect; the credential stays with its origin", async () => {
    const { transport, result } = exchange([to("/u"), to("https://b.test/v", 302), OK], { credential: USER });
    await result;
    expect(transport.requests.map(({ url, headers }) => [url.href, headers["authorization"]])).toEqual([
      [expect.stringContaining("https://a.test/t"), BASIC],
      ["https://a.test/u", BASIC],
      ["https://b.test/v", undefined],
    ]);
  });

  test.each([
    ["http://a.test/t", 'to "a.test" without HTTPS'],
    ["https://169.254.169.254/latest", 'to "169.254.169.254", which is refused: it is an address of this machine'],
    ["file:///etc/passwd", 'to "file:///etc/passwd", which is no address of http or https; who runs the registry has to mend that'],
    ["https://[", 'to "https://[", which is no URL; who runs the registry has to mend that'],
  ])("[client/C-10] does not follow a redirect to %s", async (location, message) => {
    const { transport, result } = exchange([to("/u"), to(location)], { credential: USER });
    const error = await result.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
    expect(error).toHaveProperty("untrustedRealm", message.includes("machine") ? "169.254.169.254" : undefined);
    expect(transport.requests).toHaveLength(2);
  });

  test("[client/C-10] follows ten redirects and no more", async () => {
    const { transport, result } = exchange(to("/again"));
    await expect(result).rejects.toThrow("redirects more than 10 times; who runs the registry");
    expect(transport.requests).toHaveLength(11);
  });

  test("[client/C-10] a form is sent on within its origin only, and never dropped", async () => {
    const credential = { refreshToken: "id" };
    const { transport, result } = exchange([to("/u"), OK], { credential });
    await result;
    expect(transport.requests.map(form)).toEqual([form(transport.requests[0]), form(transport.requests[0])]);
    await expect(exchange([to("https://b.test/u")], { credential }).result).rejects.toThrow(
      'to "b.test", and a form with a credential is not sent on there',
    );
    await expect(exchange([to("/u", 302)], { credential }).result).rejects.toThrow("with status 302, which would drop the form");
  });
});
