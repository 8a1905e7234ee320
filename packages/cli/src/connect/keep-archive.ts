import { stat } from "node:fs/promises";
import {
  type CallOptions,
  familiarString,
  isDigest,
  parseNormalizedNamed,
  type ReadOnlyTarget,
  type TagLister,
  tagNameOnly,
} from "@berth/oci";
import type { FileLocation, Location } from "@berth/transfer/location";
import { Option } from "commander";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { oneLine } from "../output/plain-text.ts";
import type { Session } from "../session/session.ts";

/** What may happen to an archive that is there. */
export interface KeepFlags {
  /** `--overwrite`: it may be lost. */
  readonly overwrite?: boolean;
  /** False for `--no-clobber`: what is there must stay. */
  readonly clobber?: boolean;
  /** `--only-missing`: likewise. */
  readonly onlyMissing?: boolean;
}

/** `--overwrite`. */
export function overwriteOption(): Option {
  return new Option("--overwrite", "write an archive anew, also when that loses images which are in it");
}

/** Images that a message names, at most. */
const MAX_NAMES = 5;

/**
 * Refuses to write an archive anew where that would lose something: an archive is written whole, so whatever else is in it goes. Files
 * that are empty, and pipes and devices, hold nothing.
 *
 * @param names the tags that are to be written; digests among them name nothing.
 * @throws {CommandFailure} exit code 5.
 */
export async function keepArchive(session: Session, location: Location, names: readonly string[], flags: KeepFlags): Promise<void> {
  if (location.transport !== "oci-archive" && location.transport !== "docker-archive") return;
  const { path } = location;
  if (path !== "-") {
    const { versionOfFile } = await import("@berth/transfer/location");
    noteReplaced(session, path, flags.overwrite === true ? "any" : versionOfFile(path));
  }
  if (flags.overwrite === true || path === "-" || !(await holdsSomething(path))) return;
  const found = await imagesIn(session, location);
  if (found === undefined) throw refusal(path, "its content cannot be read as an archive, and would be lost");
  if (flags.clobber === false || flags.onlyMissing === true) throw refusal(path, "it exists, and an archive is written whole");
  const tags = names.filter((name) => !isDigest(name));
  const written = new Set(tags.length === 0 ? [""] : tags.map(familiar));
  const lost = found.filter((name) => !written.has(familiar(name)));
  if (lost.length === 0) return;
  const rest = lost.length - MAX_NAMES;
  const named = lost.slice(0, MAX_NAMES).map((name) => (name === "" ? "an image without a name" : `"${oneLine(name)}"`));
  throw refusal(path, `an archive is written whole, and ${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""} would be lost`);
}

const replaced = new WeakMap<Session, Map<string, string>>();

function noteReplaced(session: Session, path: string, version: string): void {
  const versions = replaced.get(session) ?? new Map<string, string>();
  replaced.set(session, versions.set(path, version));
}

/** What of an archive {@link keepArchive} looked at, and may go: what came there since may not. */
export function replacedBy(session: Session, location: Location): string | undefined {
  return location.transport === "registry" ? undefined : replaced.get(session)?.get(location.path);
}

function refusal(path: string, reason: string): CommandFailure {
  return new CommandFailure(EXIT_CODE.conflict, `will not write over "${path}": ${reason}: name another file, or add --overwrite`);
}

async function holdsSomething(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size > 0;
  } catch {
    return false; // if it cannot be written either, that is told then
  }
}

/** The names of the images, "" for what has none; undefined: it is something else. */
async function imagesIn({ signal }: Session, { transport, path }: FileLocation): Promise<readonly string[] | undefined> {
  const { openStore } = await import("@berth/transfer/location");
  const { InvalidArchiveError } = await import("@berth/transfer");
  try {
    const opened = await openStore({ transport, path }, { signal });
    const target: ReadOnlyTarget & Partial<TagLister> = opened.target;
    try {
      const names = await Array.fromAsync(target.tags?.({ signal }) ?? []);
      return names.length > 0 || !(await holdsImage(target, { signal })) ? names : [""];
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (error instanceof InvalidArchiveError) return undefined;
    throw error;
  }
}

async function holdsImage(target: ReadOnlyTarget, call: CallOptions): Promise<boolean> {
  try {
    await target.resolve("", call);
    return true;
  } catch (error) {
    call.signal?.throwIfAborted();
    return !isMissing(error); // of several it may be any
  }
}

/** The one form of a name that may be written in several: `debian:12`. A tag alone stays one. */
function familiar(name: string): string {
  return /[:/]/.test(name) ? familiarString(tagNameOnly(parseNormalizedNamed(name))) : name;
}
