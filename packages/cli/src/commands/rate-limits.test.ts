import { beforeEach, expect, test } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
let app: string;
/** Requests that are refused, and for how many seconds. */
let refuse: { path: RegExp; times: number; seconds: number } | undefined;
/** Requests that are left, as the registry tells it. */
let left: number;

const at = useRegistry({
  per: "test",
  before: (request, response, next) => {
    response.setHeader("ratelimit-limit", "100;w=21600");
    response.setHeader("ratelimit-remaining", `${--left};w=21600`);
    if (refuse?.path.test(request.url ?? "") === true && refuse.times-- > 0) {
      response.writeHead(429, { "retry-after": String(refuse.seconds) }).end();
    } else next();
  },
});

beforeEach(async () => {
  refuse = undefined;
  left = 100;
  app = `${at.server.host}/app`;
  await pushImage(at.embedded.repository("app"), { tags: ["v1"] });
});

test("what a registry says of how much may be asked of it stands in the results of commands, for programs", async () => {
  const rateLimits = [{ registry: at.server.host, limit: 100, remaining: expect.any(Number), windowSeconds: 21_600 }];
  for (const args of [
    ["digest", `${app}:v1`],
    ["ls", app],
    ["cp", `${app}:v1`, `oci:${at.folder}/layout`],
  ]) {
    const { code, stdout } = await berth([...args, "--format", "json"]);
    expect({ code, data: JSON.parse(stdout) }).toMatchObject({ code: 0, data: { rateLimits } });
  }
  expect((await berth(["digest", "--format", "{{(index .rateLimits 0).limit}}", `${app}:v1`])).stdout).toBe("100\n");
  expect((await berth(["ls", app])).stdout).toBe("v1\n");
});

test("[engine/T30] JSON progress tells that a registry asked to slow down, and its last line is the result", async () => {
  refuse = { path: /\/blobs\//, times: 1, seconds: 0 };
  const args = ["cp", "--progress", "json", "--retry-delay", "1ms", `${app}:v1`, `oci:${at.folder}/layout`];
  const { code, stdout, stderr } = await berth(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line): Record<string, unknown> => JSON.parse(line));
  const waits = lines.filter(({ type }) => type === "wait");
  expect(waits[0]).toEqual({
    type: "wait",
    registry: at.server.host,
    status: 429,
    delayMs: expect.any(Number),
    message: expect.stringContaining("asks to slow down (429)"),
  });
  expect(lines.at(-1)).toMatchObject({ type: "result", rateLimits: [{ registry: at.server.host }] });
  expect(lines.map(({ type }) => type).slice(0, -1)).not.toContain("result");
});

test("a registry that wants to be left alone for longer than we wait fails the command, which says for how long", async () => {
  refuse = { path: /\/manifests\//, times: 100, seconds: 3600 };
  const { code, stdout, stderr } = await berth(["digest", "--format", "json", `${app}:v1`]);
  expect({ code, stdout }).toEqual({ code: 8, stdout: "" });
  expect(JSON.parse(stderr)).toMatchObject({ class: "RateLimited", registry: at.server.host, status: 429, retryAfterMs: 3_600_000 });
});

test("who sits at a terminal learns what is waited for, also where no progress is shown", async () => {
  refuse = { path: /\/manifests\//, times: 1, seconds: 50 };
  const stop = new AbortController();
  const fake = fakeIo({ terminal: { columns: 80, rows: 24 }, signal: stop.signal });
  const running = run(["digest", `${app}:v1`], { io: fake.io });
  const line = `berth: ${at.server.host} asks to slow down (429): goes on in 50 s\n`;
  await expect.poll(() => fake.stderr()).toBe(line);
  stop.abort();
  expect(await running).toBe(130);
  refuse = { path: /\/manifests\//, times: 1, seconds: 0 };
  for (const terminal of [{ columns: 80, rows: 24 }, undefined]) {
    const { code, stderr } = await berth(["digest", "--retry-delay", "1ms", `${app}:v1`], { ...(terminal && { terminal }) });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" }); // too short to be worth a word
  }
});
