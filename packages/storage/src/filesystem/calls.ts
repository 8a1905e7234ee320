import * as fs from "node:fs";

/**
 * The calls of the operating system that the driver makes. Tests hand in others, to record their order or to fail.
 * Callbacks and bare descriptors instead of `node:fs/promises`: half the processor time for a small file.
 *
 * `open`, `close`, `fstat`, `stat`, `rename`, `link`, `unlink`, `mkdir`, `rmdir`, `readdir`, `fdatasync` and `fsync` are those of `node:fs`,
 * with its errors; `truncate` takes a descriptor, `copyFile` shares blocks where the file system can. `read`, `write` and `writev` give the
 * bytes that were moved, perhaps fewer than asked.
 */
export interface FileCalls {
  open(path: string, flags: number): Promise<number>;
  close(fd: number): Promise<void>;
  /** Closes a descriptor that nothing was written through since it was flushed. That waits for nothing, so it is not worth a thread. */
  closeClean(fd: number): void;
  read(fd: number, into: Uint8Array, position: number): Promise<number>;
  write(fd: number, chunk: Uint8Array, position: number): Promise<number>;
  writev(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number>;
  truncate(fd: number, size: number): Promise<void>;
  fdatasync(fd: number): Promise<void>;
  fsync(fd: number): Promise<void>;
  fstat(fd: number): Promise<fs.Stats>;
  stat(path: string): Promise<fs.Stats>;
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  copyFile(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  readdir(path: string): Promise<fs.Dirent[]>;
  /** Removes a whole tree. */
  rm(path: string): Promise<void>;
}

type Done = (error: Error | null) => void;
type Got<T> = (error: Error | null, value: T) => void;

function done(start: (callback: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error === null ? resolve() : reject(error))));
}

function got<T>(start: (callback: Got<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => start((error, value) => (error === null ? resolve(value) : reject(error))));
}

/** The real ones. Modes are the defaults: 0777 for folders, 0666 for files, minus the umask. */
export const fileCalls: FileCalls = {
  open: (path, flags) => got((callback) => fs.open(path, flags, callback)),
  close: (fd) => done((callback) => fs.close(fd, (error) => callback(error ?? null))),
  closeClean: (fd) => fs.closeSync(fd),
  read: (fd, into, position) => got((callback) => fs.read(fd, into, 0, into.byteLength, position, callback)),
  write: (fd, chunk, position) => got((callback) => fs.write(fd, chunk, 0, chunk.byteLength, position, callback)),
  writev: (fd, chunks, position) => got((callback) => fs.writev(fd, chunks, position, (error, written) => callback(error, written ?? 0))),
  truncate: (fd, size) => done((callback) => fs.ftruncate(fd, size, callback)),
  fdatasync: (fd) => done((callback) => fs.fdatasync(fd, callback)),
  fsync: (fd) => done((callback) => fs.fsync(fd, callback)),
  fstat: (fd) => got((callback) => fs.fstat(fd, callback)),
  stat: (path) => got((callback) => fs.stat(path, callback)),
  rename: (from, to) => done((callback) => fs.rename(from, to, callback)),
  link: (from, to) => done((callback) => fs.link(from, to, callback)),
  copyFile: (from, to) => done((callback) => fs.copyFile(from, to, fs.constants.COPYFILE_FICLONE, callback)),
  unlink: (path) => done((callback) => fs.unlink(path, callback)),
  mkdir: (path) => done((callback) => fs.mkdir(path, (error) => callback(error))),
  rmdir: (path) => done((callback) => fs.rmdir(path, callback)),
  readdir: (path) => got((callback) => fs.readdir(path, { withFileTypes: true }, callback)),
  rm: (path) => done((callback) => fs.rm(path, { recursive: true, force: true, maxRetries: 3 }, callback)),
};
