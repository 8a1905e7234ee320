import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "@berth/oci/node";
import type { CommandIo } from "../io.ts";
import { userFolder } from "../user-config/user-folder.ts";

/** Milliseconds that names are good for. */
const FRESH_MS = 30_000;

/** Where names are kept between two presses of Tab; undefined without a home. */
export function nameCacheFolder(env: CommandIo["env"]): string | undefined {
  const caches = env["BERTH_CACHE"] || userFolder(env, "CACHE");
  return caches ? join(caches, "berth", "completion") : undefined;
}

/** Names out of the cache, else from `load`, which are then kept. A cache that cannot be used is none. */
export async function cachedNames(
  folder: string | undefined,
  key: string,
  load: () => Promise<readonly string[]>,
  now: number = Date.now(),
): Promise<readonly string[]> {
  const file = folder === undefined ? undefined : join(folder, `${createHash("sha256").update(key).digest("hex")}.json`);
  const kept = file === undefined ? undefined : read(file, now);
  if (kept !== undefined) return kept;
  const names = await load();
  if (file !== undefined && folder !== undefined) await write(folder, file, { at: now, names });
  return names;
}

function read(file: string, now: number): readonly string[] | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof kept !== "object" || kept === null || !("at" in kept) || !("names" in kept)) return undefined;
    const { at, names } = kept;
    const isFresh = typeof at === "number" && now - at < FRESH_MS && at <= now;
    return isFresh && Array.isArray(names) ? names.filter((name) => typeof name === "string") : undefined;
  } catch {
    return undefined; // not there, or not whole
  }
}

async function write(folder: string, file: string, content: { readonly at: number; readonly names: readonly string[] }): Promise<void> {
  try {
    await makeFolder(folder, 0o700);
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, JSON.stringify(content), { mode: 0o600 });
    renameSync(partial, file);
  } catch {
    // the next press of Tab asks again
  }
}
