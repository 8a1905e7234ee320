import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserFileError } from "../errors/user-file-error.ts";
import type { CommandIo } from "../io.ts";
import { checkUserConfig } from "./check.ts";
import { checkedYaml } from "./checked-yaml.ts";
import { NO_USER_CONFIG, type UserConfig } from "./user-config.ts";
import { userFolder } from "./user-folder.ts";

/** `$BERTH_CONFIG`, else `berth/config.yml` in `$XDG_CONFIG_HOME` or `~/.config`; undefined without a home. */
export function userConfigPath(env: CommandIo["env"]): string | undefined {
  if (env["BERTH_CONFIG"]) return env["BERTH_CONFIG"];
  const folder = userFolder(env, "CONFIG");
  return folder ? join(folder, "berth", "config.yml") : undefined;
}

/**
 * Reads the user's config file. That the usual one is not there says nothing; one that `BERTH_CONFIG` names has to be.
 *
 * @throws {UserFileError} with every mistake and its place, one a line.
 */
export async function loadUserConfig(env: CommandIo["env"]): Promise<UserConfig> {
  const path = userConfigPath(env);
  if (path === undefined) return NO_USER_CONFIG;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (!env["BERTH_CONFIG"] && (code === "ENOENT" || code === "ENOTDIR")) return NO_USER_CONFIG;
    const { systemReason } = await import("@berth/oci/node");
    throw new UserFileError("ERR_USER_CONFIG", `Cannot read config file "${path}": ${systemReason(cause)}`, { cause });
  }
  return await parseUserConfig(text, path);
}

/** Reads the text of a config file. @throws {UserFileError} */
export async function parseUserConfig(text: string, path: string): Promise<UserConfig> {
  return await checkedYaml(text, { path, what: "config file", code: "ERR_USER_CONFIG" }, checkUserConfig);
}
