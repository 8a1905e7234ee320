import type { TarEntryType } from "./tar-entry.ts";
import { ancestorsOf } from "./tar-path.ts";
import type { Whiteout } from "./whiteout.ts";

/** Something is there: the same path of a layer below is not seen. */
const TAKEN = 1;
/** A folder is there that no entry names: one of a layer below gives it its mode, anything else there is not seen. */
const IMPLIED = 2;
/** Nothing of the layers below is seen within. */
const CLOSED = 4;
/** An entry other than a folder is there, which a hard link of the same layer may lead to. */
const LINKABLE = 8;

/**
 * The paths of layers, and what they hide of the layers below: memory grows with their number only. What a layer says is added to those
 * above it when the layer is over, since whiteouts mean the layers below wherever they stand.
 */
export class LayerPaths {
  readonly #marks = new Map<string, number>();

  /** Adds an entry with all folders above it. */
  addEntry(path: string, type: TarEntryType): void {
    this.#mark(path, type === "folder" ? TAKEN : TAKEN | CLOSED | LINKABLE);
    for (const folder of ancestorsOf(path)) {
      if (((this.#marks.get(folder) ?? 0) & IMPLIED) !== 0) break; // and so are all above it
      this.#mark(folder, IMPLIED);
    }
  }

  /** Hides what it names in the layers below; one that is to be ignored does nothing. */
  addWhiteout(whiteout: Whiteout): void {
    if (whiteout.kind !== "ignored") this.#mark(whiteout.path, whiteout.kind === "opaque" ? CLOSED : TAKEN | CLOSED);
  }

  /** Adds the paths of the layer below. */
  addAll(below: LayerPaths): void {
    for (const [path, marks] of below.#marks) this.#mark(path, marks);
  }

  /** Whether an entry of a layer below is not seen. */
  hides(path: string, type: TarEntryType): boolean {
    const own = this.#marks.get(path) ?? 0;
    if ((own & TAKEN) !== 0 || ((own & IMPLIED) !== 0 && type !== "folder")) return true;
    if (path === "") return false;
    for (const folder of ancestorsOf(path)) if (((this.#marks.get(folder) ?? 0) & CLOSED) !== 0) return true;
    return ((this.#marks.get("") ?? 0) & CLOSED) !== 0;
  }

  /** Whether there is an entry that a hard link may lead to. */
  isLinkable(path: string): boolean {
    return ((this.#marks.get(path) ?? 0) & LINKABLE) !== 0;
  }

  #mark(path: string, marks: number): void {
    this.#marks.set(path, (this.#marks.get(path) ?? 0) | marks);
  }
}
