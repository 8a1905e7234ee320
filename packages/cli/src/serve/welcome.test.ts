import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "@berth/registry/config";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatWelcome } from "./welcome.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-path-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function welcome(keys: string, tool?: string, tls: boolean = false): string {
  if (tool !== undefined) {
    writeFileSync(join(folder, tool), "");
    chmodSync(join(folder, tool), 0o755);
  }
  const { config } = loadConfig({ text: `version: 0.1\nstorage: inmemory\n${keys}` });
  return formatWelcome({ address: "0.0.0.0:5001", port: 5001, tls }, config, { PATH: folder });
}

test("the push and pull lines use the engine that is installed, and the port that was bound", () => {
  expect(welcome("http: {addr: ':0', prefix: /r/}\n", "docker")).toContain("docker push 127.0.0.1:5001/r/hello:v1\n");
  rmSync(join(folder, "docker"));
  expect(welcome("", "podman")).toContain("podman pull --tls-verify=false 127.0.0.1:5001/hello:v1\n");
  expect(welcome("", "podman", true)).toContain("podman pull 127.0.0.1:5001/hello:v1\n");
});

test("without an engine the lines need nothing but curl, and with passwords they name a user", () => {
  expect(welcome("")).toContain("http://127.0.0.1:5001/v2/hello/manifests/v1\n");
  expect(welcome("auth: {htpasswd: {realm: r, path: p}}\n")).toContain("curl -u USER ");
  expect(welcome("auth: {htpasswd: {realm: r, path: p}}\n", "docker")).toContain("  docker login 127.0.0.1:5001\n");
});

test("a public URL is shown in place of the local one, and a socket has no lines to paste", () => {
  expect(welcome("http: {host: 'https://registry.example.org'}\n", "docker")).toContain("docker pull registry.example.org/hello:v1\n");
  const { config } = loadConfig({ text: "version: 0.1\nstorage: inmemory\nhttp: {net: unix, addr: /run/b.sock}\n" });
  expect(formatWelcome({ address: "/run/b.sock", port: 0, tls: false }, config, {})).toBe(
    "\nBerth is listening on /run/b.sock\nData is kept in memory and lost at exit\n\n",
  );
});
