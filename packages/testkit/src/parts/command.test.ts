import { expect, test } from "vitest";
import { CommandError, run } from "./command.ts";

const node = (script: string): readonly [string, readonly string[]] => [process.execPath, ["-e", script]];

test("run() gives both outputs and hands over the input", async () => {
  const script = `process.stdin.on("data", (d) => process.stdout.write("got " + d)); console.error("aside")`;
  expect(await run(...node(script), { input: "hello" })).toEqual({ stdout: "got hello", stderr: "aside\n", exitCode: 0 });
});

test("run() rejects on another exit code than 0, unless it may fail", async () => {
  const failing = node(`console.log("why"); process.exit(3)`);
  const error: unknown = await run(...failing).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ exitCode: 3, output: "why\n" });
  expect((await run(...failing, { mayFail: true })).exitCode).toBe(3);
});

test("run() keeps secrets out of results, messages and command lines", async () => {
  const script = `console.log(process.argv[1]); process.exit(Number(process.argv[2]))`;
  const secrets = ["s3cret"];
  expect((await run(process.execPath, ["-e", script, "s3cret", "0"], { secrets })).stdout).toBe("<redacted>\n");
  const error: unknown = await run(process.execPath, ["-e", script, "s3cret", "1"], { secrets }).catch((reason: unknown) => reason);
  expect(String(error)).toContain("<redacted>");
  expect(JSON.stringify(error) + String(error)).not.toContain("s3cret");
});

test("run() kills a command that takes too long, with what it started", async () => {
  const child = `setInterval(() => {}, 1000)`;
  const parent = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit" }); ${child}`;
  // Its output closes only when the grandchild, which shares it, has ended too.
  await expect(run(...node(parent), { timeoutMs: 300 })).rejects.toThrow(/still running after 300 ms/);
});

test("run() passes on nothing of the caller's environment but what is asked for", async () => {
  process.env["BERTH_TEST_LEAK"] = "leak";
  try {
    const { stdout } = await run(...node("console.log(JSON.stringify(process.env))"), { env: { ASKED: "for" } });
    const seen: Record<string, string> = JSON.parse(stdout);
    expect(seen).toMatchObject({ ASKED: "for", LC_ALL: "C.UTF-8" });
    expect(seen).not.toHaveProperty("BERTH_TEST_LEAK");
    expect(seen).not.toHaveProperty("HOME");
  } finally {
    delete process.env["BERTH_TEST_LEAK"];
  }
});

test("run() rejects with the system's error when there is no such command", async () => {
  await expect(run("/nowhere/at-all", [])).rejects.toMatchObject({ code: "ENOENT" });
});
