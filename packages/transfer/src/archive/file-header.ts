import { encodeEntry } from "../image/tar-encode.ts";
import type { NewEntry } from "./tar-writer.ts";

/** The header of a file: owner and mode are always the same, so that equal content gives equal archives. */
export function encodeFileHeader({ name, size }: NewEntry, epoch: number): Buffer {
  return encodeEntry({
    path: name,
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    userName: "",
    groupName: "",
    size,
    mtime: epoch,
    linkTarget: "",
    deviceMajor: 0,
    deviceMinor: 0,
    pax: new Map(),
  });
}
