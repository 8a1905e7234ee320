import { isJsonObject, type JsonObject } from "@berth/oci";
import { historyOf, textsOf } from "./config-edits.ts";
import { diffJson, type JsonChange } from "./diff-json.ts";
import { diffLists, type ListItem } from "./diff-lists.ts";

/** How the configs of two images differ. */
export interface ConfigDiff {
  /** Members other than the lists below; variables of the environment stand under their names: `config`, `Env`, `PATH`. */
  readonly fields: readonly JsonChange[];
  readonly history: readonly ListItem<JsonObject>[];
  readonly diffIds: readonly ListItem<string>[];
}

/** Compares two image configs. @throws {InvalidImageConfigError} when one is none. */
export function diffConfigs(before: JsonObject, after: JsonObject): ConfigDiff {
  return {
    fields: diffJson(membersOf(before), membersOf(after)),
    history: diffLists(historyOf(before), historyOf(after), (entry) => JSON.stringify(entry)),
    diffIds: diffLists(diffIdsOf(before), diffIdsOf(after), (diffId) => diffId),
  };
}

function membersOf(document: JsonObject): JsonObject {
  const { history: _, rootfs, config, ...rest } = document;
  const { diff_ids: __, ...root } = isJsonObject(rootfs) ? rootfs : {};
  if (!isJsonObject(config)) return { ...rest, rootfs: root, config };
  const variables = textsOf(config["Env"], "config.Env").map((variable): [string, string] => {
    const equals = variable.indexOf("=");
    return equals < 0 ? [variable, ""] : [variable.slice(0, equals), variable.slice(equals + 1)];
  });
  return { ...rest, rootfs: root, config: { ...config, Env: Object.fromEntries(variables) } };
}

function diffIdsOf({ rootfs }: JsonObject): readonly string[] {
  return textsOf(isJsonObject(rootfs) ? rootfs["diff_ids"] : undefined, "rootfs.diff_ids");
}
