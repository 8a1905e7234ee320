import { inputBytes } from "../content/input-bytes.ts";
import type { CommandIo } from "../io.ts";
import { checkedYaml } from "../user-config/checked-yaml.ts";
import { checkSyncFile } from "./check-sync-file.ts";
import type { SyncFile } from "./sync-file.ts";

/** Bytes of a sync file, at most. */
const MAX_FILE = 4_194_304;

/** Reads a sync file; `-` is standard input. @throws {UserFileError} with every mistake and its place, one a line. */
export async function loadSyncFile(io: CommandIo, path: string): Promise<SyncFile> {
  const text = Buffer.from(await inputBytes(io, path, MAX_FILE)).toString("utf8");
  return await checkedYaml(text, { path: path === "-" ? "stdin" : path, what: "sync file", code: "ERR_SYNC_FILE" }, checkSyncFile);
}
