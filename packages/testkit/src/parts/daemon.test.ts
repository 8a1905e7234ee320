import { expect, test } from "vitest";
import { startDaemon } from "./daemon.ts";

const node = (script: string): readonly [string, readonly string[]] => [process.execPath, ["-e", script]];

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH
  }
}

test("startDaemon() waits for the line and hands over its groups; stop() ends it and can be called again", async () => {
  const daemon = await startDaemon(...node(`console.log("starting"); console.error("listening on 4711"); setInterval(() => {}, 1000)`), {
    ready: /listening on (\d+)/,
  });
  expect(daemon.match[1]).toBe("4711");
  expect(isRunning(daemon.pid)).toBe(true);
  await daemon.stop();
  await daemon.stop();
  expect(isRunning(daemon.pid)).toBe(false);
});

test("startDaemon() rejects with the output when the daemon ends first", async () => {
  await expect(startDaemon(...node(`console.error("port taken"); process.exit(1)`), { ready: /listening/ })).rejects.toThrow(/port taken/);
});

test("startDaemon() ends a daemon that never gets ready", async () => {
  const silent = startDaemon(...node(`console.log("pid", process.pid); setInterval(() => {}, 1000)`), {
    ready: /listening/,
    startTimeoutMs: 400,
  });
  const error: unknown = await silent.catch((reason: unknown) => reason);
  expect(String(error)).toContain("not ready after 400 ms");
});

test("stop() kills a daemon that does not heed SIGTERM", async () => {
  const deaf = `process.on("SIGTERM", () => {}); console.log("ready"); setInterval(() => {}, 1000)`;
  const daemon = await startDaemon(...node(deaf), { ready: /ready/, stopTimeoutMs: 100 });
  await daemon.stop();
  expect(isRunning(daemon.pid)).toBe(false);
});
