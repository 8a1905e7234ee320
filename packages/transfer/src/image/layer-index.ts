import { posix } from "node:path";
import type { Fetcher } from "@berth/oci";
import type { ImageLayer } from "./read-image.ts";
import { readLayerEntries, type ReadLayerOptions } from "./read-layer.ts";
import type { TarEntry } from "./tar-entry.ts";
import { ancestorsOf, parentOf } from "./tar-path.ts";
import { readWhiteout } from "./whiteout.ts";

/** An entry, and its `number` in the layer: the first is 0. A path can stand there more than once. */
export interface IndexedEntry {
  readonly entry: TarEntry;
  readonly number: number;
}

/** Bytes of a file that are kept while a layer is looked through, at most, to save reading it again. */
const MAX_KEPT = 1_048_576;

/** Paths that links are taken to lead to, at most. It is a guess that saves reading a layer twice: whoever resolves links decides. */
const MAX_GUESSES = 8;

/** What a layer holds, by path; content is not kept, except for that of a small file or a few. */
export class LayerIndex {
  readonly layer: ImageLayer;
  readonly #entries = new Map<string, IndexedEntry>();
  /** Folders that hold something here and that no entry names. */
  readonly #implied = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #opaque = new Set<string>();
  /** By the numbers of their entries. */
  readonly #kept = new Map<number, Buffer>();

  private constructor(layer: ImageLayer) {
    this.layer = layer;
  }

  /** Reads a layer whole. The content of the file at `wanted` is kept unless it is large, and so is that of what links make of it. */
  static async read(source: Fetcher, layer: ImageLayer, wanted: string, options: ReadLayerOptions): Promise<LayerIndex> {
    const index = new LayerIndex(layer);
    let keep: ReadonlySet<string> = new Set([wanted]);
    let number = 0;
    for await (const { entry, content } of readLayerEntries(source, layer, options)) {
      index.#add(entry, number);
      if (entry.type === "symlink" && keep.size <= MAX_GUESSES) keep = new Set([...keep].flatMap((path) => [path, followed(path, entry)]));
      if (entry.type === "file" && entry.size <= MAX_KEPT && keep.has(entry.path)) {
        index.#kept.set(number, Buffer.concat(await Array.fromAsync(content)));
      }
      number++;
    }
    return index;
  }

  /** What the layer has at a path: the last entry counts. `folder` for one that no entry names. */
  at(path: string): IndexedEntry | "folder" | undefined {
    return this.#entries.get(path) ?? (this.#implied.has(path) ? "folder" : undefined);
  }

  /** Whether nothing of the layers below is seen at a path. */
  closes(path: string): boolean {
    if (this.#removed.has(path) || this.#opaque.has("")) return true;
    for (const folder of ancestorsOf(path)) {
      if (this.#removed.has(folder) || this.#opaque.has(folder)) return true;
      const found = this.#entries.get(folder);
      if (found !== undefined && found.entry.type !== "folder") return true;
    }
    return false;
  }

  /** The content of an entry, if it was kept. */
  keptContent({ number }: IndexedEntry): Buffer | undefined {
    return this.#kept.get(number);
  }

  #add(entry: TarEntry, number: number): void {
    const whiteout = readWhiteout(entry.path);
    if (whiteout?.kind === "removed") this.#removed.add(whiteout.path);
    else if (whiteout?.kind === "opaque") this.#opaque.add(whiteout.path);
    if (whiteout !== undefined) return;
    this.#entries.set(entry.path, { entry, number });
    for (const folder of ancestorsOf(entry.path)) {
      if (this.#implied.has(folder)) break;
      this.#implied.add(folder);
    }
  }
}

/** The path that a link makes of another one, when that leads over it. */
function followed(path: string, { path: at, linkTarget }: TarEntry): string {
  if (path !== at && !path.startsWith(`${at}/`)) return path;
  return posix.join("/", linkTarget.startsWith("/") ? "" : parentOf(at), linkTarget, path.slice(at.length)).slice(1);
}
