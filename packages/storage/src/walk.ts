import type { FileInfo, WalkOptions } from "./driver.ts";
import { PathNotFoundError } from "./errors.ts";
import { childPath } from "./path.ts";

/** A direct child of a folder. */
export interface FolderEntry {
  /** Without the path before it. */
  readonly name: string;
  readonly isDirectory: boolean;
}

/** What {@link walkTree} needs of a store that has folders. */
export interface FolderSource {
  /** The direct children in any order. @throws {PathNotFoundError} */
  children(folder: string): Promise<readonly FolderEntry[]>;
  /** Undefined when the path is gone by now. */
  info(path: string): Promise<FileInfo | undefined>;
}

interface Step {
  readonly key: string;
  readonly path: string;
  /** True: go into the folder; false: yield the entry. */
  readonly descend: boolean;
}

interface Frame {
  readonly steps: readonly Step[];
  readonly refused: Set<string>;
  next: number;
  readonly infos: Map<string, FileInfo>;
  /** Steps before this index have been looked up. */
  loaded: number;
}

const LOOK_AHEAD = 32;

/**
 * Walks folders in byte order of the full paths. In that order `/a-b` stands between the folder `/a` and its child `/a/c`
 * (`-` and `.` sort before `/`), so each folder is two steps: itself at `a`, and what it holds at `a/`.
 */
export async function* walkTree(path: string, options: WalkOptions, source: FolderSource): AsyncGenerator<FileInfo> {
  const { after = "", enter, signal } = options;
  const frames = [frameOf(path, await source.children(path), after)];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    signal?.throwIfAborted();
    const index = frame.next;
    const step = frame.steps[index];
    if (step === undefined) {
      frames.pop();
      continue;
    }
    frame.next += 1;
    if (step.descend) {
      if (frame.refused.delete(step.path)) continue;
      const children = await source.children(step.path).catch(ignoreMissing);
      if (children !== undefined) frames.push(frameOf(step.path, children, after));
      continue;
    }
    if (index >= frame.loaded) await loadInfos(frame, index, source);
    const info = frame.infos.get(step.path);
    if (info === undefined) continue;
    frame.infos.delete(step.path);
    yield info;
    if (info.isDirectory && enter !== undefined && !enter(info)) frame.refused.add(step.path);
  }
}

function frameOf(folder: string, children: readonly FolderEntry[], after: string): Frame {
  const steps: Step[] = [];
  for (const { name, isDirectory } of children) {
    const path = childPath(folder, name);
    if (path > after) steps.push({ key: path, path, descend: false });
    if (!isDirectory) continue;
    const key = `${path}/`;
    // "0" is the character after "/": all that the folder holds sorts before it
    if (after < `${path}0`) steps.push({ key, path, descend: true });
  }
  steps.sort((a, b) => (a.key < b.key ? -1 : 1));
  return { steps, refused: new Set(), next: 0, infos: new Map(), loaded: 0 };
}

async function loadInfos(frame: Frame, from: number, source: FolderSource): Promise<void> {
  frame.loaded = from + LOOK_AHEAD;
  await Promise.all(
    frame.steps.slice(from, frame.loaded).map(async ({ path, descend }) => {
      if (descend) return;
      const info = await source.info(path);
      if (info !== undefined) frame.infos.set(path, info);
    }),
  );
}

/** A folder may go away between being listed and being entered. */
function ignoreMissing(error: unknown): undefined {
  if (error instanceof PathNotFoundError) return undefined;
  throw error;
}
