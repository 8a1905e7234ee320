/** What an entry of an archive is. */
export type TarEntryType = "file" | "folder" | "symlink" | "hardlink" | "character-device" | "block-device" | "fifo";

/**
 * An entry of an archive, apart from its content. Its owners stand there by number (`uid`, `gid`) and by name (`userName`, `groupName`, empty
 * when there is none); `deviceMajor` and `deviceMinor` tell a device.
 */
export interface TarEntry {
  /** Relative to the root, which is the empty path itself; no `.`, no `..`, no slash at the end. */
  readonly path: string;
  readonly type: TarEntryType;
  /** Permission bits, with setuid, setgid and sticky: at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  /** Bytes of the content; 0 unless it is a file. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Of a symlink: as it stands there. Of a hard link: a path like `path`. Else empty. */
  readonly linkTarget: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** PAX records as they came, such as extended attributes (`SCHILY.xattr.security.capability`), whose values are bytes. */
  readonly pax: ReadonlyMap<string, Buffer>;
}

/** An entry with its content, which is gone when the next entry is asked for. */
export interface TarEntryWithContent {
  readonly entry: TarEntry;
  /** Can be read once. Nothing for all but files. */
  readonly content: AsyncIterable<Uint8Array>;
}
