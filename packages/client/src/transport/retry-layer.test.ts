import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { isRateLimited, NetworkError, RateLimitedError } from "../errors.ts";
import { createBackoff } from "./backoff.ts";
import { requestBody } from "./body.ts";
import { checkResponse } from "./check-response.ts";
import { systemClock } from "./clock.ts";
import { readBounded } from "./read-bounded.ts";
import { type RetryEvent, type SlowdownEvent, type RetryOptions, retryLayer } from "./retry-layer.ts";
import {
  DEFAULT_RETRY_POLICY,
  defaultRetryPredicate,
  GGCR_REMOTE_RETRY_POLICY,
  GGCR_TRANSPORT_RETRY_POLICY,
  type RetryPolicy,
  retryOnAny,
  retryOnErrors,
  retryOnStatuses,
} from "./retry-policy.ts";
import { type FakeClock, fakeClock } from "./testing/fake-clock.test-kit.ts";
import { type FakeReply, failureOfCall, fakeRequest, fakeTransport } from "./testing/fake-transport.test-kit.ts";
import { composeTransport, type Transport } from "./transport.ts";
import { createUndiciTransport } from "./undici-transport.ts";

const URL_A = "https://reg.test/v2/";

function cut(): NetworkError {
  return new NetworkError("Cannot send: cut", { operation: "send", method: "GET", url: URL_A, retryable: true });
}

function retrying(base: Transport, options: RetryOptions = {}): { readonly send: Transport; readonly clock: FakeClock } {
  const clock = fakeClock();
  return { send: composeTransport(base, retryLayer({ clock, random: () => 0.5, ...options })), clock };
}

test("[client/B-63] six sends at most, 250 ms doubled up to 3 s, and the last answer is readable", async () => {
  const base = fakeTransport({ status: 500, body: "broken" });
  const { send, clock } = retrying(base);
  const response = await send(fakeRequest(URL_A));
  expect([base.requests.length, clock.sleeps]).toEqual([6, [250, 500, 1000, 2000, 3000]]);
  expect([response.status, response.attempts, (await readBounded(response, 100)).toString()]).toEqual([500, 6, "broken"]);
  expect(base.bodies.slice(0, 5).every((body) => body.readableEnded)).toBe(true);
});

test("[client/B-63] a part of the policy that is undefined is that of the default", async () => {
  const base = fakeTransport({ status: 500 });
  const nothing: object = { maxRetries: undefined, backoff: undefined, shouldRetry: undefined };
  const { send, clock } = retrying(base, { policy: nothing });
  expect((await send(fakeRequest(URL_A))).attempts).toBe(6);
  expect(clock.sleeps).toEqual([250, 500, 1000, 2000, 3000]);
});

test("[client/B-63] jitter is 10 % either way, within 200 ms and 3 s", async () => {
  const waits = (random: number): readonly number[] => [1, 2, 3, 4, 5].map((retry) => DEFAULT_RETRY_POLICY.backoff(retry, () => random));
  expect([waits(0), waits(0.999999)]).toEqual([
    [225, 450, 900, 1800, 3000],
    [275, 550, 1100, 2200, 3000],
  ]);
});

test.each([408, 429, 499, 500, 502, 503, 504, 522])("[client/B-63,D-5] status %i is retried", async (status) => {
  const base = fakeTransport({ status }, { status: 200 });
  const response = await retrying(base).send(fakeRequest(URL_A));
  expect([response.status, response.attempts, base.requests.length]).toEqual([200, 2, 2]);
});

test.each([200, 307, 400, 401, 403, 404, 405, 416, 501, 505])("[client/B-63] status %i is not", async (status) => {
  const base = fakeTransport({ status });
  const response = await retrying(base).send(fakeRequest(URL_A));
  expect([response.status, response.attempts, response.temporary, base.requests.length]).toEqual([status, 1, undefined, 1]);
});

test("[client/D-5] connections that were cut are retried, lasting errors are not", async () => {
  const base = fakeTransport({ error: cut() }, { error: cut() }, { status: 201 });
  expect((await retrying(base).send(fakeRequest(URL_A))).attempts).toBe(3);
  const refused = new NetworkError("no", { operation: "send", method: "GET", url: URL_A });
  const once = fakeTransport({ error: refused });
  expect(await failureOfCall(retrying(once).send(fakeRequest(URL_A)))).toBe(refused);
  const always = fakeTransport({ error: cut() });
  expect(await failureOfCall(retrying(always).send(fakeRequest(URL_A)))).toMatchObject({
    code: "ERR_NETWORK",
    attempts: 6,
    retryable: true,
    message: "Cannot send: cut; it was tried 6 times",
  });
});

test("[client/B-63] a body that can be read again is sent again; one that cannot gives the failed answer", async () => {
  const scripted = await startScriptedRegistry();
  onTestFinished(() => scripted.close());
  scripted.on("PUT", "/a", { status: 503 }, { cutAfter: -1 }, { status: 201 });
  const inner = createUndiciTransport();
  onTestFinished(() => inner.close());
  const { send } = retrying(inner);
  const response = await send(fakeRequest(`${scripted.url}/a`, { method: "PUT", body: requestBody("again") }));
  await readBounded(response, 10);
  // the cut connection was an idle one that had served before: sending again over a new one is not counted
  expect([response.status, response.attempts, scripted.requests.map(({ body }) => body.toString())]).toEqual([
    201,
    2,
    ["again", "again", "again"],
  ]);

  const base = fakeTransport({ status: 503, body: "busy" });
  const body = requestBody(Readable.from([Buffer.from("once")]), 4);
  const failed = await retrying(base).send(fakeRequest(URL_A, { method: "PUT", body }));
  expect([failed.status, (await readBounded(failed, 10)).toString(), base.requests.length]).toEqual([503, "busy", 1]);
});

test("[client/C-13] a request marked never is sent once", async () => {
  const base = fakeTransport({ status: 500 });
  const response = await retrying(base).send(fakeRequest(URL_A, { retry: "never" }));
  expect([response.status, base.requests.length]).toEqual([500, 1]);
});

test("[client/C-18] an answer that retries did not help counts as passing, whatever its codes", async () => {
  const base = fakeTransport({ status: 500, body: '{"errors":[{"code":"DENIED"}]}' });
  const response = await retrying(base).send(fakeRequest(URL_A));
  expect(await failureOfCall(checkResponse(response, [200]))).toMatchObject({ retryable: true, attempts: 6 });
});

test.each([
  ["7", 7000],
  ["0", 250],
  [new Date(1_000_000 + 9_000).toUTCString(), 9000],
  [new Date(1_000_000 - 9_000).toUTCString(), 250],
  ["880.092us", 250],
  ["-1", 250],
])("[client/D-5,B-64] Retry-After: %s waits %i ms", async (value, wait) => {
  const base = fakeTransport({ status: 429, headers: { "retry-after": value } }, { status: 200 });
  const { send, clock } = retrying(base);
  await send(fakeRequest(URL_A));
  expect(clock.sleeps).toEqual([wait]);
});

test("[client/D-5] Retry-After counts for 503 too, not for 500", async () => {
  const base = fakeTransport(
    { status: 503, headers: { "retry-after": "7" } },
    { status: 500, headers: { "retry-after": "7" } },
    { status: 200 },
  );
  const { send, clock } = retrying(base);
  await send(fakeRequest(URL_A));
  expect(clock.sleeps).toEqual([7000, 500]);
});

test("[client/D-5] a wait beyond the limit is an error that says how long it would be", async () => {
  const base = fakeTransport({ status: 429, headers: { "retry-after": "86400" }, body: '{"errors":[{"code":"TOOMANYREQUESTS"}]}' });
  const { send, clock } = retrying(base);
  const error = await failureOfCall(send(fakeRequest(URL_A, { operation: "fetch manifest" })));
  expect(error).toBeInstanceOf(RateLimitedError);
  expect(error).toMatchObject({
    code: "ERR_RATE_LIMITED",
    status: 429,
    retryAfterMs: 86_400_000,
    retryable: true,
    message: expect.stringContaining("it asks to wait 86400 s, and the limit here is 60 s"),
  });
  expect([isRateLimited(error), clock.sleeps]).toEqual([true, []]);
});

test("[client/D-5] so it is for a request that is sent once because its caller tries again; others that are sent once are answered", async () => {
  const reply = { status: 429, headers: { "retry-after": "86400" } };
  const { send } = retrying(fakeTransport(reply));
  expect(await failureOfCall(send(fakeRequest(URL_A, { retry: "never" })))).toBeInstanceOf(RateLimitedError);
  const body = requestBody(Readable.from(["once"]));
  expect((await send(fakeRequest(URL_A, { body }))).status).toBe(429);
});

test("[client/D-5] parallel calls to a host that asked to slow down wait together, others do not", async () => {
  const clock = fakeClock();
  const sent: string[] = [];
  const base = fakeTransport(({ url }): FakeReply => {
    sent.push(`${url.pathname} ${clock.now() - 1_000_000}`);
    return sent.length === 1 ? { status: 429, headers: { "retry-after": "10" } } : {};
  });
  const { send } = retrying(base, { clock });
  await Promise.all([
    send(fakeRequest("https://reg.test/first")),
    (async () => {
      while (clock.sleeps.length === 0) await turn();
      await Promise.all([send(fakeRequest("https://reg.test/second")), send(fakeRequest("https://other.test/third"))]);
    })(),
  ]);
  expect(sent[0]).toBe("/first 0");
  expect(sent).toContain("/first 10000");
  expect(sent).toContain("/second 10500"); // the 5 % spread them
  expect(clock.sleeps).toEqual([10_000, 10_500]); // the third waited for nobody
});

test("[client/D-5] that a host asked to slow down is told once for each answer that says it, and not where it is not waited for", async () => {
  const events: SlowdownEvent[] = [];
  const later = { "retry-after": "10" };
  const base = fakeTransport(
    { status: 429, headers: later },
    { status: 503, headers: later },
    { status: 429 },
    { status: 503 },
    { status: 200 },
    { status: 429, headers: later },
    { status: 429, headers: { "retry-after": "86400" } },
  );
  const { send } = retrying(base, { onSlowdown: (event) => events.push(event) });
  await send(fakeRequest("https://reg.test:5000/a"));
  expect((await send(fakeRequest("https://reg.test/a", { retry: "never" }))).status).toBe(429);
  expect(await failureOfCall(send(fakeRequest("https://reg.test/a")))).toBeInstanceOf(RateLimitedError);
  expect(events).toEqual([
    { host: "reg.test:5000", delayMs: 10_000, status: 429 },
    { host: "reg.test:5000", delayMs: 10_000, status: 503 },
    { host: "reg.test:5000", delayMs: expect.any(Number), status: 429 },
    { host: "reg.test", delayMs: 10_000, status: 429 },
  ]);
});

test("[client/D-5] a 429 that does not say how long makes the others wait as well, a 503 does not", async () => {
  for (const [status, second] of [
    [429, 262.5], // its wait, and the 5 % that spread them
    [503, undefined],
  ] as const) {
    const clock = fakeClock();
    const base = fakeTransport({ status }, {});
    const { send } = retrying(base, { clock });
    await Promise.all([
      send(fakeRequest("https://reg.test/first")),
      (async () => {
        while (clock.sleeps.length === 0) await turn();
        await send(fakeRequest("https://reg.test/second"));
      })(),
    ]);
    expect(clock.sleeps).toEqual(second === undefined ? [250] : [250, Math.ceil(second)]);
  }
});

test("[client/B-63] abort during the wait rejects at once with the signal's own reason", async () => {
  const aborted = new AbortController();
  const reason = new Error("enough");
  const base = fakeTransport({ status: 500 });
  const send = composeTransport(
    base,
    retryLayer({ policy: { backoff: () => 3_600_000 }, onRetry: () => setImmediate(() => aborted.abort(reason)) }),
  );
  expect(await failureOfCall(send(fakeRequest(URL_A, { signal: aborted.signal })))).toBe(reason);
  expect(base.requests.length).toBe(1);
  await expect(systemClock.sleep(1)).resolves.toBeUndefined();
});

test("[client/C-13] deadlines of the caller are never retried", async () => {
  const aborted = new AbortController();
  const base = fakeTransport(() => {
    aborted.abort(cut());
    return { error: aborted.signal.reason };
  });
  expect(await failureOfCall(retrying(base).send(fakeRequest(URL_A, { signal: aborted.signal })))).toBe(aborted.signal.reason);
  expect(base.requests.length).toBe(1);
});

async function sends(policy: RetryPolicy, reply: FakeReply): Promise<readonly [number, readonly number[]]> {
  const base = fakeTransport(reply);
  const { send, clock } = retrying(base, { policy, random: () => 0 });
  await send(fakeRequest(URL_A)).catch(() => {});
  return [base.requests.length, clock.sleeps];
}

test("[client/C-13] go-containerregistry's policies are at hand", async () => {
  expect(await sends(GGCR_TRANSPORT_RETRY_POLICY, { error: cut() })).toEqual([3, [100, 300]]);
  expect(await sends(GGCR_TRANSPORT_RETRY_POLICY, { status: 503 })).toEqual([1, []]);
  expect(await sends(GGCR_REMOTE_RETRY_POLICY, { error: cut() })).toEqual([3, [1000, 3000]]);
  for (const status of [408, 429, 499, 500, 502, 503, 504, 522]) {
    expect(await sends(GGCR_REMOTE_RETRY_POLICY, { status, headers: { "retry-after": "9" } })).toEqual([3, [1000, 3000]]);
  }
  expect(await sends(GGCR_REMOTE_RETRY_POLICY, { status: 521 })).toEqual([1, []]);
  expect(GGCR_REMOTE_RETRY_POLICY.backoff(1, () => 0.999999)).toBe(1100);
});

test("[client/B-65] policies are made of parts", async () => {
  const policy = {
    maxRetries: 1,
    backoff: createBackoff({ initialMs: 10, factor: 10, maxMs: 50 }),
    shouldRetry: retryOnAny(retryOnStatuses(418), retryOnErrors()),
  };
  expect(await sends({ ...DEFAULT_RETRY_POLICY, ...policy }, { status: 418 })).toEqual([2, [10]]);
  expect(await sends({ ...DEFAULT_RETRY_POLICY, ...policy }, { status: 500 })).toEqual([1, []]);
  expect(await sends({ ...DEFAULT_RETRY_POLICY, maxRetries: 0 }, { status: 500 })).toEqual([1, []]);
  expect(defaultRetryPredicate({ request: fakeRequest(URL_A), error: new TypeError("mine") })).toBe(false);
});

test("[client/X-10] each retry is told before its wait, without secrets", async () => {
  const events: RetryEvent[] = [];
  const base = fakeTransport({ status: 503 }, { status: 200 });
  await retrying(base, { onRetry: (event) => events.push(event) }).send(
    fakeRequest("https://u:p@reg.test/a?sig=s", { operation: "fetch blob" }),
  );
  expect(events).toEqual([
    { operation: "fetch blob", method: "GET", url: "https://reg.test/a?sig=REDACTED", retry: 1, delayMs: 250, status: 503 },
  ]);
});
