import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { COMMANDS } from "./command/table.ts";
import { isGroup } from "./command/row.ts";
import { useRegistry } from "./testing/use-registry.test-kit.ts";

// each line starts a process
const BIN = fileURLToPath(new URL("../bin/berth.cjs", import.meta.url));
const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

const at = useRegistry({ per: "test" });

test("the first example works as it stands", async () => {
  const [, example = ""] = /```sh\n([\s\S]*?)```/.exec(README) ?? [];
  const [serve, ...lines] = example.trimEnd().split("\n");
  expect(serve).toMatch(/^berth serve & /); // the test has a registry already
  const shim = join(at.folder, "berth");
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  chmodSync(shim, 0o755);
  const script = lines.join("\n").replaceAll("localhost:5000", at.server.host);
  const child = spawn("sh", ["-e", "-c", script], {
    cwd: at.folder,
    env: { PATH: `${at.folder}:${process.env["PATH"]}`, HOME: at.folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  expect({ code: child.exitCode, stderr }).toEqual({ code: 0, stderr: `Untagged ${at.server.host}/report:v1\n` });
  expect(stdout).toContain(`${at.server.host}/mirror/report@sha256:`);
  expect(readFileSync(join(at.folder, "out", "report.json"), "utf8")).toBe('{"ok":true}\n');
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
