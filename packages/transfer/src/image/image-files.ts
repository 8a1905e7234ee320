import { posix } from "node:path";
import type { Fetcher } from "@berth/oci";
import { ImagePathError } from "./errors.ts";
import { type IndexedEntry, LayerIndex } from "./layer-index.ts";
import type { ReadImage } from "./read-image.ts";
import type { ReadLayerOptions } from "./read-layer.ts";
import { childOf, parentOf } from "./tar-path.ts";

/** An entry that was found, and the layer that it comes from. */
export interface FoundEntry extends IndexedEntry {
  readonly index: LayerIndex;
}

/** Links on the way to one file, at most: as many as Linux follows. */
const MAX_LINKS = 40;

/** Finds files of an image: layers are looked through from the top, each at most once, and only as many as are needed. */
export class ImageFiles {
  readonly #source: Fetcher;
  readonly #image: ReadImage;
  readonly #options: ReadLayerOptions;
  /** The top layer first. */
  readonly #indexes: LayerIndex[] = [];
  /** What is looked for in the end. */
  #wanted = "";

  constructor(source: Fetcher, image: ReadImage, options: ReadLayerOptions) {
    this.#source = source;
    this.#image = image;
    this.#options = options;
  }

  /**
   * Finds what a path leads to, links followed the way a process within the image would: no link leads out of its root.
   *
   * @param path absolute or relative to the root. @param followLast whether the last part is followed too when it is a link.
   * @throws {ImagePathError}
   */
  async resolve(path: string, followLast: boolean): Promise<FoundEntry | "folder"> {
    const parts = path.split("/").toReversed();
    this.#wanted = posix.join("/", path).slice(1);
    let folder = "";
    let found: FoundEntry | "folder" | undefined = "folder";
    for (let links = 0, part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part === "" || part === ".") continue;
      if (found !== "folder") throw notFound(path, `"${folder}" is no folder`);
      if (part === "..") {
        folder = parentOf(folder);
        continue;
      }
      const at = childOf(folder, part);
      const entry: FoundEntry | "folder" | undefined = await this.find(at, 0);
      if (entry === undefined) throw notFound(path, "there is no such file");
      const isLast = parts.every((rest) => rest === "" || rest === ".");
      if (entry !== "folder" && entry.entry.type === "symlink" && (!isLast || followLast)) {
        if (++links > MAX_LINKS) throw new ImagePathError("ERR_IMAGE_PATH_LOOP", path, `it leads over more than ${MAX_LINKS} links`);
        const target = entry.entry.linkTarget;
        if (target.startsWith("/")) folder = "";
        parts.push(...target.split("/").toReversed());
        continue;
      }
      found = entry !== "folder" && entry.entry.type === "folder" ? "folder" : entry;
      folder = at;
    }
    return found;
  }

  /**
   * Finds an entry by its path, no link followed. All folders above must have been found already.
   *
   * @param from the first layer to look into; 0 is the top one.
   */
  async find(path: string, from: number): Promise<FoundEntry | "folder" | undefined> {
    for (let at = from; at < this.#image.layers.length; at++) {
      const index = await this.#indexAt(at);
      const found = index.at(path);
      if (found !== undefined) return found === "folder" ? found : { ...found, index };
      if (index.closes(path)) return undefined;
    }
    return undefined;
  }

  /** The entry with the content of a hard link. @throws {ImagePathError} */
  async targetOf(link: FoundEntry): Promise<FoundEntry> {
    let found: FoundEntry | "folder" | undefined = link;
    for (let links = 0; found !== undefined && found !== "folder"; links++) {
      if (found.entry.type !== "hardlink") return found;
      if (links > MAX_LINKS) throw new ImagePathError("ERR_IMAGE_PATH_LOOP", link.entry.path, "its hard links lead in a circle");
      found = await this.find(found.entry.linkTarget, this.#indexes.indexOf(found.index)); // what layers above made of it does not count
    }
    throw notFound(link.entry.path, "it is a hard link that leads to no file");
  }

  async #indexAt(at: number): Promise<LayerIndex> {
    const known = this.#indexes[at];
    if (known !== undefined) return known;
    const layer = this.#image.layers.at(-1 - at);
    if (layer === undefined) throw new RangeError(`Cannot read layer ${at} from the top: there is none`);
    const index = await LayerIndex.read(this.#source, layer, this.#wanted, this.#options);
    this.#indexes[at] = index;
    return index;
  }
}

function notFound(path: string, reason: string): ImagePathError {
  return new ImagePathError("ERR_IMAGE_PATH_NOT_FOUND", path, reason);
}
