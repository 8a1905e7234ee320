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
/** Parts that are asked for when somebody speaks HTTP/2, sends a form, or has no vector instructions: the client does not, and they are large. */
const UNUSED: ReadonlySet<string> = new Set(
  ["dispatcher/client-h2.js", "llhttp/llhttp-wasm.js", "web/fetch/body.js", "web/fetch/formdata.js", "web/webidl/index.js"].map((file) =>
    join(undici, "lib", file),
  ),
);

/** The other parser, which is for those who ask for it. */
const OTHER_PARSER = join(undici, "lib/dispatcher/parser-h1.js");

/** Modules of Node that undici needs for a constant, or when something is wrong: they are loaded then. */
const STAND_INS: ReadonlyMap<string, string> = new Map([
  ["node:assert", `module.exports = (value, message) => { if (!value) process.getBuiltinModule("node:assert")(value, message); };`],
  [
    "node:http",
    `module.exports = {
      get maxHeaderSize() {
        const isSet = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((one) => one.includes("max-http-header-size"));
        return isSet ? process.getBuiltinModule("node:http").maxHeaderSize : 16384;
      },
      IncomingMessage: class {},
    };`,
  ],
]);

/** Modules of Node that take long to load: a digest by HEAD needs none of them. */
const LARGE: ReadonlySet<string> = new Set(["node:child_process", "node:crypto", "node:tls"]);

const undiciCore: Plugin = {
  name: "undici-core",
  resolveId(name, importer) {
    if (name === "undici") return CORE;
    return STAND_INS.has(name) && importer?.startsWith(undici) === true ? `\0undici-${name}` : undefined;
  },
  load(id) {
    const standIn = STAND_INS.get(id.replace("\0undici-", ""));
    if (standIn !== undefined) return standIn;
    if (id === OTHER_PARSER) return "module.exports = { getMiloEnabled: () => false };";
    if (UNUSED.has(id)) return 'module.exports = () => { throw new Error("This part of undici is not in the bundle"); };';
    if (id !== CORE) return undefined;
    return `export { default as Agent } from ${JSON.stringify(join(undici, "lib/dispatcher/agent.js"))};
      export { default as Client } from ${JSON.stringify(join(undici, "lib/dispatcher/client.js"))};
      export { default as buildConnector } from ${JSON.stringify(join(undici, "lib/core/connect.js"))};
      export { default as errors } from ${JSON.stringify(join(undici, "lib/core/errors.js"))};`;
  },
};

/** Loads a large module with the first thing that is taken from it. */
const lateModules: Plugin = {
  name: "late-modules",
  resolveId: (name) => (LARGE.has(name) ? `\0late-${name}` : undefined),
  load(id) {
    const name = id.replace("\0late-", "");
    if (!LARGE.has(name)) return undefined;
    // Inherited, since an import of what is no ECMAScript module copies what that has itself.
    return `module.exports = Object.create(new Proxy({}, { get: (_, member) => process.getBuiltinModule("${name}")[member] }));`;
  },
};

/** A script cannot import modules that are not in the bundle by itself: who runs it does, by a name as long, so that maps keep true. */
const importedModules: Plugin = {
  name: "imported-modules",
  renderChunk: (code) => ({ code: code.replace(/\bimport\((?=["'`](?:@berth\/|node:))/g, "_mport("), map: null }),
};

await rm(folder, { recursive: true, force: true });
const { output } = await build({
  cwd: ROOT,
  input: { main: "packages/cli/src/main.ts" },
  platform: "node",
  preserveEntrySignatures: false,
  plugins: [undiciCore, lateModules, importedModules],
  external: [/^@berth\/(?:registry|storage)(?:\/|$)/],
  resolve: { conditionNames: ["berth-source", "node", "import", "default"] },
  output: {
    dir: folder,
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name]-[hash].cjs",
    // For `--debug`, which looks for them itself: nobody else pays. The sources that they lead to are in the packages.
    sourcemap: "hidden",
    sourcemapExcludeSources: true,
    // White space and comments are half of it, and one letter that is not ASCII doubles what V8 keeps. Names stay, for stack traces.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    // What many verbs need comes in one piece each: opening a file costs more than reading a longer one.
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: "client", test: /packages\/client\/src\/|packages\/oci\/src\/node\/|node_modules\/undici\/|\0undici-/ },
        {
          name: "start",
          test: /\0late-|node_modules\/commander\/|packages\/oci\/src\/userinfo|packages\/cli\/src\/(?:command\/|errors\/print-error|exit-code|version|program|flags\/(?:hoist|shared-flags|values))/,
        },
        {
          name: "session",
          test: /packages\/oci\/src\/(?!node\/|userinfo)|packages\/transfer\/src\/(?:location\/|layout\/(?:errors|names))|packages\/cli\/src\/(?:session|connect|change\/source-epoch|sync\/sync-sign-in|errors|flags|user-config|output\/(?!template|json-path)|content\/(?:resolve|read|list|name|in-parallel|tag-details))/,
        },
      ],
    },
  },
  logLevel: "warn",
  // what a verb loads when it needs it may be in a piece that is there already
  checks: { ineffectiveDynamicImport: false },
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
