import { describe, expect, test } from "vitest";
import { isNotFound, NetworkError } from "../errors.ts";
import { mayBePlainHttp } from "./registry-address.ts";
import { CertificatesError } from "../transport/certs-d.ts";
import type { Clock } from "../transport/clock.ts";
import { type FakeReply, failureOfCall, type FakeTransport, fakeTransport } from "../transport/testing/fake-transport.test-kit.ts";
import type { TransportRequest } from "../transport/transport.ts";
import { pingRegistry } from "./ping-registry.ts";

const LOCAL = "localhost:5000";
const challenged = (...fields: readonly string[]): FakeReply => ({ status: 401, headers: { "www-authenticate": fields } });
const schemes = ({ requests }: FakeTransport): readonly string[] => requests.map(({ url }) => url.protocol);

/** Answers by scheme. */
function twoWays(https: FakeReply | (() => Promise<FakeReply>), http: FakeReply | (() => Promise<FakeReply>)): FakeTransport {
  return fakeTransport(async (request) => {
    const reply = request.url.protocol === "https:" ? https : http;
    return typeof reply === "function" ? await reply() : reply;
  });
}

/** Time that passes when a test says so. */
function manualClock(): Clock & { readonly slept: number[]; wake(): void } {
  const slept: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  return { slept, wake: resolve, now: () => 0, sleep: async (ms) => (slept.push(ms), await promise) };
}

describe("pingRegistry()", () => {
  test("[client/C-2] a registry that lets everybody in has no challenge", async () => {
    const transport = fakeTransport({ status: 200, headers: { "www-authenticate": "Basic" } });
    expect(await pingRegistry("r.test", { transport })).toEqual({ scheme: "", parameters: new Map(), insecure: false, challenges: [] });
    expect(transport.requests.map(({ method, url }) => `${method} ${url.href}`)).toEqual(["GET https://r.test/v2/"]);
  });

  test.each<[readonly string[], string]>([
    [["Negotiate", 'Basic realm="q"'], "basic"],
    [['Digest realm="x", Bearer realm="https://a.test"'], "bearer"],
    [["Negotiate", "Digest"], "negotiate"],
    [["=nothing="], "=nothing="],
    [[], ""],
  ])("[client/C-2] of %j it finds %j", async (fields, wanted) => {
    expect((await pingRegistry("r.test", { transport: fakeTransport(challenged(...fields)) })).scheme).toBe(wanted);
  });

  test("[client/C-2] any other status is an error", async () => {
    expect(isNotFound(await failureOfCall(pingRegistry("r.test", { transport: fakeTransport({ status: 404 }) })))).toBe(true);
  });

  test("[client/C-2] a redirect to plain HTTP makes it insecure", async () => {
    const inner = fakeTransport({});
    const transport = async (request: TransportRequest): ReturnType<FakeTransport> => ({
      ...(await inner(request)),
      request: { ...request, url: new URL("http://r.test/v2/") },
    });
    expect((await pingRegistry("r.test", { transport })).insecure).toBe(true);
  });

  test("pingRegistry() asks for Docker Hub where it answers", async () => {
    const transport = fakeTransport({});
    await pingRegistry("docker.io", { transport });
    expect(transport.requests[0]?.url.host).toBe("registry-1.docker.io");
  });
});

describe("pingRegistry() where plain HTTP may be", () => {
  test.each([LOCAL, "localhost", "x.localhost:1", "127.0.0.1", "[::1]:5000", "10.0.0.5", "192.168.1.1:80", "172.31.0.1"])(
    "[client/C-24,C-3] %s: HTTPS first, then HTTP",
    async (registry) => {
      const transport = twoWays({ error: new Error("no TLS") }, {});
      expect((await pingRegistry(registry, { transport })).insecure).toBe(true);
      expect(schemes(transport)).toEqual(["https:", "http:"]);
    },
  );

  test.each(["r.test", "x.local", "127.0.0.1.evil.test", "8.8.8.8", "172.32.0.1"])("[client/C-24,C-3] %s: HTTPS only", async (registry) => {
    expect(mayBePlainHttp(registry)).toBe(false);
    const transport = twoWays({ error: new Error("no TLS") }, {});
    await expect(pingRegistry(registry, { transport })).rejects.toThrow("no TLS");
    expect(schemes(transport)).toEqual(["https:"]);
  });

  test("[client/C-3] a flag allows HTTP for any name", async () => {
    const transport = twoWays({ status: 502 }, {});
    expect((await pingRegistry("r.test", { transport, allowPlainHttp: true })).insecure).toBe(true);
  });

  test("[client/C-3] where any answer counts, HTTP is not tried once HTTPS gave one", async () => {
    const transport = twoWays({ status: 502 }, {});
    const error = await failureOfCall(pingRegistry("r.test", { transport, allowPlainHttp: true, anyAnswerCounts: true }));
    expect(error).toMatchObject({ status: 502 });
    expect(schemes(transport)).toEqual(["https:"]);
    const silent = twoWays({ error: new Error("no TLS") }, {});
    expect((await pingRegistry("r.test", { transport: silent, allowPlainHttp: true, anyAnswerCounts: true })).insecure).toBe(true);
  });

  test("[client/C-3,X-7] certificates that cannot be used are told as that; HTTP is no way around them", async () => {
    const unusable = new CertificatesError(LOCAL, "the key is not that of the certificate");
    const transport = twoWays({ error: unusable }, {});
    expect(await failureOfCall(pingRegistry(LOCAL, { transport }))).toBe(unusable);
    expect(schemes(transport)).toEqual(["https:"]);
  });

  test("[client/C-3] HTTP is not tried when HTTPS answers in time", async () => {
    const clock = manualClock();
    const transport = twoWays({}, {});
    expect((await pingRegistry(LOCAL, { transport, clock })).insecure).toBe(false);
    expect([schemes(transport), clock.slept]).toEqual([["https:"], [300]]);
  });

  test("[client/C-3] HTTP starts after a while beside HTTPS, and the first answer counts", async () => {
    const clock = manualClock();
    const slow = Promise.withResolvers<FakeReply>();
    const transport = twoWays(() => slow.promise, {});
    const ping = pingRegistry(LOCAL, { transport, clock, plainHttpDelayMs: 50 });
    clock.wake();
    expect((await ping).insecure).toBe(true);
    expect([schemes(transport), clock.slept]).toEqual([["https:", "http:"], [50]]);
    expect(transport.requests[0]?.signal?.aborted).toBe(true);
    slow.resolve({});
  });

  test("[client/C-3] an error of both holds both", async () => {
    const [secure, plain] = [new Error("no TLS"), new Error("refused")];
    const error = await failureOfCall(pingRegistry(LOCAL, { transport: twoWays({ error: secure }, { error: plain }) }));
    expect(error).toBeInstanceOf(NetworkError);
    expect(String(error)).toBe('NetworkError: Cannot reach registry "localhost:5000": by HTTPS: no TLS; by HTTP: refused');
    expect(error instanceof Error && error.cause instanceof AggregateError && error.cause.errors).toEqual([secure, plain]);
  });

  test("pingRegistry() rejects with the reason of the signal", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    const transport = fakeTransport(async ({ signal }) => {
      abort.abort(reason);
      return { error: signal?.reason };
    });
    expect(await failureOfCall(pingRegistry(LOCAL, { transport, signal: abort.signal }))).toBe(reason);
    expect(await failureOfCall(pingRegistry("r.test", { transport, signal: abort.signal }))).toBe(reason);
  });
});
