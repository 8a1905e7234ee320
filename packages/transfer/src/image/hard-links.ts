import { InvalidLayerError, printable } from "./errors.ts";
import type { TarEntry } from "./tar-entry.ts";
import { LayerPaths } from "./layer-paths.ts";

/** What is to be written for the hard links that lead to an entry. */
export interface LinkStep {
  /** The entry under the name of the first link, with the entry's content: the entry itself is not seen. */
  readonly carrier?: TarEntry;
  /** Hard links whose targets were written. */
  readonly links: readonly TarEntry[];
}

const NOTHING: LinkStep = { links: [] };

/**
 * Hard links of layers that are read from the top. Most lead to an entry that stands before them in their own layer. Others have to wait:
 * for a layer below, which may hold their target, or for a second reading of their layer, when their target is hidden by a layer above.
 */
export class HardLinks {
  readonly #upper: LayerPaths;
  /** Of the layer being read. */
  #paths = new LayerPaths();
  /** Hard links of this layer, and where they lead in the end. */
  #targets = new Map<string, string>();
  /** By target: links to something of this layer that a layer above hides. */
  readonly #orphans = new Map<string, TarEntry[]>();
  /** By target: links to something below. */
  readonly #waiting = new Map<string, TarEntry[]>();

  /** @param upper what hides entries of the layer being read. */
  constructor(upper: LayerPaths) {
    this.#upper = upper;
  }

  /** Goes on with the next layer below. */
  enterLayer(paths: LayerPaths): void {
    this.#paths = paths;
    this.#targets = new Map();
  }

  /** Takes an entry of the layer, which is in its paths already. `isSeen`: no layer above hides it. */
  add(entry: TarEntry, isSeen: boolean): LinkStep {
    const { path } = entry;
    const links = take(this.#waiting, path);
    if (entry.type === "hardlink") return { links: this.#resolve(entry, isSeen ? [entry, ...links] : links) };
    this.#targets.delete(path);
    if (links[0] === undefined) return NOTHING;
    if (entry.type === "folder") throw leadsNowhere(links[0].path);
    return isSeen ? { links: links.map((link) => ({ ...link, linkTarget: path })) } : carry(entry, links);
  }

  /** Whether the layer is to be read again, and its entries given to {@link takeOrphans}. */
  get hasOrphans(): boolean {
    return this.#orphans.size > 0;
  }

  /** What is to be written for an entry of a layer that is read again. */
  takeOrphans(entry: TarEntry): LinkStep {
    return entry.type === "hardlink" || entry.type === "folder" ? NOTHING : carry(entry, take(this.#orphans, entry.path));
  }

  /** Call at the end of all layers. @throws {InvalidLayerError} when a link led nowhere. */
  checkResolved(): void {
    const [lost] = [...this.#waiting.values(), ...this.#orphans.values()].flat();
    if (lost !== undefined) throw leadsNowhere(lost.path);
  }

  /** The links that can be written now; the others are kept. */
  #resolve({ path, linkTarget }: TarEntry, links: readonly TarEntry[]): readonly TarEntry[] {
    const target = this.#targets.get(linkTarget) ?? linkTarget;
    if (target === path) throw leadsNowhere(path);
    this.#targets.set(path, target);
    const isHere = this.#paths.isLinkable(target);
    if (isHere && !this.#upper.hides(target, "file")) return links.map((link) => ({ ...link, linkTarget: target }));
    const waiting = isHere ? this.#orphans : this.#waiting;
    if (links.length > 0) waiting.set(target, [...(waiting.get(target) ?? []), ...links]);
    return [];
  }
}

function carry(entry: TarEntry, [first, ...rest]: readonly TarEntry[]): LinkStep {
  if (first === undefined) return NOTHING;
  const links = rest.map((link) => ({ ...link, linkTarget: first.path }));
  return { carrier: { ...entry, path: first.path }, links };
}

function take(links: Map<string, TarEntry[]>, target: string): readonly TarEntry[] {
  const found = links.get(target) ?? [];
  links.delete(target);
  return found;
}

function leadsNowhere(path: string): InvalidLayerError {
  return new InvalidLayerError(`the hard link "${printable(path)}" leads to no file`);
}
