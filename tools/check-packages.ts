/**
 * Looks at the packages as a stranger gets them: packs the built ones, checks the shape of each tarball, installs all
 * of them in an empty project, type-checks a consumer and imports every entry in plain Node; the client once more with
 * nothing but what it needs. Needs `npm run build`.
 */
import { glob, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { tryCommand } from "./try-command.ts";
import { ROOT, report, run, type WorkspacePackage, workspacePackages } from "./workspace.ts";

/** The client must not bring a server, or anything that is compiled on install. */
const CLIENT_NEEDS: readonly string[] = ["@berth/client", "@berth/oci", "undici"];

const problems: string[] = [];
const temp = await mkdtemp(join(tmpdir(), "berth-packages-"));
try {
  const published = (await workspacePackages()).filter(({ json }) => json.private !== true);
  const tarballs = new Map<WorkspacePackage, string>();
  for (const one of published) tarballs.set(one, await pack(one));
  for (const [one, tarball] of tarballs) await checkShape(one, tarball);
  if (problems.length === 0) {
    const cwd = await checkConsumer("consumer", tarballs);
    await must("consumer", join(cwd, "node_modules/.bin/berth"), ["--version"], cwd);
    problems.push(...(await tryCommand(cwd)));
    await checkClientAlone(tarballs);
  }
  report(problems, `${published.length} packages pack, install, type-check and import`);
} finally {
  await rm(temp, { recursive: true, force: true });
}

async function must(what: string, command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output, stdout } = await run(command, args, { cwd });
  if (code !== 0) problems.push(`${what}: ${command} ended with code ${code}\n${output}`);
  return stdout;
}

async function pack(one: WorkspacePackage): Promise<string> {
  const stdout = await must(one.json.name, "npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", temp], one.folder);
  const packed: unknown = JSON.parse(stdout);
  const entries: readonly { readonly filename: string; readonly files: readonly { readonly path: string }[] }[] = Array.isArray(packed)
    ? packed
    : Object.values(packed ?? {});
  const [entry] = entries;
  if (entry === undefined) throw new Error(`npm pack says nothing about ${one.json.name}`);
  const paths = entry.files.map(({ path }) => path);
  for (const needed of ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts"]) {
    if (!paths.includes(needed)) problems.push(`${one.json.name}: the tarball lacks ${needed}`);
  }
  for (const path of paths) {
    if (/\.test[.-]|\.tsbuildinfo$/.test(path)) problems.push(`${one.json.name}: the tarball must not hold ${path}`);
  }
  return join(temp, entry.filename);
}

async function checkShape(one: WorkspacePackage, tarball: string): Promise<void> {
  await must(one.json.name, "publint", ["--strict", tarball], ROOT);
  await must(one.json.name, "attw", ["--profile", "esm-only", "--no-emoji", tarball], ROOT);
}

/** Names by which a consumer can import the modules of a package. */
function entryPoints({ json }: WorkspacePackage): readonly string[] {
  const entries = Object.entries(json.exports ?? {}).filter(([, target]) => typeof target === "object");
  return entries.map(([key]) => json.name + key.slice(1));
}

/** Installs tarballs in a project of their own, type-checks a file that imports every entry, and runs it. Returns the project's folder. */
async function checkConsumer(name: string, tarballs: ReadonlyMap<WorkspacePackage, string>): Promise<string> {
  const cwd = join(temp, name);
  await mkdir(cwd);
  await writeFile(join(cwd, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  const install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline", ...tarballs.values()];
  await must(name, "npm", install, cwd);
  const entries = [...tarballs.keys()].flatMap(entryPoints);
  const lines = entries.map((entry, index) => `import * as m${index} from ${JSON.stringify(entry)};`);
  const used = `console.log([${entries.map((_, index) => `Object.keys(m${index}).length`).join(", ")}].join(" "));`;
  await writeFile(join(cwd, "consumer.ts"), `${lines.join("\n")}\n${used}\n`);
  const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types")];
  // the least that a consumer can have: what our types name of later libraries fails here
  const options = ["--ignoreConfig", "--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2020", "--lib", "es2020", ...types];
  for (const shape of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ] as const) {
    const args = [...options, "--module", shape[0], "--moduleResolution", shape[1], "consumer.ts"];
    await must(`${name}, moduleResolution ${shape[1]}`, "tsc", args, cwd);
  }
  await must(name, "node", ["consumer.ts"], cwd);
  return cwd;
}

async function checkClientAlone(tarballs: ReadonlyMap<WorkspacePackage, string>): Promise<void> {
  const own = new Map([...tarballs].filter(([{ json }]) => CLIENT_NEEDS.includes(json.name)));
  if (own.size !== 2) problems.push("client alone: the client or what it needs of ours is not published");
  const cwd = await checkConsumer("client-alone", own);
  const installed = await Array.fromAsync(glob(["*/package.json", "@*/*/package.json"], { cwd: join(cwd, "node_modules") }));
  const names = installed.map((path) => dirname(path).replaceAll("\\", "/"));
  for (const name of names) {
    if (!CLIENT_NEEDS.includes(name)) problems.push(`client alone: it brings ${name}, which ARCHITECTURE.md does not list`);
  }
}
