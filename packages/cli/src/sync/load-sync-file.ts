import { BerthError } from "@berth/oci";
import { inputBytes } from "../content/input-bytes.ts";
import type { CommandIo } from "../io.ts";
import { checkedYaml } from "../user-config/checked-yaml.ts";
import { checkSyncFile } from "./check-sync-file.ts";
import type { SyncFile } from "./sync-file.ts";

/** Bytes of a sync file, at most. */
const MAX_FILE = 4_194_304;

/** A sync file cannot be used. */
export class SyncFileError extends BerthError<"ERR_SYNC_FILE"> {
  constructor(message: string) {
    super("ERR_SYNC_FILE", message);
  }
}

/** Reads a sync file; `-` is standard input. @throws {SyncFileError} with every mistake and its place, one a line. */
export async function loadSyncFile(io: CommandIo, path: string): Promise<SyncFile> {
  const text = Buffer.from(await inputBytes(io, path, MAX_FILE)).toString("utf8");
  const fail = (message: string): SyncFileError => new SyncFileError(message);
  return await checkedYaml(text, { path: path === "-" ? "stdin" : path, what: "sync file", fail }, checkSyncFile);
}
