import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, test } from "vitest";

// each starts whole processes
/** As npm links it; in a checkout it runs the sources. */
const BIN = fileURLToPath(new URL("../bin/berth.cjs", import.meta.url));

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-main-"));
  children = [];
});

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true });
});

interface Berth {
  readonly child: ChildProcess;
  /** Resolves with the part of standard error that matched, as soon as it does; rejects when the process ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function berth(...args: string[]): Berth {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { PATH: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = Promise.all([text(child.stdout), once(child, "close")]).then(([stdout]) => ({ code: child.exitCode, stdout, stderr }));
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stderr);
          if (match !== null) resolve(match);
        };
        child.stderr.on("data", look);
        void ended.then(() => reject(new Error(`ended without saying ${pattern}: ${stderr}`)));
        look();
      }),
  };
}

test("[server/C6] serve listens before it says so, what it says to paste works, and its standard output holds requests only", async () => {
  const server = berth("serve", "--port", "0");
  const [, push = ""] = await server.said(/(curl -X PUT .*)\nPull it:/);
  const [, type = "", body = "", url = ""] = /-H 'Content-Type: (.*)' -d '(.*)' (\S+)$/.exec(push) ?? [];
  expect((await fetch(url, { method: "PUT", headers: { "Content-Type": type }, body })).status).toBe(201);
  const pulled = await fetch(url, { headers: { Accept: type } });
  expect([pulled.status, await pulled.text()]).toEqual([200, body]);
  const missing = await fetch(url.replace(/v1$/, "v2"));
  server.child.kill("SIGTERM");
  const { code, stdout, stderr } = await server.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/level=info msg="listening on 127\.0\.0\.1:\d+"/);
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => / "(PUT|GET) \/v2\/hello\/manifests\/v[12] HTTP\/1\.1" (\d+) /.exec(line)?.slice(1)),
  ).toEqual([
    ["PUT", "201"],
    ["GET", "200"],
    ["GET", "404"],
  ]);
  expect(stdout.endsWith(` "${missing.headers.get("X-Request-Id")}"\n`), "the answer and the access log name the request alike").toBe(true);
});

test.each([[[]], [["--workers", "2"]]])(
  "[server/C6] a taken port is one line and exit 1, and leaves nothing behind (%j)",
  async (flags) => {
    const first = berth("serve", "--port", "0");
    const [, port = ""] = await first.said(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
    const { code, stdout, stderr } = await berth("serve", "--port", port, "--data", join(folder, "second"), ...flags).ended;
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr: `berth: Cannot listen: 127.0.0.1:${port} is already in use\n`,
    });
    expect(existsSync(join(folder, "second"))).toBe(false);
  },
);

test("a signal that comes twice at once, as npx passes it on, is one", async () => {
  const server = berth("serve", "--port", "0");
  await server.said(/listening on/);
  server.child.kill("SIGINT");
  server.child.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0 });
});

test("a command that hangs in the system ends by one signal", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("/usr/bin/mkfifo", [pipe]);
  const waiting = berth("digest", "--file", BIN, pipe);
  if (waiting.child.stdout !== null) await once(waiting.child.stdout, "data"); // of the first file: the pipe is next, and nobody writes into it
  waiting.child.kill("SIGTERM");
  await waiting.ended;
  expect(waiting.child.signalCode ?? waiting.child.exitCode).toBe("SIGTERM");
});

test("a data folder that cannot be made is one line and exit 1", async () => {
  const { code, stdout, stderr } = await berth("serve", "--port", "0", "--data", "/proc/berth").ended;
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^berth: Cannot reach metadata: the folder of the database cannot be made: E[A-Z]+\n$/),
  });
});

test("[server/C3,C4] the process answers with the exit code of its command", async () => {
  const [version, missing] = await Promise.all([berth("--version").ended, berth("serve", "gone.yml").ended]);
  expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^berth /), stderr: "" });
  expect(missing).toEqual({
    code: 1,
    stdout: "",
    stderr: "configuration error: gone.yml: cannot read the file: no such file or folder\nusage: berth serve [options] [config]\n",
  });
});

test.runIf(process.platform === "linux")("a cache below a folder that no system can make is none", async () => {
  for (const env of [{ BERTH_CACHE: "/proc/nope" }, { BERTH_CACHE: "", XDG_CACHE_HOME: "", HOME: "/proc/nope" }]) {
    const { stdout } = await run(process.execPath, [BIN, "version"], { env: { ...process.env, ...env } });
    expect(stdout).toMatch(/^berth /);
  }
});

const FULL = "/dev/full";
const run = promisify(execFile);

test.runIf(existsSync(FULL))(
  "a full disk under standard output is a failure that is told, once, also when the command is through",
  async () => {
    for (const verb of ["version", "--help", "completion bash"]) {
      const line = `"${process.execPath}" "${BIN}" ${verb} > ${FULL}`;
      const failed = await run("/bin/sh", ["-c", line], { env: { PATH: folder } }).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 1, stderr: "berth: Cannot write to standard output: no space left on device\n" });
    }
  },
);

test.runIf(existsSync(FULL))("a command that has nothing to say does not fail where nothing can be said", async () => {
  const line = `echo x > x.txt; "${process.execPath}" "${BIN}" push -q oci:quiet:v1 x.txt > ${FULL}`;
  expect(await run("/bin/sh", ["-c", line], { cwd: folder, env: { PATH: folder } })).toMatchObject({ stderr: "" });
});

test("an old Node is told what is wanted before anything of ours is loaded", async () => {
  const source = await readFile(BIN, "utf8");
  const start = source.slice(0, source.indexOf("\n\nconst")).replace(/^#!.*/, "");
  const says: string[] = [];
  const pretended = {
    versions: { node: "20.1.0" },
    stderr: { write: (line: string) => says.push(line) },
    exit: (code: number) => says.push(`exit ${code}`),
  };
  runInNewContext(start, { process: pretended });
  expect(says).toEqual(["berth: Node 20.1.0 is too old: expected 24 or newer\n", "exit 1"]);
});
