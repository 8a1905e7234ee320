import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, expect, test } from "vitest";

// each starts whole processes
const BIN = fileURLToPath(new URL("../bin/", import.meta.url));

const SCRIPTS = {
  "main.cjs": `
    const { seen } = require("./seen-1.cjs");
    process.exitCode = Number(process.argv[3] ?? 0);
    if (process.argv[4] !== undefined) require("./more-1.cjs").more();
    console.log(JSON.stringify({ seen: seen(), strict: (function () { return this === undefined; })() }));`,
  "seen-1.cjs": `
    const { join } = require("node:path");
    exports.seen = () => [join("a", "b"), __filename.endsWith("seen-1.cjs"), require("./main.cjs") !== undefined];`,
  "more-1.cjs": `exports.more = () => _mport("node:os").then(({ EOL }) => console.log("later" + EOL));`,
};

/** A package as it is installed, with a bundle of our own. */
let folder: string;
let kept: string;

beforeEach(async () => {
  folder = await temporaryFolder("bundle");
  kept = join(folder, "cache/berth/compiled");
  await mkdir(join(folder, "bundle"));
  await cp(BIN, join(folder, "bin"), { recursive: true });
  for (const [name, text] of Object.entries(SCRIPTS)) await writeFile(join(folder, "bundle", name), text);
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Scripts whose code V8 had to make. */
  readonly made: number;
}

/** Runs it, and counts the scripts that came without code. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const watch = join(folder, "watch.cjs");
  await writeFile(
    watch,
    `const vm = require("node:vm");
    let made = 0;
    vm.Script = class extends vm.Script {
      constructor(text, options) {
        super(text, options);
        if (options.cachedData === undefined || this.cachedDataRejected) made += 1;
      }
    };
    process.on("exit", () => process.stderr.write("made " + made));`,
  );
  const child = promisify(execFile)(process.execPath, ["--require", watch, join(folder, "bin/berth.cjs"), ...args], {
    env: { PATH: "/bin", XDG_CACHE_HOME: join(folder, "cache"), ...env },
  });
  const { stdout, stderr, code } = await child.then(
    (said) => ({ ...said, code: 0 }),
    (error: { readonly stdout: string; readonly stderr: string; readonly code: number }) => error,
  );
  return { code, stdout, stderr: stderr.replace(/made \d+$/, ""), made: Number(/made (\d+)$/.exec(stderr)?.[1]) };
}

test("places in stack traces are those in the scripts, as maps have them", async () => {
  await writeFile(join(folder, "bundle/main.cjs"), `const where = new Error().stack.split("\\n")[1]; console.log(where);`);
  for (const args of [["once"], ["once"]]) expect((await run(args)).stdout).toMatch(/main\.cjs:1:15\)?\n$/);
});

test("a bundle runs in strict mode, with modules of Node, scripts that require each other, and modules that are imported later", async () => {
  const { code, stdout } = await run(["look", "0", "more"]);
  expect(code).toBe(0);
  const [first = "", second] = stdout.split("\n");
  expect(JSON.parse(first)).toEqual({ seen: ["a/b", true, true], strict: true });
  expect(second).toBe("later");
});

test("what V8 made of the scripts is kept for each verb, and made again for the ones that a run needs besides", async () => {
  expect((await run(["look"])).made).toBe(2);
  expect((await run(["look"])).made).toBe(0);
  expect((await run(["look", "0", "more"])).made).toBe(1);
  expect((await run(["look", "0", "more"])).made).toBe(0);
  expect((await run(["look"])).made).toBe(0);
  expect((await run(["move"])).made).toBe(2);
  expect((await run(["--flag"])).made).toBe(2);
  expect((await run(["../../evil"])).made).toBe(0); // no verb: with the flags
  expect((await readdir(kept)).sort()).toEqual(["berth.code", "look.code", "move.code"]);
  expect((await stat(join(kept, "look.code"))).mode & 0o777).toBe(0o600);
});

test("code of functions that were called is kept", async () => {
  const long = `exports.called = () => { ${"globalThis.x = [1, 2, 3].map((n) => n * 2);".repeat(200)} };`;
  await writeFile(join(folder, "bundle/main.cjs"), `${long} if (process.argv[2] === "call") exports.called();`);
  await run(["call"]);
  await run(["leave"]);
  const size = async (verb: string): Promise<number> => (await stat(join(kept, `${verb}.code`))).size;
  expect(await size("call")).toBeGreaterThan((await size("leave")) + 10_000);
});

test("nothing is kept of a run that failed, nor where that is not wanted or not possible", async () => {
  expect((await run(["look", "3"])).code).toBe(3);
  expect((await run(["look"], { NODE_DISABLE_COMPILE_CACHE: "1" })).code).toBe(0);
  await expect(readdir(kept)).rejects.toMatchObject({ code: "ENOENT" });
  for (const env of [{ XDG_CACHE_HOME: "/proc/nope" }, { XDG_CACHE_HOME: "", HOME: "/dev/null" }, { XDG_CACHE_HOME: "", HOME: "" }]) {
    expect(await run(["look"], env)).toMatchObject({ code: 0, made: 2, stderr: "" });
  }
  await writeFile(join(folder, "cache"), "a file");
  expect(await run(["look"])).toMatchObject({ code: 0, made: 2, stderr: "" });
});

test("a file that is being written is left to who writes it, unless that was killed long ago", async () => {
  const unfinished = join(kept, "look.code.new");
  await mkdir(kept, { recursive: true });
  await writeFile(unfinished, "half");
  expect(await run(["look"])).toMatchObject({ code: 0, stderr: "" });
  expect(await readdir(kept)).toEqual(["look.code.new"]);
  await utimes(unfinished, 0, 0);
  await run(["look"]);
  expect(await readdir(kept)).toEqual(["look.code"]);
  expect((await run(["look"])).made).toBe(0);
});

test.skipIf(process.platform === "win32")("a pipe in the place of kept code holds nobody up", async () => {
  await mkdir(kept, { recursive: true });
  await promisify(execFile)("mkfifo", [join(kept, "look.code")]);
  expect(await run(["look"])).toMatchObject({ code: 0, made: 2 });
});

test("code of another bundle, or that cannot be read, is not run", async () => {
  await run(["look"]);
  const file = join(kept, "look.code");
  const good = await readFile(file);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(100),
    good.subarray(0, 50),
    Buffer.concat([Buffer.from([255, 255, 255, 255]), good]),
  ]) {
    await writeFile(file, bytes);
    expect(await run(["look"])).toMatchObject({ code: 0, made: 2 });
  }
  expect((await run(["look"])).made).toBe(0);
  const main = join(folder, "bundle/main.cjs");
  await writeFile(main, (await readFile(main, "utf8")).replace("exitCode", "exitcode")); // of the same length, which is all that V8 looks at
  expect((await run(["look"])).made).toBe(2);
  expect((await run(["look"])).made).toBe(0);
});
