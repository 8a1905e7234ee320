import * as fs from "node:fs";
import { dirname } from "node:path";
import { fileCalls, type FileCalls } from "../calls.ts";

interface Inode {
  bytesFlushed: boolean;
}

/**
 * For tests: keeps book of what a power cut would leave. Bytes last once their file is flushed; the name of a file or folder lasts once its
 * folder is flushed by a call that began after the name was made. Each call acts at one moment, some turns after it was made and some before
 * it resolves, so that calls under way at the same time meet in many orders, the same for the same seed.
 */
export class VolatileDisk {
  readonly calls: FileCalls;
  #now = 0;
  #random: number;
  readonly #open = new Map<number, string>();
  readonly #inodes = new Map<string, Inode>();
  /** Names that would be lost, and when they were made. */
  readonly #volatileNames = new Map<string, number>();

  constructor(overrides: Partial<FileCalls> = {}, seed: number = 1) {
    this.#random = seed;
    this.calls = {
      ...fileCalls,
      open: (path, flags) =>
        this.#act(() => {
          const fd = fs.openSync(path, flags);
          const same = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1];
          this.#open.set(fd, same === undefined ? path : (this.#open.get(Number(same)) ?? path));
          if ((flags & fs.constants.O_CREAT) !== 0) this.#name(path, { bytesFlushed: true });
          return fd;
        }),
      write: (fd, chunk, position) => this.#act(() => this.#written(fd, fs.writeSync(fd, chunk, 0, chunk.byteLength, position))),
      writev: (fd, chunks, position) => this.#act(() => this.#written(fd, fs.writevSync(fd, chunks, position))),
      fdatasync: (fd) => this.#flush(fd),
      fsync: (fd) => this.#flush(fd),
      mkdir: (path) => this.#act(() => (fs.mkdirSync(path), this.#name(path))),
      rmdir: (path) => this.#act(() => fs.rmdirSync(path)),
      unlink: (path) => this.#act(() => fs.unlinkSync(path)),
      link: (from, to) => this.#act(() => (fs.linkSync(from, to), this.#name(to, this.#inodes.get(from)))),
      copyFile: (from, to) => this.#act(() => (fs.copyFileSync(from, to), this.#name(to, { bytesFlushed: false }))),
      rename: (from, to) => this.#act(() => (fs.renameSync(from, to), this.#name(to, this.#inodes.get(from)))),
      ...overrides,
    };
  }

  /** What a power cut now would take of a path: its bytes, or the name of it or of a folder above it. */
  lost(path: string, root: string): string[] {
    const lost = this.#inodes.get(path)?.bytesFlushed === true ? [] : [`bytes of ${path}`];
    for (let name = path; name.length > root.length; name = dirname(name)) if (this.#volatileNames.has(name)) lost.push(`name ${name}`);
    return lost;
  }

  #name(path: string, inode?: Inode): void {
    this.#now += 1;
    this.#volatileNames.set(path, this.#now);
    if (inode !== undefined) this.#inodes.set(path, inode);
  }

  #written(fd: number, bytes: number): number {
    const inode = this.#inodes.get(this.#open.get(fd) ?? "");
    if (inode !== undefined) inode.bytesFlushed = false;
    return bytes;
  }

  async #flush(fd: number): Promise<void> {
    const path = this.#open.get(fd) ?? "";
    const began = await this.#act(() => this.#now);
    const inode = this.#inodes.get(path);
    if (inode !== undefined) inode.bytesFlushed = true;
    for (const [name, made] of this.#volatileNames) if (dirname(name) === path && made <= began) this.#volatileNames.delete(name);
  }

  async #act<T>(call: () => T): Promise<T> {
    await this.#turns();
    try {
      return call();
    } finally {
      await this.#turns();
    }
  }

  async #turns(): Promise<void> {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    for (let turns = this.#random >>> 29; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
  }
}
