import { execFileSync } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Bundles the `berth` command and lays it out as a package does, away from our sources. Gives the program. */
export async function installCommand(folder: string): Promise<readonly string[]> {
  execFileSync(process.execPath, [join(ROOT, "tools/bundle-cli.ts")], { stdio: ["ignore", "ignore", "inherit"] });
  await mkdir(folder, { recursive: true });
  for (const part of ["bin", "bundle", "package.json"]) await cp(join(ROOT, "packages/cli", part), join(folder, part), { recursive: true });
  return [process.execPath, join(folder, "bin/berth.cjs")];
}
