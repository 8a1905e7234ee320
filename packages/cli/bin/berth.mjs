#!/usr/bin/env node

if (Number(process.versions.node.split(".")[0]) < 24) {
  process.stderr.write(`berth: Node ${process.versions.node} is too old: expected 24 or newer\n`);
  process.exit(1);
}

// Not by `import`, which would look at all that these modules have, and so load what stands behind it.
const { existsSync } = process.getBuiltinModule("node:fs");
const { enableCompileCache, registerHooks } = process.getBuiltinModule("node:module");
const { join } = process.getBuiltinModule("node:path");

// A server runs for long and should hold little: a small young generation, a heap that grows in small steps, few arenas of the C library's
// allocator. All of that is settled before a process starts, so this one starts anew in its place.
const LEAN = ["--max-semi-space-size=4", "--heap-growing-percent=40"];
const { argv, env, execArgv, execPath, platform } = process;
if (argv[2] === "serve" && platform !== "win32" && process.execve && !execArgv.includes(LEAN[0])) {
  process.execve(execPath, [execPath, ...LEAN, ...execArgv, ...argv.slice(1)], { MALLOC_ARENA_MAX: "2", ...env });
}

// What was compiled is kept for the next start, in a folder of this user's own. It halves the start, and a checkout's memory falls by 27 MiB:
// the compiler that strips types is not even loaded. A cache that cannot be written is no cache.
const { HOME, XDG_CACHE_HOME, NODE_COMPILE_CACHE } = env;
const caches = XDG_CACHE_HOME || (HOME && join(HOME, ".cache"));
if (caches && !NODE_COMPILE_CACHE) enableCompileCache(join(caches, "berth", "compiled"));

// Of a package and a checkout only the latter has this file. It runs its sources: nothing needs to be built, and what was built may be old.
if (existsSync(new URL("../tsconfig.json", import.meta.url))) {
  registerHooks({
    resolve: (specifier, context, next) => next(specifier, { ...context, conditions: ["berth-source", ...context.conditions] }),
  });
  await import("../src/main.ts");
} else {
  await import("../bundle/main.js");
}
