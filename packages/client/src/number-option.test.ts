import { expect, test, vi } from "vitest";
import { pingRegistry } from "./auth/ping-registry.ts";
import { createTokenCache } from "./auth/token-cache.ts";
import { createDockerConfigStore } from "./credentials/docker-config-store.ts";
import { createHelperStore } from "./credentials/helper-store.ts";
import { refreshingCredentials } from "./credentials/refreshing-credentials.ts";
import { MAX_TIMER_MS, timeLimit, wholeNumber } from "./number-option.ts";
import { createConnection } from "./remote/create-connection.ts";
import { createRemoteRegistry } from "./remote/create-registry.ts";
import { createRemoteRepository } from "./remote/create-repository.ts";
import { createBlobUploader } from "./remote/upload/blob-uploader.ts";
import { sample } from "./remote/testing/scripted.test-kit.ts";
import { createBackoff } from "./transport/backoff.ts";
import { requestBody } from "./transport/body.ts";
import { systemClock } from "./transport/clock.ts";
import { createUndiciTransport } from "./transport/undici-transport.ts";

const slept = vi.hoisted((): number[] => []);
vi.mock("node:timers/promises", async (original) => ({
  ...(await original<typeof import("node:timers/promises")>()),
  setTimeout: async (ms: number) => void slept.push(ms),
}));

const nobody = () => Promise.resolve(undefined);
const offline = createConnection("r.test", { transport: () => Promise.reject(new Error("offline")) });
const repository = createRemoteRepository("r.test/a", { connection: offline });
const { descriptor } = sample("hello");

const HTTP = [
  "connectTimeoutMs",
  "tlsTimeoutMs",
  "keepAliveTimeoutMs",
  "headersTimeoutMs",
  "stallTimeoutMs",
  "earlyAnswerTimeoutMs",
  "maxConnectionsPerHost",
] as const;

/** What takes each option, and what it may be besides whole numbers from 0. */
const OPTIONS: readonly (readonly [name: string, use: (value: number) => unknown, infinity: boolean])[] = [
  ...HTTP.map((name) => [name, (value: number) => createConnection("r.test", { http: { [name]: value } }), true] as const),
  ["maxRetries", (maxRetries) => createConnection("r.test", { retry: { policy: { maxRetries } } }), true],
  ["maxRetryAfterMs", (maxRetryAfterMs) => createConnection("r.test", { retry: { policy: { maxRetryAfterMs } } }), true],
  ["maxRedirects", (maxRedirects) => createConnection("r.test", { redirects: { maxRedirects } }), false],
  ["initialMs", (initialMs) => createBackoff({ initialMs, factor: 2 }), false],
  ["minMs", (minMs) => createBackoff({ initialMs: 1, factor: 2, minMs }), false],
  ["maxMs", (maxMs) => createBackoff({ initialMs: 1, factor: 2, maxMs }), true],
  ["tagListPageSize", (tagListPageSize) => createRemoteRepository("r.test/a", { tagListPageSize }), false],
  ["tagListMaxPages", (tagListMaxPages) => createRemoteRepository("r.test/a", { tagListMaxPages }), true],
  ["referrerListPageSize", (referrerListPageSize) => createRemoteRepository("r.test/a", { referrerListPageSize }), false],
  ["referrerListMaxPages", (referrerListMaxPages) => createRemoteRepository("r.test/a", { referrerListMaxPages }), true],
  ["downloadRetries", (downloadRetries) => createRemoteRepository("r.test/a", { downloadRetries }), true],
  ["downloadRetryDelayMs", (downloadRetryDelayMs) => createRemoteRepository("r.test/a", { downloadRetryDelayMs }), false],
  ["repositoryListPageSize", (repositoryListPageSize) => createRemoteRegistry("r.test", { repositoryListPageSize }), false],
  ["repositoryListMaxPages", (repositoryListMaxPages) => createRemoteRegistry("r.test", { repositoryListMaxPages }), true],
  ["pageSize", (pageSize) => createRemoteRegistry("r.test", { connection: offline }).repositories({ pageSize }), false],
  ["pageSize", (pageSize) => repository.tags({ pageSize }), false],
  ["maxHosts", (maxHosts) => createTokenCache({ maxHosts }), true],
  ["maxTokens", (maxTokens) => createTokenCache({ maxTokens }), true],
  ["ttlMs", (ttlMs) => refreshingCredentials(nobody, { ttlMs }), true],
  ["maxEntries", (maxEntries) => refreshingCredentials(nobody, { maxEntries }), true],
  ["timeoutMs", (timeoutMs) => createHelperStore("pass", { timeoutMs }), true],
  ["helperTimeoutMs", (helperTimeoutMs) => createDockerConfigStore({ path: "config.json", helperTimeoutMs }), true],
  ["size", (size) => requestBody((async function* () {})(), size), false],
];

test.each(OPTIONS)("%s is refused at once when it is no whole number from 0", (name, use, infinity) => {
  const wrong = [Number.NaN, -1, 1.5, Number.NEGATIVE_INFINITY, 2 ** 60, ...(infinity ? [] : [Number.POSITIVE_INFINITY])];
  for (const value of wrong) {
    expect(() => use(value), String(value)).toThrow(RangeError);
    expect(() => use(value), String(value)).toThrow(`Cannot use ${name} ${value}: expected a whole number from `);
  }
  for (const value of [1, ...(infinity ? [Number.POSITIVE_INFINITY] : [])]) expect(() => use(value), String(value)).not.toThrow();
});

test("zero is a number, save for what cannot be nothing", () => {
  for (const [name, use] of OPTIONS) {
    if (name === "keepAliveTimeoutMs") expect(() => use(0)).toThrow("Cannot use keepAliveTimeoutMs 0: expected a whole number from 1");
    else expect(() => use(0), name).not.toThrow();
  }
  expect(() => createBlobUploader(offline, "a", { chunkSize: 0 })).toThrow("Cannot use chunkSize 0: expected a whole number from 1");
});

test("numbers of a call are refused before anything is sent", async () => {
  const calls: readonly (readonly [string, (value: number) => Promise<unknown>])[] = [
    ["chunkSize", (chunkSize) => repository.push(descriptor, "hello", { chunkSize })],
    ["wholeBytes", (wholeBytes) => repository.push(descriptor, "hello", { wholeBytes })],
    ["maxBytes", (maxBytes) => repository.fetchBytes(descriptor, { maxBytes })],
    ["pageSize", (pageSize) => Array.fromAsync(repository.referrersApi.list(descriptor, { pageSize }))],
    [
      "plainHttpDelayMs",
      (plainHttpDelayMs) => pingRegistry("r.test", { transport: () => Promise.reject(new Error("offline")), plainHttpDelayMs }),
    ],
    [
      "headersTimeoutMs",
      (headersTimeoutMs) => createUndiciTransport()({ method: "GET", url: new URL("http://127.0.0.1:1/"), headers: {}, headersTimeoutMs }),
    ],
  ];
  for (const [name, call] of calls) {
    for (const value of [Number.NaN, -1, 1.5]) {
      await expect(call(value)).rejects.toThrow(RangeError);
      await expect(call(value)).rejects.toThrow(`Cannot use ${name} ${value}: expected a whole number from `);
    }
  }
});

test("[client/B-8] maxMetadataBytes of 0 or less is the default, and no number is none", () => {
  for (const value of [0, -1, 1024, Number.POSITIVE_INFINITY]) createRemoteRepository("r.test/a", { maxMetadataBytes: value });
  for (const value of [Number.NaN, 0.5, Number.NEGATIVE_INFINITY]) {
    expect(() => createRemoteRepository("r.test/a", { maxMetadataBytes: value })).toThrow(`Cannot use maxMetadataBytes ${value}`);
  }
});

test("factor and jitter of a backoff are numbers in order", () => {
  for (const factor of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    expect(() => createBackoff({ initialMs: 1, factor })).toThrow(`Cannot use factor ${factor}`);
  }
  for (const jitter of [
    [Number.NaN, 0],
    [0, Number.NaN],
    [-2, 0],
    [0.5, 0],
    [0, Number.POSITIVE_INFINITY],
  ] as const) {
    expect(() => createBackoff({ initialMs: 1, factor: 1.5, jitter })).toThrow(`Cannot use jitter [${jitter.join(", ")}]`);
  }
  const patient = createBackoff({ initialMs: 0, factor: 2 });
  expect(patient(5000, () => 0)).toBe(0);
});

test("an option that is left out has its default", () => {
  expect(wholeNumber("n", undefined, 7)).toBe(7);
  expect(timeLimit("n", undefined, 7)).toBe(7);
});

test("a limit of time is none when it is endless, and no longer than a timer can be", () => {
  expect([0, 5, 1e12, Number.POSITIVE_INFINITY].map((ms) => timeLimit("n", ms, 1))).toEqual([0, 5, MAX_TIMER_MS, 0]);
});

test("a sleep that is longer than a timer can be is slept in pieces", async () => {
  for (const ms of [0, MAX_TIMER_MS, 3_000_000_000, 2 * MAX_TIMER_MS + 1]) {
    slept.length = 0;
    await systemClock.sleep(ms);
    expect(slept.every((one) => one <= MAX_TIMER_MS)).toBe(true);
    expect(slept.reduce((sum, one) => sum + one, 0)).toBe(ms);
  }
});
