/**
 * Bundles the `berth` command for its package: a few files instead of some hundred, so that small verbs start in the time that Node itself
 * takes and little more. The server is not in it: `serve` loads `@berth/registry` as it is. Part of `npm run build`.
 */
import { glob, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "rolldown";
import { ROOT } from "./workspace.ts";

const folder = join(ROOT, "packages/cli/bundle");
const undici = dirname(fileURLToPath(import.meta.resolve("undici")));

/** What the client uses of undici, without `fetch`, WebSocket and the rest: those take longer to load than all of ours. */
const CORE = "\0undici-core";
const onlyCore: Plugin = {
  name: "undici-core",
  resolveId: (name) => (name === "undici" ? CORE : undefined),
  load: (id) =>
    id === CORE
      ? `export { default as Agent } from ${JSON.stringify(join(undici, "lib/dispatcher/agent.js"))};
         export { default as buildConnector } from ${JSON.stringify(join(undici, "lib/core/connect.js"))};
         export { default as errors } from ${JSON.stringify(join(undici, "lib/core/errors.js"))};`
      : undefined,
};

await rm(folder, { recursive: true, force: true });
const { output } = await build({
  cwd: ROOT,
  input: { main: "packages/cli/src/main.ts" },
  platform: "node",
  preserveEntrySignatures: false,
  plugins: [onlyCore],
  external: [/^@berth\/(?:registry|storage)(?:\/|$)/],
  resolve: { conditionNames: ["berth-source", "node", "import", "default"] },
  output: {
    dir: folder,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    minify: "dce-only",
    // What many verbs need comes in one piece each: opening a file costs more than reading a longer one.
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: "oci", test: /packages\/oci\/src\// },
        { name: "client", test: /packages\/client\/src\/|node_modules\/undici\/|undici-core/ },
        { name: "places", test: /packages\/transfer\/src\/(?:location|errors|error-classes|error-hints)\b/ },
        {
          name: "start",
          test: /node_modules\/commander\/|packages\/cli\/src\/(?:command\/|exit-code|version|program|flags\/(?:hoist|shared-flags|values))/,
        },
        {
          name: "session",
          test: /packages\/cli\/src\/(?:session|connect|errors|flags|user-config|output\/(?!template|json-path)|content\/(?:resolve|read|list|name|in-parallel))/,
        },
      ],
    },
  },
  logLevel: "warn",
});

// The terms that code of others comes under stand beside it.
const others = new Set(output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : [])).flatMap(packageOf));
const notices: string[] = [];
for (const path of [...others].sort()) notices.push(`${path.slice(path.lastIndexOf("node_modules/") + 13)}\n\n${await licenseOf(path)}`);
await writeFile(join(folder, "NOTICES"), notices.join(`\n${"-".repeat(80)}\n\n`));

/** The folder of the installed package that a module is of; none: it is ours. */
function packageOf(id: string): readonly string[] {
  const [path] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? [];
  return path === undefined ? [] : [path];
}

async function licenseOf(path: string): Promise<string> {
  for await (const file of glob("{LICENSE,LICENCE,license}*", { cwd: path })) return await readFile(join(path, file), "utf8");
  throw new Error(`${path} has no license file, so that it cannot be bundled`);
}
