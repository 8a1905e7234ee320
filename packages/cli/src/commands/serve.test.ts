import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunDaemonOptions } from "@berth/registry/daemon";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";
import type { LoadDaemon } from "./serve.ts";

let folder: string;
let file: string;
let started: RunDaemonOptions[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-serve-"));
  file = join(folder, "config.yml");
  started = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Starts nothing: these tests are about what the command makes of its arguments. */
function daemon(exitCode: number = 0): LoadDaemon {
  return async () => ({
    openLogOutput: () => ({ write: () => undefined, flush: () => undefined }),
    runDaemon: async (options) => {
      started.push(options);
      options.onListening?.({ address: "127.0.0.1:5000", port: 5000, tls: false });
      return exitCode;
    },
  });
}

test("[server/C4] the file is the argument, else REGISTRY_CONFIGURATION_PATH, else there is none", async () => {
  writeFileSync(file, "version: 0.1\nstorage: inmemory\nhttp: {addr: ':1'}\n");
  const other = join(folder, "other.yml");
  writeFileSync(other, "version: 0.1\nstorage: inmemory\nhttp: {addr: ':2'}\n");
  expect(await run(["serve", file], { io: fakeIo({ env: { REGISTRY_CONFIGURATION_PATH: other } }).io, loadDaemon: daemon() })).toBe(0);
  expect(await run(["serve"], { io: fakeIo({ env: { REGISTRY_CONFIGURATION_PATH: other } }).io, loadDaemon: daemon() })).toBe(0);
  expect(await run(["serve"], { io: fakeIo().io, loadDaemon: daemon() })).toBe(0);
  expect(started.map(({ config }) => config.http.address)).toEqual([
    { net: "tcp", host: "", port: 1 },
    { net: "tcp", host: "", port: 2 },
    { net: "tcp", host: "127.0.0.1", port: 5000 },
  ]);
});

test("[server/C4] a bad file is told line by line after `configuration error:`, with usage, and exits 1", async () => {
  writeFileSync(file, "version: 0.1\nstorage: {s3: {}}\nhttp: {prefix: x}\n");
  const fake = fakeIo();
  expect(await run(["serve", file], { io: fake.io, loadDaemon: daemon() })).toBe(1);
  expect(fake.stderr().split("\n")).toEqual([
    `configuration error: ${file}:2:11: storage.s3: cannot be honoured: this storage driver is not built yet; use filesystem`,
    `configuration error: ${file}:3:16: http.prefix: expected a path that starts and ends with a slash, got "x"`,
    "usage: berth serve [options] [config]",
    "",
  ]);
  expect(started).toEqual([]);
});

test("flags become configuration and are told by their names when they are wrong", async () => {
  const flags = [
    "--addr",
    ":7000",
    "--data",
    folder,
    "--htpasswd",
    "users",
    "--tls-cert",
    "c",
    "--tls-key",
    "k",
    "--readonly",
    "--no-delete",
    "--workers",
    "2",
    "--log-level",
    "debug",
    "--log-format",
    "json",
    "--no-access-log",
    "--metadata-url",
    "postgres://h/d",
  ];
  expect(await run(["serve", ...flags], { io: fakeIo({ env: { PORT: "1", REGISTRY_LOG_LEVEL: "error" } }).io, loadDaemon: daemon() })).toBe(
    0,
  );
  expect(started[0]?.config).toMatchObject({
    http: { address: { host: "", port: 7000 }, tls: { certificate: "c", key: "k" } },
    storage: { driver: { rootDirectory: folder }, readOnly: true, deletesEnabled: false },
    auth: { kind: "htpasswd", path: "users" },
    metadata: { kind: "postgres", url: "postgres://h/d" },
    log: { level: "debug", formatter: "json", accessLog: false },
    workers: 2,
  });
});

test.each([
  [["--port", "http", "--metadata-url", "mysql://u:hunter2@h"], "--port: http.addr: expected a port from 0 to 65535"],
  [["--port", "65536"], "--port: http.addr: expected a port from 0 to 65535"],
  [["--workers", "none"], '--workers: workers: expected a whole number from 1 to 256, got "none"'],
  [["--log-level", "loud"], '--log-level: log.level: expected one of error, warn, info, debug, got "loud"'],
  [["--log-format", "xml"], '--log-format: log.formatter: expected one of text, json, logstash, got "xml"'],
  [["--addr", "here"], '--addr: http.addr: expected host:port, such as :5000, got "here"'],
  [["--tls-cert", "c"], "--tls-cert: http.tls: "],
])("a flag with a value that cannot be is told by its name, and is a usage mistake (%j)", async (flags, complaint) => {
  const fake = fakeIo();
  expect(await run(["serve", ...flags], { io: fake.io, loadDaemon: daemon() })).toBe(2);
  expect(fake.stderr()).toContain(`configuration error: ${complaint}`);
  expect(fake.stderr()).not.toContain("hunter2");
  expect(started).toEqual([]);
});

test("[server/C4] what a file or a variable gets wrong is no usage mistake, whatever the flags are", async () => {
  const gone = join(folder, "gone.yml");
  for (const file of [[gone], ["--config", gone]]) {
    const fake = fakeIo();
    expect(await run(["serve", ...file, "--port", "0"], { io: fake.io, loadDaemon: daemon() })).toBe(1);
    expect(fake.stderr()).toBe(
      `configuration error: ${gone}: cannot read the file: no such file or folder\nusage: berth serve [options] [config]\n`,
    );
  }
  expect(await run(["serve", gone, "--config", gone], { io: fakeIo().io, loadDaemon: daemon() })).toBe(2);
  expect(await run(["serve", "--port", "0"], { io: fakeIo({ env: { REGISTRY_LOG_LEVEL: "loud" } }).io, loadDaemon: daemon() })).toBe(1);
});

test("[server/C6] nothing is printed on standard output; without a file a person is greeted on standard error", async () => {
  const greeted = fakeIo({ env: { BERTH_DATA: folder } });
  await run(["serve"], { io: greeted.io, loadDaemon: daemon() });
  expect(greeted.stdout()).toBe("");
  expect(greeted.stderr()).toContain("Berth is listening on http://127.0.0.1:5000\n");
  expect(greeted.stderr()).toContain(`Data is kept in ${folder}\n`);
  writeFileSync(file, "version: 0.1\nstorage: inmemory\n");
  const quiet = fakeIo();
  await run(["serve", file], { io: quiet.io, loadDaemon: daemon() });
  expect(quiet.stdout() + quiet.stderr()).toBe("");
});

test("serve answers with the server's exit code", async () => {
  expect(await run(["serve"], { io: fakeIo().io, loadDaemon: daemon(3) })).toBe(3);
});
