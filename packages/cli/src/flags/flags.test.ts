import { expect, test } from "vitest";
import { COMMANDS } from "../command/table.ts";
import { berth } from "../testing/run-berth.ts";
import { hoistFlags } from "./hoist.ts";
import { readSettings } from "./settings.ts";
import { parseAddressOverride, parseDuration, parseHeader, parseSize, parseSwitch, parseWait } from "./values.ts";

test("times, sizes, headers, addresses and switches are read as people write them", () => {
  expect(["30", "1.5", "250ms", "1m30s", "2h", "1d"].map(parseDuration)).toEqual([30_000, 1500, 250, 90_000, 7_200_000, 86_400_000]);
  expect(["4096", "16MiB", "10M", "1.5k", "2GB", "3 ki"].map(parseSize)).toEqual([4096, 16_777_216, 10_000_000, 1500, 2_000_000_000, 3072]);
  expect(parseHeader("X-Team: a: b")).toEqual(["x-team", "a: b"]);
  expect(parseAddressOverride("r.test:443:[::1]")).toEqual(["r.test:443", "::1"]);
  expect(["1", "true", "no", "OFF"].map(parseSwitch)).toEqual([true, true, false, false]);
});

test.each([
  [parseDuration, "soon"],
  [parseDuration, "-1s"],
  [parseDuration, "NaN"],
  [parseWait, "25d"],
  [parseWait, "99999999999999d"],
  [parseSize, "big"],
  [parseSize, "0"],
  [parseSize, "0.1"],
  [parseSize, "-1"],
  [parseSize, "NaN"],
  [parseSize, "999999999999999GiB"],
  [parseHeader, "no colon"],
  [parseHeader, "a: b\r\nc: d"],
  [parseAddressOverride, "r.test:1.2.3.4"],
  [parseSwitch, "maybe"],
])("what cannot be is refused: %s %s", (parse, text) => {
  expect(() => parse(text)).toThrow("expected");
});

test("a flag wins over its variable, one of a side over one for both", () => {
  const env = {
    BERTH_PLAIN_HTTP: "1",
    BERTH_TO_PLAIN_HTTP: "0",
    BERTH_RETRIES: "7",
    BERTH_TIMEOUT: "3s",
    BERTH_STALL_TIMEOUT: "2m",
    BERTH_DEBUG: "1",
  };
  const settings = readSettings({ retries: "2", fromCaFile: "from.pem", caFile: "both.pem" }, env);
  expect(settings).toMatchObject({ retries: 2, timeoutMs: 3000, stallTimeoutMs: 120_000, debug: true, quiet: false });
  expect(settings.side("from")).toEqual({ plainHttp: true, caFile: "from.pem" });
  expect(settings.side("to")).toEqual({ plainHttp: false, caFile: "both.pem" });
  expect(settings.side()).toEqual({ plainHttp: true, caFile: "both.pem" });
  expect(readSettings({ plainHttp: true }, env).side("to").plainHttp).toBe(true);
});

test("a time of 0 for the whole command is no limit", () => {
  expect(readSettings({ timeout: "0" }, { BERTH_TIMEOUT: "3s" }).timeoutMs).toBeUndefined();
});

test("a variable that cannot be is told by its name", () => {
  expect(() => readSettings({}, { BERTH_RETRIES: "many" })).toThrow("cannot use BERTH_RETRIES: expected a whole number from 0");
});

test("who we are is what one place says, and the first place that says something counts", () => {
  const signIn = (flags: Record<string, unknown>, env: Record<string, string> = {}, side?: "from" | "to"): unknown =>
    readSettings(flags, env).side(side).signIn;
  expect(signIn({})).toBeUndefined();
  expect(signIn({ user: "a" }, { BERTH_PASSWORD: "p", BERTH_TOKEN: "t" })).toEqual({
    kind: "user",
    username: "a",
    password: "p",
    passwordStdin: false,
  });
  expect(signIn({ user: "a:p:q" })).toEqual({ kind: "user", username: "a", password: "p:q", passwordStdin: false });
  expect(signIn({ user: "a", passwordStdin: true }, { BERTH_PASSWORD: "p" })).toEqual({ kind: "user", username: "a", passwordStdin: true });
  expect(signIn({ anonymous: true }, { BERTH_USER: "a" })).toEqual({ kind: "anonymous" });
  expect(signIn({}, { BERTH_TOKEN: "t" })).toEqual({ kind: "token", token: "t" });
  expect(signIn({ toAnonymous: true, user: "a" }, {}, "to")).toEqual({ kind: "anonymous" });
  expect(() => signIn({ user: "a", token: "t" })).toThrow("cannot use --user with --token: they say different things");
  expect(() => signIn({ passwordStdin: true })).toThrow("--password-stdin needs --user");
});

test.each([
  [
    ["--plain-http", "ls", "x"],
    ["ls", "--plain-http", "x"],
  ],
  [
    ["--user", "a", "manifest", "--debug", "get", "x"],
    ["manifest", "get", "--user", "a", "--debug", "x"],
  ],
  [
    ["-j", "4", "--timeout=3s", "ls", "x"],
    ["ls", "-j", "4", "--timeout=3s", "x"],
  ],
  [
    ["ls", "--debug", "x"],
    ["ls", "--debug", "x"],
  ],
  [["--help"], ["--help"]],
  [
    ["--nope", "ls"],
    ["--nope", "ls"],
  ],
])("shared flags may stand before the command: %j", (args, expected) => {
  expect(hoistFlags(COMMANDS, args)).toEqual(expected);
});

test.each([
  ["--limit-rate", "0"],
  ["--limit-rate", "-1"],
  ["--limit-rate", "999999999999999GiB"],
  ["--chunk-size", "0"],
  ["--timeout", "30d"],
  ["--timeout", "99999999999999d"],
  ["--stall-timeout", "30d"],
  ["--retry-delay", "30d"],
  ["--retries", "-1"],
  ["--jobs", "0"],
  ["--jobs", "NaN"],
])("a number that cannot be is wrong usage, no bug: cp %s %s", async (flag, value) => {
  const { code, stderr } = await berth(["cp", `${flag}=${value}`, "oci:nothing:a", "oci:nothing:b"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^berth: .*expected/);
});

test.each([
  ["gzip", "10"],
  ["zstd", "20"],
])("%s has no level %s", async (kind, level) => {
  const { code, stderr } = await berth(["recompress", "--to", kind, "--level", level, "oci:nothing:a"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(`${kind} has no --level ${level}`)]);
});
