/**
 * Bundles the libraries for their packages, an entry point into one file: a program that imports `@berth/client` would else read some two hundred,
 * which takes longer than its first requests. Types are what `tsc -b` writes beside. Part of `npm run build`.
 */
import { glob, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "rolldown";
import { readPackageJson, ROOT } from "./workspace.ts";

for (const name of ["oci", "client", "transfer"]) await bundleLibrary(join(ROOT, "packages", name));

async function bundleLibrary(folder: string): Promise<void> {
  const { exports = {} } = await readPackageJson(folder);
  const input: Record<string, string> = {};
  for (const target of Object.values(exports)) {
    if (typeof target === "string") continue;
    const { "berth-source": source = "", default: built = "" } = target;
    input[built.replace(/^\.\/dist\//, "").replace(/\.js$/, "")] = join(folder, source);
  }
  const dist = join(folder, "dist");
  for await (const old of glob("**/*.js{,.map}", { cwd: dist })) await rm(join(dist, old));
  await build({
    cwd: folder,
    input,
    platform: "neutral", // also for browsers
    external: /^[^./]/, // other packages, and modules of Node
    output: { dir: dist, format: "esm", sourcemap: true, entryFileNames: "[name].js", chunkFileNames: "shared/[name]-[hash].js" },
    logLevel: "warn",
    // who imports an entry gets what is loaded later with it, where another part of the entry needs that at once
    checks: { ineffectiveDynamicImport: false },
  });
}
