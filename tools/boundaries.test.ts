import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, run } from "./workspace.ts";

/** Wrong arrows: the rule that must object, the file that is planted, and what it says. */
const WRONG: readonly (readonly [rule: string, file: string, code: string])[] = [
  ["no-cycle", "packages/storage/src/round.ts", 'import "./trip.ts";'],
  ["no-unresolvable", "packages/storage/src/deep.ts", 'import "@berth/oci/src/digest.ts";'],
  ["no-foreign-files", "packages/storage/src/foreign.ts", 'import "../../oci/src/index.ts";'],
  ["oci-imports-nothing", "packages/oci/src/dependent.ts", 'import "@berth/storage";'],
  ["oci-imports-nothing", "packages/oci/src/node/dependent.ts", 'import "pino";'],
  ["oci-node-only-in-node", "packages/oci/src/nodeish.ts", 'import "node:crypto";'],
  ["oci-core-not-to-node", "packages/oci/src/heavy.ts", 'import "./node/index.ts";'],
  ["storage-only-to-oci", "packages/storage/src/upwards.ts", 'import "@berth/registry";'],
  ["client-only-to-oci", "packages/client/src/sideways.ts", 'import "@berth/storage";'],
  ["client-transport-innermost", "packages/client/src/transport/hop.ts", 'import type { x } from "../auth/index.ts";'],
  ["client-auth-not-outwards", "packages/client/src/auth/round.ts", 'import type { x } from "../remote/index.ts";'],
  ["client-credentials-not-to-http", "packages/client/src/credentials/ask.ts", 'import "../transport/index.ts";'],
  ["client-remote-not-outwards", "packages/client/src/remote/round.ts", 'import "../registry-client/index.ts";'],
  ["transfer-only-to-oci-client", "packages/transfer/src/sideways.ts", 'import "@berth/storage";'],
  ["registry-only-to-oci-storage", "packages/registry/src/domain/client.ts", 'import "@berth/client";'],
  ["proxy-only-to-client-too", "packages/registry/src/proxy/upwards.ts", 'import "@berth/cli";'],
  ["cli-loads-registry-lazily", "packages/cli/src/commands/check.ts", 'import { x } from "@berth/registry/config";\nconsole.log(x);'],
  ["cli-server-only-in-serve", "packages/cli/src/commands/tag.ts", 'await import("@berth/registry");'],
  ["testkit-only-in-tests", "packages/storage/src/kit.ts", 'import "@berth/testkit";'],
  ["packages-not-to-workshop", "packages/storage/src/workshop.ts", 'import "../../../tools/tool.ts";'],
  ["domain-not-outwards", "packages/registry/src/domain/web.ts", 'import type { x } from "../http/index.ts";'],
  ["domain-not-outwards", "packages/registry/src/domain/query.ts", 'import "../metadata/sql/index.ts";'],
  ["http-not-to-adapters", "packages/registry/src/http/query.ts", 'import "../metadata/sql/index.ts";'],
  ["http-not-to-adapters", "packages/registry/src/http/driver.ts", 'import type { x } from "@berth/storage/filesystem";'],
  ["http-storage-only-types", "packages/registry/src/http/make.ts", 'import { x } from "@berth/storage";\nconsole.log(x);'],
  ["metadata-not-upwards", "packages/registry/src/metadata/rules.ts", 'import "../domain/index.ts";'],
  ["sql-drivers-only-in-sql", "packages/registry/src/auth/users.ts", 'import "node:sqlite";'],
  ["config-and-daemon-are-roots", "packages/registry/src/http/settings.ts", 'import "../config/index.ts";'],
];

/** Arrows that are as they should be, or the other end of a wrong one. */
const RIGHT: Readonly<Record<string, string>> = {
  "packages/storage/src/trip.ts": 'import "./round.ts";',
  "packages/oci/src/index.ts": "export const x = 1;",
  "packages/oci/src/node/index.ts": 'import "node:crypto";\nimport "../index.ts";',
  "packages/storage/src/index.ts": 'import "@berth/oci";\nimport "node:fs";',
  "packages/storage/src/index.test.ts": 'import "@berth/testkit";',
  "packages/storage/src/filesystem/index.ts": "export const x = 1;",
  "packages/registry/src/http/send.ts": 'import type { x } from "@berth/storage";',
  "packages/registry/src/http/errors.ts": 'import "@berth/storage";',
  "packages/registry/src/http/route.ts": 'import type { x } from "./exchange.ts";',
  "packages/registry/src/http/exchange.ts": 'import type { x } from "./route.ts";',
  "packages/client/src/index.ts": 'import "@berth/oci";',
  "packages/client/src/transport/index.ts": 'import "@berth/oci";\nexport const x = 1;',
  "packages/client/src/auth/index.ts": 'import "../transport/index.ts";\nimport "../credentials/index.ts";\nexport const x = 1;',
  "packages/client/src/credentials/index.ts": 'import "@berth/oci";\nexport const x = 1;',
  "packages/client/src/credentials/login.ts": 'import "../remote/index.ts";',
  "packages/client/src/remote/index.ts": 'import "../auth/index.ts";\nexport const x = 1;',
  "packages/client/src/registry-client/index.ts": 'import "../remote/index.ts";\nexport const x = 1;',
  "packages/transfer/src/index.ts": 'import "@berth/oci";\nimport "@berth/client";',
  "packages/registry/src/index.ts": 'import "./http/index.ts";\nimport "./config/index.ts";\nexport const x = 1;',
  "packages/registry/src/http/index.ts": 'import "../domain/index.ts";\nexport const x = 1;',
  "packages/registry/src/config/index.ts": "export const x = 1;",
  "packages/registry/src/domain/index.ts": 'import "@berth/storage";\nimport "@berth/oci/node";',
  "packages/registry/src/metadata/sql/index.ts": 'import "node:sqlite";',
  "packages/registry/src/proxy/index.ts": 'import "@berth/client";',
  "packages/cli/src/index.ts": 'import "@berth/oci";',
  "packages/cli/src/commands/serve.ts": 'import type { x } from "@berth/registry";\nawait import("@berth/registry");',
  "packages/cli/src/serve/welcome.ts": 'import type { x } from "@berth/registry";\nexport type Y = typeof import("@berth/registry");',
  "packages/cli/src/commands/config.ts": 'import type { x } from "@berth/registry/config";\nawait import("@berth/registry/config");',
  "packages/testkit/src/index.ts": 'import "@berth/registry";',
  "tools/tool.ts": "export const x = 1;",
};

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

interface Summary {
  readonly violations: readonly Violation[];
  readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
}

let folder: string;
let violations: readonly Violation[];
let ruleNames: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-boundaries-"));
  const planted = [...Object.entries(RIGHT), ...WRONG.map(([, file, code]) => [file, code] as const)];
  for (const [file, code] of planted) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), `${code}\n`);
  }
  await mkdir(join(folder, "node_modules/@berth"), { recursive: true });
  for (const name of await readdir(join(folder, "packages"))) {
    const exports = { ".": { "berth-source": "./src/index.ts" }, "./*": { "berth-source": "./src/*/index.ts" } };
    await writeFile(join(folder, "packages", name, "package.json"), JSON.stringify({ name: `@berth/${name}`, type: "module", exports }));
    await symlink(`../../packages/${name}`, join(folder, "node_modules/@berth", name));
  }
  await mkdir(join(folder, "node_modules/pino"));
  await writeFile(join(folder, "node_modules/pino/package.json"), JSON.stringify({ name: "pino", version: "1.0.0", main: "pino.js" }));
  await writeFile(join(folder, "node_modules/pino/pino.js"), "");
  await cp(join(ROOT, ".dependency-cruiser.mjs"), join(folder, ".dependency-cruiser.mjs"));
  const { stdout, output } = await run("depcruise", ["--config", ".dependency-cruiser.mjs", "-T", "json", "packages"], { cwd: folder });
  if (!stdout.startsWith("{")) throw new Error(output);
  const { summary }: { readonly summary: Summary } = JSON.parse(stdout);
  violations = summary.violations;
  ruleNames = summary.ruleSetUsed.forbidden.map(({ name }) => name);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test.for(WRONG)("rule %s objects to %s", ([rule, file]) => {
  expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(rule);
});

test("no rule objects to the right arrows", () => {
  const innocent = Object.keys(RIGHT).filter((file) => file !== "packages/storage/src/trip.ts");
  expect(violations.filter(({ from }) => innocent.includes(from))).toEqual([]);
});

test("every rule has a wrong arrow here that it must find", () => {
  expect([...new Set(WRONG.map(([rule]) => rule))].sort()).toEqual(ruleNames.toSorted());
});
