import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createRegistry, type EmbeddedRegistry } from "@berth/registry";
import { afterEach, beforeEach, expect, test } from "vitest";
import { COMMANDS } from "./command/table.ts";
import { isGroup } from "./command/row.ts";
import { serveHandler, type TestServer } from "./testing/registry.ts";

// each line starts a process
const BIN = fileURLToPath(new URL("../bin/berth.cjs", import.meta.url));
const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

let folder: string;
let registry: EmbeddedRegistry;
let server: TestServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-readme-"));
  registry = await createRegistry();
  server = await serveHandler(registry.handler);
});

afterEach(async () => {
  await server.close();
  await registry.close();
  rmSync(folder, { recursive: true });
});

test("the first example works as it stands", async () => {
  const [, example = ""] = /```sh\n([\s\S]*?)```/.exec(README) ?? [];
  const [serve, ...lines] = example.trimEnd().split("\n");
  expect(serve).toMatch(/^berth serve & /); // the test has a registry already
  const shim = join(folder, "berth");
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  chmodSync(shim, 0o755);
  const script = lines.join("\n").replaceAll("localhost:5000", server.host);
  const child = spawn("sh", ["-e", "-c", script], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env["PATH"]}`, HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  expect({ code: child.exitCode, stderr }).toEqual({ code: 0, stderr: `Untagged ${server.host}/report:v1\n` });
  expect(stdout).toContain(`${server.host}/mirror/report@sha256:`);
  expect(readFileSync(join(folder, "out", "report.json"), "utf8")).toBe('{"ok":true}\n');
});

test("every command is listed", () => {
  const table = README.slice(README.indexOf("## Commands"), README.indexOf("## Habits"));
  for (const entry of COMMANDS) {
    if (entry.hidden === true || ["help", "version"].includes(entry.name)) continue;
    expect(table).toMatch(new RegExp(`\`(?:[^\`]*[ |])?${entry.name}[\`\\\\ ]`));
    if (isGroup(entry))
      for (const { name } of entry.commands) expect(table, `${entry.name} ${name}`).toMatch(new RegExp(`${entry.name} [^\`]*${name}`));
  }
});
