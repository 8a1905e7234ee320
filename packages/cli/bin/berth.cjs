#!/usr/bin/env node
"use strict";

if (Number(process.versions.node.split(".")[0]) < 24) {
  process.stderr.write(`berth: Node ${process.versions.node} is too old: expected 24 or newer\n`);
  process.exit(1);
}

const { existsSync } = require("node:fs");
const { enableCompileCache, registerHooks } = require("node:module");
const { isAbsolute, join } = require("node:path");

// A server runs for long and should hold little: a small young generation, a heap that grows in small steps, few arenas of the C library's
// allocator. All of that is settled before a process starts, so this one starts anew in its place.
const LEAN = ["--max-semi-space-size=4", "--heap-growing-percent=40"];
const { argv, env, execArgv, execPath, platform } = process;
const isServer = argv[2] === "serve";
if (isServer && platform !== "win32" && process.execve && !execArgv.includes(LEAN[0])) {
  process.execve(execPath, [execPath, ...LEAN, ...execArgv, ...argv.slice(1)], { MALLOC_ARENA_MAX: "2", ...env });
}

// What was compiled is kept for the next start, in a folder of this user's own; one that cannot be written keeps nothing.
const { BERTH_CACHE, HOME, NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME } = env;
const caches = BERTH_CACHE || (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : HOME && join(HOME, ".cache"));
const kept = NODE_DISABLE_COMPILE_CACHE ? undefined : NODE_COMPILE_CACHE || (caches && join(caches, "berth", "compiled"));

// Of a package and a checkout only the latter has this file. It runs its sources: nothing needs to be built, and what was built may be old.
const isCheckout = existsSync(join(__dirname, "../tsconfig.json"));
// Node keeps modules, as they are before they ran; it halves the start of a checkout, whose memory falls by 27 MiB: the compiler that strips
// types is not even loaded.
if (kept && (isCheckout || isServer) && !NODE_COMPILE_CACHE && hasFolder(kept)) enableCompileCache(kept);
if (isCheckout) {
  registerHooks({
    resolve: (specifier, context, next) => next(specifier, { ...context, conditions: ["berth-source", ...context.conditions] }),
  });
  void import("../src/main.ts");
} else {
  require("./run-bundle.cjs").runBundle(join(__dirname, "../bundle"), "main.cjs", kept);
}

/** Whether a folder of caches is there, or could be made. Node itself never comes back from below some folders, such as `/proc`. */
function hasFolder(folder) {
  try {
    require("./run-bundle.cjs").makeFolders(folder);
    return true;
  } catch {
    return false;
  }
}
