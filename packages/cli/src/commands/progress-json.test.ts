import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { pushImage } from "../testing/registry.ts";
import { berth, type Ran } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// each test runs several commands
vi.setConfig({ testTimeout: 30_000 });

const at = useRegistry({
  before: (request, response, next) => {
    if (refused === undefined || !request.url?.includes(refused)) return next();
    const errors = [{ code: "DENIED", message: "no" }];
    response.writeHead(403, { "content-type": "application/json" }).end(JSON.stringify({ errors }));
  },
});

/** Part of what nobody gets. */
let refused: string | undefined;

function lines(text: Ran["stdout"]): readonly Record<string, unknown>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("[engine/T30] the result behind JSON lines is one line, whether --format says text or json; other formats are refused", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1"] });
  const copy = ["cp", "--progress", "json", `${at.app}:v1`, `oci:${at.path}:v1`];
  for (const format of ["text", "json"]) {
    const { code, stdout } = await berth([...copy, "--format", format]);
    expect([code, lines(stdout).at(-1)]).toEqual([0, expect.objectContaining({ type: "result", digest: manifest.digest })]);
  }
  for (const format of ["yaml", "jsonpath=$.digest", "{{.digest}}"]) {
    const { code, stdout, stderr } = await berth([...copy, "--format", format]);
    expect([code, lines(stdout)]).toEqual([2, [expect.objectContaining({ type: "error", class: "Usage", code: "ERR_USAGE" })]]);
    expect(stderr).toContain("cannot use --progress json with --format");
  }
  const env = { BERTH_PROGRESS: "json" };
  expect(await berth(["digest", "--format", "yaml", `${at.app}:v1`], { env })).toMatchObject({ code: 0 });
});

test("[engine/T30] a failure is the last one of the JSON lines, too, and what failed says what that means", async () => {
  const { layer } = await pushImage(at.repository, { tags: ["v1"] });
  const missing = await berth(["cp", "--progress", "json", `${at.app}:v9`, `oci:${at.path}:v1`]);
  expect([missing.code, lines(missing.stdout)]).toEqual([
    4,
    [
      {
        ...error("NotFound", "MANIFEST_UNKNOWN"),
        registry: at.server.host,
        status: 404,
        hint: `see which tags there are: berth ls ${at.app}`,
      },
    ],
  ]);
  expect(missing.stderr).toContain("hint: see which tags there are");
  expect(lines((await berth(["cp", "--progress", "json", "--format", "json", `${at.app}:v9`, `oci:${at.path}:v1`])).stdout)).toHaveLength(
    1,
  );
  refused = layer.digest;
  try {
    const denied = lines((await berth(["cp", "--progress", "json", `${at.app}:v1`, `oci:${at.path}:v1`])).stdout);
    expect(denied.at(-1)).toMatchObject(error("Denied", "DENIED"));
    expect(denied.filter(({ action }) => action === "failed")).toEqual([
      expect.objectContaining({ type: "progress", class: "Denied", code: "DENIED", message: expect.stringContaining("403") }),
    ]);
  } finally {
    refused = undefined;
  }
  const signal = AbortSignal.abort(new Error("stopped by SIGINT"));
  const stopped = await berth(["cp", "--progress", "json", `${at.app}:v1`, `oci:${at.path}:v2`], { signal });
  expect(lines(stopped.stdout).at(-1)).toMatchObject(error("Canceled", "ABORT_ERR"));
});

test("where content goes to standard output JSON lines go to standard error, the last one, too", async () => {
  const { config } = await pushImage(at.repository, { tags: ["v1"] });
  const saved = await berth(["save", "--progress", "json", "-o", "-", `${at.app}:v1`]);
  expect([saved.code, lines(saved.stderr).at(-1)]).toMatchObject([0, { type: "result" }]);
  for (const args of [
    ["save", "-o", "-", `${at.app}:v9`],
    ["cp", `${at.app}:v9`, "oci-archive:-"],
    ["export", `${at.app}:v9`],
  ]) {
    const { code, stdout, stderr } = await berth([...args, "--progress", "json"]);
    const told = /^(?:ERR_NOT_FOUND|MANIFEST_UNKNOWN)$/; // answers to HEAD have no room for the registry's own
    expect([code, stdout, lines(stderr)]).toMatchObject([4, "", [error("NotFound", expect.stringMatching(told))]]);
  }
  const piped = await berth(["cp", "--format", "json", "--progress", "none", `${at.app}:v1`, "oci-archive:-"]);
  expect([piped.code, JSON.parse(piped.stderr)]).toMatchObject([0, { source: `${at.app}:v1`, tags: [{ tag: "v1", outcome: "tagged" }] }]);
  const blob = ["blob", "get", "--progress", "json", `${at.app}@${config.digest}`];
  expect(lines((await berth(blob)).stderr).at(-1)).toEqual({ type: "result", output: "-", size: config.size });
  expect(lines((await berth([...blob, "-o", at.path])).stdout).at(-1)).toEqual({ type: "result", output: at.path, size: config.size });
  expect(readFileSync(at.path)).toHaveLength(config.size);
});

function error(found: string, code: string): object {
  return { type: "error", class: found, code, message: expect.any(String) as string };
}
