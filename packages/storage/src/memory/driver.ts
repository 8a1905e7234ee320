import { Readable } from "node:stream";
import type { FileInfo, FileWriter, OpenFile, ReaderOptions, StorageDriver, WalkOptions, WriterOptions } from "../driver.ts";
import { DriverError, InvalidOffsetError, PathNotFoundError } from "../errors.ts";
import { walkTree } from "../walk.ts";
import { isFolder, MemoryTree, type MemoryFile, type MemoryFolder } from "./tree.ts";
import { firstBytes, MemoryWriter, sizeOf } from "./writer.ts";

/** Name of the driver in config, errors and metrics. */
export const MEMORY = "inmemory";

const CHUNK = 256 * 1024;

interface Unfinished {
  readonly chunks: readonly Buffer[];
}

/** Keeps all content in this process. The bare driver: it trusts its paths, see `withBase`. */
export class MemoryDriver implements StorageDriver {
  readonly name: string = MEMORY;
  readonly #tree = new MemoryTree<MemoryFile>();
  /** Bytes of closed writers that were not committed. */
  readonly #unfinished = new MemoryTree<Unfinished>();

  async getContent(path: string): Promise<Buffer> {
    return Buffer.from(this.#file(path).content);
  }

  async putContent(path: string, content: Uint8Array): Promise<void> {
    this.#put(path, Buffer.from(content));
  }

  async reader(path: string, options: ReaderOptions = {}): Promise<Readable> {
    const { content } = this.#file(path);
    const { offset = 0, length = Infinity } = options;
    if (offset > content.byteLength) throw new InvalidOffsetError({ driver: MEMORY, path, offset });
    return streamOf(content.subarray(offset, Math.min(offset + length, content.byteLength)));
  }

  async open(path: string): Promise<OpenFile> {
    const { content } = this.#file(path);
    let isOpen = true;
    return {
      size: content.byteLength,
      async read(into, position) {
        if (!isOpen) throw new DriverError(`Cannot use path "${path}": the file is closed`, { driver: MEMORY, path });
        return content.copy(into, 0, Math.min(position, content.byteLength), Math.min(position + into.byteLength, content.byteLength));
      },
      async close() {
        isOpen = false;
      },
    };
  }

  async writer(path: string, options: WriterOptions = {}): Promise<FileWriter> {
    const { keep = 0 } = options;
    const held = keep === 0 ? [] : (this.#heldAt(path) ?? [this.#file(path).content]);
    const size = sizeOf(held);
    if (keep !== "all" && keep > size) throw new InvalidOffsetError({ driver: MEMORY, path, offset: keep });
    const kept = firstBytes(held, keep === "all" ? size : keep);
    this.#expectFree(this.#tree, path);
    this.#keep(path, kept);
    return new MemoryWriter(
      {
        driver: MEMORY,
        path,
        keep: (chunks) => this.#keep(path, chunks),
        commit: (content) => {
          this.#put(path, content);
          this.#unfinished.delete(path);
        },
        drop: () => {
          this.#unfinished.delete(path);
          const node = this.#tree.get(path);
          if (node !== undefined && !isFolder(node)) this.#tree.delete(path);
        },
      },
      kept,
    );
  }

  async stat(path: string): Promise<FileInfo> {
    return infoOf(path, this.#node(path));
  }

  async list(path: string): Promise<string[]> {
    return this.#tree.children(path, this.#folder(path));
  }

  async move(source: string, destination: string): Promise<void> {
    const node = this.#node(source);
    if (source === destination) return;
    if (source.startsWith(`${destination}/`) || destination.startsWith(`${source}/`)) {
      throw new DriverError(`Cannot move path "${source}" to "${destination}": one holds the other`, { driver: MEMORY, path: source });
    }
    this.#set(destination, node);
    this.#tree.delete(source);
  }

  async copy(source: string, destination: string): Promise<void> {
    this.#put(destination, this.#file(source).content);
  }

  async delete(path: string): Promise<void> {
    const finished = this.#tree.delete(path);
    const unfinished = this.#unfinished.delete(path);
    if (!finished && !unfinished) throw new PathNotFoundError({ driver: MEMORY, path });
  }

  async redirectUrl(): Promise<string | undefined> {
    return undefined;
  }

  walk(path: string, options: WalkOptions = {}): AsyncIterable<FileInfo> {
    return walkTree(path, options, {
      children: async (folder) => [...this.#folder(folder).entries].map(([name, node]) => ({ name, isDirectory: isFolder(node) })),
      info: async (child) => {
        const node = this.#tree.get(child);
        return node === undefined ? undefined : infoOf(child, node);
      },
    });
  }

  #heldAt(path: string): readonly Buffer[] | undefined {
    const node = this.#unfinished.get(path);
    return node === undefined || isFolder(node) ? undefined : node.chunks;
  }

  #keep(path: string, chunks: readonly Buffer[]): void {
    this.#expectFree(this.#unfinished, path);
    this.#unfinished.set(path, { chunks });
  }

  #put(path: string, content: Buffer): void {
    this.#expectFree(this.#tree, path);
    this.#tree.set(path, { content, modifiedAt: new Date() });
  }

  #expectFree(tree: MemoryTree<MemoryFile> | MemoryTree<Unfinished>, path: string): void {
    const obstacle = tree.obstacle(path);
    if (obstacle !== undefined) throw new DriverError(`Cannot write path "${path}": ${obstacle}`, { driver: MEMORY, path });
  }

  #set(path: string, node: MemoryFile | MemoryFolder<MemoryFile>): void {
    if (!this.#tree.set(path, node)) throw new DriverError(`Cannot write path "${path}": a parent is a file`, { driver: MEMORY, path });
  }

  #node(path: string): MemoryFile | MemoryFolder<MemoryFile> {
    const node = this.#tree.get(path);
    if (node === undefined) throw new PathNotFoundError({ driver: MEMORY, path });
    return node;
  }

  #file(path: string): MemoryFile {
    const node = this.#node(path);
    if (isFolder(node)) throw new PathNotFoundError({ driver: MEMORY, path });
    return node;
  }

  #folder(path: string): MemoryFolder<MemoryFile> {
    const node = this.#node(path);
    if (!isFolder(node)) throw new PathNotFoundError({ driver: MEMORY, path });
    return node;
  }
}

function infoOf(path: string, node: MemoryFile | MemoryFolder<MemoryFile>): FileInfo {
  const isDirectory = isFolder(node);
  return { path, size: isDirectory ? 0 : node.content.byteLength, modifiedAt: node.modifiedAt, isDirectory };
}

/** Not `Readable.from`, which would make the whole content one chunk, or an object stream of slices. */
function streamOf(content: Buffer): Readable {
  let position = 0;
  return new Readable({
    highWaterMark: CHUNK,
    read() {
      if (position >= content.byteLength) return void this.push(null);
      const chunk = content.subarray(position, position + CHUNK);
      position += chunk.byteLength;
      this.push(chunk);
    },
  });
}
