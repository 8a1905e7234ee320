import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RemoteRepository } from "@berth/client";
import { makeFolder } from "@berth/oci/node";
import { Option } from "commander";
import { parseSize } from "../flags/values.ts";
import type { Session } from "../session/session.ts";
import { stateFolder } from "./upload-journal.ts";

/** `--chunk-size`: bytes that a request holds at most, or `auto` for what is found out. */
export type ChunkSize = number | "auto";

/** `--chunk-size`. */
export function chunkSizeOption(): Option {
  const doc =
    "send no more than this in one request: 16MiB; auto, the default: blobs whole, and in chunks where something on the way refuses that";
  return new Option("--chunk-size <size|auto>", doc).argParser((text): ChunkSize => {
    return text === "auto" ? text : parseSize(text);
  });
}

/** How long it is believed that a host takes no more than it took: its proxy may have been told otherwise. Milliseconds; 7 days. */
const GOOD_FOR_MS = 604_800_000;

/** Hosts that are remembered, at most. */
const MAX_HOSTS = 1000;

/**
 * How large a body may be on the way to each host: as flags or the user's config file say, else what an earlier run found out, which is
 * kept beside the uploads that are not over. What cannot be read or written there is found out again.
 */
export class UploadLimits {
  readonly #session: Session;
  readonly #asked: ChunkSize | undefined;
  readonly #file: string | undefined;
  readonly #begun = new Map<RemoteRepository, number | undefined>();

  constructor(session: Session, asked: ChunkSize | undefined) {
    this.#session = session;
    this.#asked = asked;
    const folder = stateFolder(session.io.env);
    this.#file = folder && join(folder, "upload-limits.json");
  }

  /** Makes uploads into a repository keep to the limit. @returns the size of chunks, when somebody said it. */
  async apply(repository: RemoteRepository): Promise<{ readonly chunkSize?: number }> {
    const { bodyLimitOf, limitBodies } = await import("@berth/client");
    const { connection, registry } = repository;
    const said = this.#asked ?? (await this.#session.connections.configOf(registry)).chunkSize;
    const found = bodyLimitOf(connection) ?? Number.POSITIVE_INFINITY; // by what this run did before
    const kept = typeof said === "number" ? said : read(this.#file).get(registry)?.bytes;
    const limit = kept === undefined ? bodyLimitOf(connection) : Math.min(kept, found);
    if (limit !== undefined) limitBodies(connection, limit);
    this.#begun.set(repository, limit);
    return typeof said === "number" ? { chunkSize: said } : {};
  }

  /** Keeps what was found out. Never fails. */
  async remember(): Promise<void> {
    if (this.#begun.size === 0) return;
    const { bodyLimitOf } = await import("@berth/client");
    const learned = [...this.#begun].flatMap(([{ connection, registry }, before]) => {
      const bytes = bodyLimitOf(connection);
      return bytes === undefined || bytes === before ? [] : [[registry, { bytes, at: Date.now() }] as const];
    });
    if (learned.length > 0 && this.#file !== undefined) await write(this.#file, [...read(this.#file), ...learned]);
  }
}

interface Limit {
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

function read(file: string | undefined, now: number = Date.now()): ReadonlyMap<string, Limit> {
  try {
    const kept: unknown = file === undefined ? {} : JSON.parse(readFileSync(file, "utf8"));
    if (typeof kept !== "object" || kept === null) return new Map();
    return new Map(Object.entries(kept).filter((entry): entry is [string, Limit] => isLimit(entry[1]) && now - entry[1].at < GOOD_FOR_MS));
  } catch {
    return new Map(); // not there, or not whole
  }
}

function isLimit(value: unknown): value is Limit {
  if (typeof value !== "object" || value === null || !("bytes" in value) || !("at" in value)) return false;
  return Number.isSafeInteger(value.bytes) && Number(value.bytes) > 0 && typeof value.at === "number";
}

async function write(file: string, limits: readonly (readonly [string, Limit])[]): Promise<void> {
  try {
    await makeFolder(dirname(file), 0o700);
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, JSON.stringify(Object.fromEntries(limits.slice(-MAX_HOSTS))), { mode: 0o600 });
    renameSync(partial, file);
  } catch {
    // the next run finds out again
  }
}
