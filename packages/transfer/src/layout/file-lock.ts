import { randomBytes } from "node:crypto";
import { closeSync, linkSync, openSync, readFileSync, rmSync, statSync, unlinkSync, writeSync } from "node:fs";
import { readFile, stat, utimes } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { CallOptions } from "@berth/oci";
import { isRunning } from "@berth/oci/node";
import { LayoutBusyError } from "./errors.ts";
import { errnoOf, ignoreMissing } from "./errno.ts";
import { parseOwner, thisOwner } from "./lock-owner.ts";

/** A lock that is held. */
export interface HeldLock {
  /** Takes the file away, unless it is another holder's by now. */
  release(): Promise<void>;
}

/** Options of {@link acquireLock}. */
export interface LockOptions extends CallOptions {
  /** What is locked, for the error. */
  readonly what: string;
  /** Milliseconds to wait for another holder; 0: do not wait. */
  readonly timeoutMs: number;
}

/** Milliseconds between the signs of life that a holder gives. */
const HEARTBEAT_MS = 5_000;

/** Milliseconds without one after which a holder that cannot be asked is taken for dead. */
const STALE_MS = 60_000;

/** Milliseconds between two tries, at first and at most. */
const FIRST_DELAY_MS = 4;
const MAX_DELAY_MS = 60;

/**
 * Locks by a file that must not be there yet, for processes that share a folder, on several machines too. A file whose process is gone is
 * taken away; where that cannot be told, one whose holder gave no sign of life for a minute.
 *
 * @throws {LayoutBusyError} when the time is over. @throws what the file system says, such as ENOENT for a folder that is missing.
 */
export async function acquireLock(path: string, options: LockOptions): Promise<HeldLock> {
  const { what, timeoutMs, signal } = options;
  const start = performance.now();
  for (let wait = FIRST_DELAY_MS; ; wait = Math.min(wait * 2, MAX_DELAY_MS)) {
    signal?.throwIfAborted();
    const held = tryLock(path);
    if (held !== undefined) return held;
    const state = await inspect(path);
    if (state === undefined || (state.holder === undefined && removeStale(path, state.text))) continue;
    const waitedMs = performance.now() - start;
    if (waitedMs >= timeoutMs) throw new LayoutBusyError(what, state.holder ?? "a process that is gone", waitedMs);
    await delay(Math.min(wait * (0.5 + Math.random()), timeoutMs - waitedMs), undefined, { ...(signal && { signal }) }).catch(
      () => undefined,
    );
  }
}

/** Takes a lock that is free; undefined when it is not. */
function tryLock(path: string): HeldLock | undefined {
  const token = randomBytes(12).toString("hex");
  if (!writeNew(path, JSON.stringify(thisOwner(token)))) return undefined;
  const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), HEARTBEAT_MS).unref();
  return {
    async release() {
      clearInterval(heartbeat);
      // It may have been taken for dead, say after the machine slept; then the file is another's.
      try {
        if (parseOwner(readFileSync(path, "utf8"))?.token === token) unlinkSync(path);
      } catch (error) {
        ignoreMissing(error);
      }
    },
  };
}

/** Makes a file, without a pause until it is whole: an owner that is killed has signed. False when there is one. */
function writeNew(path: string, text: string): boolean {
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
  } catch (error) {
    rmSync(path, { force: true }); // nobody could tell whose it is: on a full disk the next one would wait for a minute
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

/** What a lock file tells. */
interface LockState {
  /** Fits into "... has held it"; undefined when the holder is gone. */
  readonly holder: string | undefined;
  readonly text: string;
}

async function inspect(path: string): Promise<LockState | undefined> {
  const text = await readFile(path, "utf8").catch(ignoreMissing);
  if (text === undefined) return undefined;
  const owner = parseOwner(text);
  const holder = owner === undefined ? "another process" : `process ${owner.pid}`;
  const alive = owner === undefined ? undefined : isRunning(owner);
  if (alive !== undefined) return { holder: alive ? holder : undefined, text };
  const stats = await stat(path).catch(ignoreMissing);
  if (stats === undefined) return undefined;
  return { holder: Date.now() - stats.mtimeMs < STALE_MS ? holder : undefined, text };
}

/**
 * Removes a dead holder's file, and surely not one that was made since: only one process can give that very file a second name, which it
 * keeps until the first is gone. Without a pause in between, so that nothing but the end of the process comes between the steps.
 */
function removeStale(path: string, text: string): boolean {
  const claim = `${path}.${parseOwner(text)?.token ?? "unreadable"}`;
  try {
    linkSync(path, claim);
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT") return true;
    if (code === "EEXIST") return dropOldClaim(claim);
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
    rmSync(path, { force: true }); // a file system without second names
    return true;
  }
  if (readFileSync(claim, "utf8") === text) rmSync(path, { force: true });
  rmSync(claim, { force: true });
  return true;
}

/** One who claimed it may have been killed over it. */
function dropOldClaim(claim: string): boolean {
  try {
    if (Date.now() - statSync(claim).ctimeMs > STALE_MS) unlinkSync(claim);
  } catch (error) {
    ignoreMissing(error);
  }
  return false;
}

/** True when a lock is held by a process that is there, or may be. */
export async function isLocked(path: string): Promise<boolean> {
  return (await inspect(path))?.holder !== undefined;
}
