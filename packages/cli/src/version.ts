import { readFileSync } from "node:fs";

/** The package's name and version, from its own package.json, which lies beside both `src` and `dist`. */
export function packageVersion(): { readonly name: string; readonly version: string } {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const read = (key: string): string => {
    const value: unknown = typeof manifest === "object" && manifest !== null ? Reflect.get(manifest, key) : undefined;
    return typeof value === "string" ? value : "unknown";
  };
  return { name: read("name"), version: read("version") };
}

/** `berth 0.1.0`, for people. */
export function shortVersionLine(): string {
  return `berth ${packageVersion().version}`;
}

/** `berth @berth/cli 0.1.0`: program, package and version, as distribution prints them. */
export function versionLine(): string {
  const { name, version } = packageVersion();
  return `berth ${name} ${version}`;
}
