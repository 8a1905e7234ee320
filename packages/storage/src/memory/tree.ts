import { childPath } from "../path.ts";

/** A file in memory. Its bytes never change: writes put a new file in its place. */
export interface MemoryFile {
  readonly content: Buffer;
  readonly modifiedAt: Date;
}

/** A folder in memory; it goes away with its last entry. */
export interface MemoryFolder<F extends object> {
  readonly entries: Map<string, F | MemoryFolder<F>>;
  modifiedAt: Date;
}

/** Tells folders from files. */
export function isFolder<F extends object>(node: F | MemoryFolder<F>): node is MemoryFolder<F> {
  return "entries" in node;
}

/** Files of some kind by path, with the folders that follow from them. */
export class MemoryTree<F extends object> {
  readonly #root: MemoryFolder<F> = { entries: new Map(), modifiedAt: new Date() };

  /** Undefined when nothing is there. */
  get(path: string): F | MemoryFolder<F> | undefined {
    let node: F | MemoryFolder<F> | undefined = this.#root;
    for (const name of namesOf(path)) {
      if (node === undefined || !isFolder(node)) return undefined;
      node = node.entries.get(name);
    }
    return node;
  }

  /** Why no file can be at the path, if so. */
  obstacle(path: string): string | undefined {
    let node: F | MemoryFolder<F> | undefined = this.#root;
    for (const name of namesOf(path)) {
      if (!isFolder(node)) return "a parent is a file";
      node = node.entries.get(name);
      if (node === undefined) return undefined;
    }
    return isFolder(node) ? "it is a folder" : undefined;
  }

  /** False when a parent is a file. */
  set(path: string, node: F | MemoryFolder<F>): boolean {
    const names = namesOf(path);
    const last = names.pop();
    let folder = this.#root;
    for (const name of names) {
      let next = folder.entries.get(name);
      if (next === undefined) {
        next = { entries: new Map(), modifiedAt: new Date() };
        folder.entries.set(name, next);
        folder.modifiedAt = new Date();
      }
      if (!isFolder(next)) return false;
      folder = next;
    }
    if (last === undefined) return false;
    folder.entries.set(last, node);
    folder.modifiedAt = new Date();
    return true;
  }

  /** Removes a file or folder, and the folders that it leaves empty. */
  delete(path: string): boolean {
    const names = namesOf(path);
    const last = names.pop();
    const folders: [MemoryFolder<F>, string][] = [];
    let folder = this.#root;
    for (const name of names) {
      const next = folder.entries.get(name);
      if (next === undefined || !isFolder(next)) return false;
      folders.push([folder, name]);
      folder = next;
    }
    if (last === undefined || !folder.entries.delete(last)) return false;
    folder.modifiedAt = new Date();
    for (const [parent, name] of folders.reverse()) {
      if (folder.entries.size > 0) break;
      parent.entries.delete(name);
      folder = parent;
    }
    return true;
  }

  /** Paths of the direct children, sorted. */
  children(path: string, folder: MemoryFolder<F>): string[] {
    return [...folder.entries.keys()].map((name) => childPath(path, name)).sort();
  }
}

function namesOf(path: string): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}
