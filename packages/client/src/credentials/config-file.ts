import { randomBytes } from "node:crypto";
import { constants, readFileSync, renameSync } from "node:fs";
import { open, readlink, realpath, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type CallOptions, LimitExceededError } from "@berth/oci";
import { makeFolder, systemReason } from "@berth/oci/node";
import { type DockerConfig, parseDockerConfig } from "./docker-config.ts";
import { CredentialFileError } from "./errors.ts";

/** Bytes of a config file, at most. */
export const MAX_CONFIG_FILE_BYTES: number = 4 << 20;

const MAX_LINKS = 40;

/** Times that a file which others change is looked at anew. */
const MAX_TRIES = 20;

/** Changes of one file by this process, one after the other. Keyed by path, gone when the last one is done. */
const changes = new Map<string, Promise<unknown>>();

/** Reads a config file; absent: undefined. @throws {CredentialFileError} @throws {LimitExceededError} above 4 MiB. */
export async function readConfigFile(path: string, { signal }: CallOptions = {}): Promise<string | undefined> {
  signal?.throwIfAborted();
  try {
    await using file = await open(path, constants.O_RDONLY);
    const chunks: Uint8Array[] = [];
    let size = 0;
    const stream: AsyncIterable<Uint8Array> = file.createReadStream({ autoClose: false, ...(signal && { signal }) });
    for await (const bytes of stream) {
      size += bytes.byteLength;
      if (size > MAX_CONFIG_FILE_BYTES) throw new LimitExceededError({ what: `file "${path}"`, limit: MAX_CONFIG_FILE_BYTES });
      chunks.push(bytes);
    }
    return withoutMark(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    signal?.throwIfAborted();
    if (errnoOf(error) === "ENOENT") return undefined;
    if (error instanceof LimitExceededError) throw error;
    throw new CredentialFileError({ file: path, reason: systemReason(error) }, { cause: error });
  }
}

/** Reads and understands a config file; absent: one that says nothing. @throws {CredentialFileError} @throws {LimitExceededError} */
export async function loadConfigFile(path: string, options?: CallOptions): Promise<DockerConfig> {
  return parseDockerConfig((await readConfigFile(path, options)) ?? "", path);
}

/**
 * Changes a config file as a whole or not at all: the new text goes to a temporary file in the same folder, which takes the place of the
 * old one. Folder and file are for their owner only; a link is followed. When another process has changed the file meanwhile its text is
 * changed instead; only what happens between that look and the new name, some microseconds, is not noticed, as docker's own tools lock
 * nothing.
 *
 * @param change may be called several times.
 * @throws {CredentialFileError} when the old text is malformed, or the file system refuses.
 */
export async function changeConfigFile(path: string, change: (text: string) => string, options: CallOptions = {}): Promise<void> {
  const target = await followLinks(path);
  const before = changes.get(target);
  const mine = (async (): Promise<void> => {
    await before?.catch(() => undefined); // its own caller hears of it
    for (let tries = 1; ; tries++) {
      const old = await readConfigFile(target, options);
      parseDockerConfig(old ?? "", path);
      const text = change(old === undefined || old.trim() === "" ? "{}" : old);
      options.signal?.throwIfAborted();
      if (text === old || (await replaceFile(target, text, tries < MAX_TRIES ? { old } : undefined))) return;
    }
  })();
  changes.set(target, mine);
  try {
    await mine;
  } finally {
    if (changes.get(target) === mine) changes.delete(target);
  }
}

/**
 * Gives a file a new text.
 *
 * @param only the text that the file must still have; undefined within: there must be no file. Absent: whatever it has.
 * @returns false when it has another one: then nothing is done.
 */
async function replaceFile(path: string, text: string, only?: { readonly old: string | undefined }): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await makeFolder(dirname(path), 0o700);
    try {
      await using file = await open(temporary, "wx", 0o600);
      await file.writeFile(text);
      await file.sync();
      const isAsBefore = only === undefined || textNow(path) === only.old;
      if (isAsBefore)
        renameSync(temporary, path); // without a pause behind the look
      else await rm(temporary, { force: true });
      return isAsBefore;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw new CredentialFileError({ file: path, reason: systemReason(error), action: "write" }, { cause: error });
  }
}

/** What {@link readConfigFile} reads, at once. */
function textNow(path: string): string | undefined {
  try {
    return withoutMark(readFileSync(path, "utf8"));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Editors put a mark of the byte order in front. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, "");
}

/** The path that a rename must go to, so that links stay links; also of a link to what is not there yet. */
async function followLinks(path: string): Promise<string> {
  let at = resolve(path);
  for (let links = 0; links < MAX_LINKS; links++) {
    try {
      return await realpath(at);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw new CredentialFileError({ file: path, reason: systemReason(error) }, { cause: error });
    }
    const next = await readlink(at).catch(() => undefined); // no link: the file is to be made here
    if (next === undefined) return at;
    at = resolve(dirname(at), next);
  }
  throw new CredentialFileError({ file: path, reason: "too many links" });
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
