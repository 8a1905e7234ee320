import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type CallOptions, type Descriptor, type Digest, isDigest } from "@berth/oci";
import { InvalidLayoutError, LayoutBusyError } from "./errors.ts";
import { ignoreMissing } from "./errno.ts";
import { acquireLock, isLocked } from "./file-lock.ts";
import { removeEntries } from "./index-changes.ts";
import type { LayoutIndex } from "./index-json.ts";
import type { LayoutParts } from "./layout-parts.ts";
import { namesOf } from "./names.ts";
import { Reach } from "./reach.ts";

/** Options of {@link OciLayout.gc}. */
export interface GcOptions extends CallOptions {
  /** Whether it only says what it would remove; default false. */
  readonly dryRun?: boolean;
  /** Whether manifests without a name go too, unless something named leads to them or they refer to something that stays. Default false. */
  readonly untagged?: boolean;
  /** Milliseconds for which content stays after it came or was last asked for: it may belong to a copy under way. Default one hour. */
  readonly graceMs?: number;
  /** Milliseconds for which content stays that stopped half-way, to be gone on with. Default one day. */
  readonly ingestGraceMs?: number;
}

/** One thing that was removed. */
export interface GcRemoval {
  /** `entry`: of `index.json`; `ingest`: what stopped half-way, and what was left behind. */
  readonly kind: "blob" | "entry" | "ingest";
  /** A digest, or the name of a file. */
  readonly name: string;
  /** Bytes; 0 for entries. */
  readonly size: number;
}

/** What {@link OciLayout.gc} did, or would do. */
export interface GcReport {
  readonly removed: readonly GcRemoval[];
  /** Bytes of all that. */
  readonly removedBytes: number;
  /** Content that stays. */
  readonly keptBlobs: number;
  /** Bytes. */
  readonly keptBytes: number;
}

/** See {@link OciLayout.gc}. */
export async function collectGarbage(parts: LayoutParts, options: GcOptions = {}): Promise<GcReport> {
  const { dryRun = false, untagged = false, graceMs = 3_600_000, ingestGraceMs = 86_400_000, signal } = options;
  const collect = async (index: LayoutIndex): Promise<GcReport> => {
    const reach = new Reach((node, call) => parts.graph.read(node, call), parts);
    const unwanted = await mark(reach, index, untagged, { ...(signal && { signal }) });
    const [unread] = reach.unread;
    if (unread !== undefined) {
      const reason = `manifest "${unread.descriptor.digest}" cannot be read, so nobody knows what it needs`;
      throw new InvalidLayoutError(parts.paths.root, reason, { cause: unread.error });
    }
    const removed: GcRemoval[] = [...unwanted].map((name) => ({ kind: "entry", name, size: 0 }));
    if (!dryRun && unwanted.size > 0) await parts.index.replace(removeEntries(index, unwanted));
    const kept = { blobs: 0, bytes: 0 };
    for await (const { digest, size, modifiedAt } of parts.blobs.list()) {
      signal?.throwIfAborted();
      if (reach.reached.has(digest) || Date.now() - modifiedAt.getTime() < graceMs) {
        kept.blobs++;
        kept.bytes += size;
      } else {
        if (!dryRun) await parts.blobs.remove(digest);
        parts.graph.remove(digest);
        removed.push({ kind: "blob", name: digest, size });
      }
    }
    removed.push(...(await sweepIngest(parts, dryRun, ingestGraceMs)));
    const removedBytes = removed.reduce((sum, { size }) => sum + size, 0);
    return { removed, removedBytes, keptBlobs: kept.blobs, keptBytes: kept.bytes };
  };
  if (dryRun) return await collect(await parts.index.read(options));
  return await parts.index.locked(collect, options);
}

/** Goes from what stays; gives what has entries and does not. */
async function mark(reach: Reach, index: LayoutIndex, untagged: boolean, call: CallOptions): Promise<ReadonlySet<Digest>> {
  const entries = index.entries.map(({ descriptor }) => descriptor);
  if (!untagged) {
    await reach.add(entries, call);
    return new Set();
  }
  const isNamed = (entry: Descriptor): boolean => namesOf([entry]).length > 0;
  await reach.add(entries.filter(isNamed), call);
  const left = new Map<Digest, Descriptor | undefined>();
  for (const entry of entries) if (!isNamed(entry)) left.set(entry.digest, await reach.subjectOf(entry, call));
  const byDigest = new Map(entries.map((entry) => [entry.digest, entry]));
  for (let size = -1; size !== left.size; ) {
    size = left.size; // something may refer to what is found now
    for (const [digest, subject] of left) {
      if (!reach.reached.has(digest) && !(subject !== undefined && reach.reached.has(subject.digest))) continue;
      left.delete(digest);
      const entry = byDigest.get(digest);
      if (entry !== undefined) await reach.add([entry], call);
    }
  }
  return new Set(left.keys());
}

/** Removes what stopped half-way long ago, or is whole by now, and what processes that are gone left. */
async function sweepIngest({ paths, blobs }: LayoutParts, dryRun: boolean, graceMs: number): Promise<readonly GcRemoval[]> {
  const removed: GcRemoval[] = [];
  for (const name of (await readdir(paths.ingest).catch(ignoreMissing)) ?? []) {
    const path = join(paths.ingest, name);
    const stats = await stat(path).catch(ignoreMissing);
    if (stats?.isFile() !== true) continue;
    const isOld = Date.now() - stats.mtimeMs >= graceMs;
    const digest = name.replace("-", ":");
    const isOver = isDigest(digest) && blobs.find(digest) !== undefined;
    const isLock = name.endsWith(".lock");
    if (isLock ? await isLocked(path) : !isOld && !isOver) continue;
    if (await removeFrom(path, isLock, dryRun)) removed.push({ kind: "ingest", name, size: stats.size });
  }
  return removed;
}

/** Content is removed under its lock: a push that has just opened the file would write to nowhere. */
async function removeFrom(path: string, isLock: boolean, dryRun: boolean): Promise<boolean> {
  if (dryRun) return isLock || !(await isLocked(`${path}.lock`));
  try {
    const lock = await acquireLock(isLock ? path : `${path}.lock`, { what: `"${path}"`, timeoutMs: 0 });
    if (!isLock) await unlink(path).catch(ignoreMissing);
    await lock.release();
    return true;
  } catch (error) {
    if (error instanceof LayoutBusyError) return false;
    throw error;
  }
}
