#!/usr/bin/env -S node --max-semi-space-size=2
import { existsSync } from "node:fs";
import { registerHooks } from "node:module";

// Of a package and a checkout only the latter has this file. It runs its sources: nothing needs to be built, and what was built may be old.
if (existsSync(new URL("../tsconfig.json", import.meta.url))) {
  registerHooks({
    resolve: (specifier, context, next) => next(specifier, { ...context, conditions: ["berth-source", ...context.conditions] }),
  });
  await import("../src/main.ts");
} else {
  await import("../dist/main.js");
}
