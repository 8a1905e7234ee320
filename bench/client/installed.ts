import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { basename, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Bundles the `berth` command and lays it out as a package does, away from our sources. Gives the program. */
export async function installCommand(folder: string): Promise<readonly string[]> {
  execFileSync(process.execPath, [join(ROOT, "tools/bundle-cli.ts")], { stdio: ["ignore", "ignore", "inherit"] });
  await mkdir(folder, { recursive: true });
  for (const part of ["bin", "bundle", "package.json"]) await cp(join(ROOT, "packages/cli", part), join(folder, part), { recursive: true });
  return [process.execPath, join(folder, "bin/berth.cjs")];
}

/** Bundles the libraries and lays them out as packages do, with `work.ts` as a program that uses them. Gives the program. */
export async function installLibrary(folder: string): Promise<readonly string[]> {
  execFileSync(process.execPath, [join(ROOT, "tools/bundle-libraries.ts")], { stdio: ["ignore", "ignore", "inherit"] });
  const modules = join(folder, "node_modules");
  for (const name of ["oci", "client", "transfer"]) {
    for (const part of ["dist", "package.json"]) {
      await cp(join(ROOT, "packages", name, part), join(modules, "@berth", name, part), { recursive: true });
    }
  }
  await symlink(join(ROOT, "node_modules/undici"), join(modules, "undici"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const url of [new URL("./work.ts", import.meta.url), new URL("./names.ts", import.meta.url)]) {
    const program = stripTypeScriptTypes(await readFile(url, "utf8")).replaceAll(/(from "\.\/\w+)\.ts"/g, '$1.js"');
    await writeFile(join(folder, basename(url.pathname, ".ts") + ".js"), program);
  }
  return [process.execPath, join(folder, "work.js")];
}
