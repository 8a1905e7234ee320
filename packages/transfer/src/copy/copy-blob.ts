import {
  AuthError,
  type Connection,
  mountBlob,
  type MountContent,
  pushBlob,
  type RemoteRepository,
  ResponseError,
  type UploadProgress,
} from "@berth/client";
import type { Descriptor, Fetcher, Pusher, ReplayableSource } from "@berth/oci";
import type { TransferOutcome } from "../manager/transfer.ts";
import { mounterOf, remoteOf, repositoryNameOf } from "./abilities.ts";
import { atStep } from "./errors.ts";
import type { CopyGraphOptions, MountRefusal } from "./options.ts";

/** Where a blob goes from and to, and how. */
export interface BlobRoute {
  readonly source: Fetcher;
  readonly destination: Pusher;
  /** Told of bytes that went over to a registry. */
  readonly onMoved?: (bytes: number) => void;
  readonly options: Pick<CopyGraphOptions, "chunkSize" | "journal" | "mountCandidates" | "onMountRefused" | "onMounted" | "recheck">;
}

/**
 * Blobs from this size on are asked for as well before they are sent, where the registry did not say for sure that it lacks them: a
 * request is nothing against them. Bytes.
 */
const WORTH_ASKING = 4_194_304;

/** Blobs above this size leave as they come: each would cost memory twice over, and a wait. Bytes. */
const WHOLE_BYTES = 65_536;

/** Uploads of blobs from this size on are worth remembering: less is sent again as fast as it is found. Bytes. */
const WORTH_REMEMBERING = 4_194_304;

/** What registries were found to do. */
interface Habits {
  /** Asked to mount a blob from the repository itself, it says whether it is there. */
  answersMounts: boolean;
  /** It started an upload for a blob that is there: it has to be asked first. */
  wantsQuestion: boolean;
}

const habits = new WeakMap<Connection, Habits>();

/**
 * Brings one blob to the destination. A registry is asked to mount it: from the source when that is in the same registry, from the
 * candidates, or else from the very repository that it is to go to. That is one request where others send two: it answers 201 when the
 * blob is there, and otherwise has started the upload that the bytes go into.
 *
 *   there already   POST                  1 request to the destination
 *   mounted         POST                  1
 *   pushed          POST, PUT             2
 *
 * From 4 MiB on it is asked by HEAD as well, at the same time, while it has not shown that it answers so.
 */
export async function copyBlob(
  route: BlobRoute,
  target: Descriptor,
  content: ReplayableSource,
  signal: AbortSignal,
): Promise<TransferOutcome> {
  const remote = remoteOf(route.destination);
  if (remote !== undefined)
    return await atStep("push", "destination", target, signal, () => toRegistry(route, remote, target, content, signal));
  return await atStep("push", "destination", target, signal, async () => {
    const { source, destination } = route;
    if (await destination.exists(target, { signal })) return "exists";
    const from = repositoryNameOf(source);
    if (from !== undefined && remoteOf(source) === undefined && (await mounterOf(destination)?.mount(target, from, { signal }))) {
      route.options.onMounted?.(target, from);
      return "mounted";
    }
    await destination.push(target, content, { signal });
    return "transferred";
  });
}

async function toRegistry(
  route: BlobRoute,
  remote: RemoteRepository,
  target: Descriptor,
  content: ReplayableSource,
  signal: AbortSignal,
): Promise<TransferOutcome> {
  const { onMounted, onMountRefused, chunkSize } = route.options;
  const journal = target.size < WORTH_REMEMBERING ? undefined : route.options.journal;
  const { connection, name } = remote;
  const key = { registry: remote.registry, repository: name, digest: target.digest };
  const { onMoved } = route;
  let moved = 0;
  const onProgress = (progress: UploadProgress): void => {
    onMoved?.(progress.moved - moved);
    moved = progress.moved;
  };
  const push = {
    signal,
    onProgress,
    wholeBytes: WHOLE_BYTES,
    ...(chunkSize !== undefined && { chunkSize }),
    ...(journal && { onUpload: (id: string) => journal.note(key, id) }),
  };
  const begun = await journal?.find(key);
  const habit = habitsOf(connection);
  const offered = begun === undefined ? await candidatesFor(route, remote, target) : [];
  const candidates = offered.filter((from) => from !== name);
  const mayBeHere = candidates.length > 0 && offered.length > candidates.length;
  if (begun !== undefined || habit.wantsQuestion || mayBeHere) {
    if (await isThere(remote, target, signal)) return "exists";
    if (mayBeHere) onMountRefused?.(target, name, "not-mounted");
  }
  if (begun !== undefined) {
    await pushBlob(connection, name, target, content, { ...push, resume: begun });
    await journal?.forget(key);
    return "transferred";
  }
  const last = candidates.at(-1) ?? name;
  let reason: MountRefusal = "not-mounted";
  const onRefused = (error: unknown): void => void (reason = refusalOf(error));
  for (const from of candidates.slice(0, -1)) {
    reason = "not-mounted";
    const mounting = mountBlob(connection, name, target, from, { signal, onRefused });
    if ((await orTold(mounting, () => onMountRefused?.(target, from, "refused"))) === "mounted") {
      onMounted?.(target, from);
      return "mounted";
    }
    onMountRefused?.(target, from, reason);
  }
  reason = "not-mounted";
  let wasThere = false;
  let isTold = last === name;
  const ask = async (): Promise<boolean> => target.size >= WORTH_ASKING && (await isThere(remote, target, signal));
  // Where a mount is not likely the question does not wait for its answer.
  const asked = last === name && !(habit.answersMounts || habit.wantsQuestion) ? ask() : undefined;
  asked?.catch(() => undefined); // nobody may be waiting for it any more
  const fallback: MountContent = async () => {
    if (!isTold) onMountRefused?.(target, last, reason);
    isTold = true;
    wasThere = await (last === name ? (asked ?? false) : ask());
    habit.wantsQuestion ||= wasThere && last === name;
    return wasThere ? undefined : content;
  };
  const mounting = mountBlob(connection, name, target, last, { ...push, fallback, onRefused });
  const outcome = await orTold(mounting, () => isTold || onMountRefused?.(target, last, "refused"));
  await journal?.forget(key);
  if (outcome === "pushed") return "transferred";
  if (wasThere) return "exists";
  if (last === name) {
    habit.answersMounts = true;
    return "exists";
  }
  onMounted?.(target, last);
  return "mounted";
}

/** A candidate at which a registry stumbles (500) is told of as well: it need not be offered when the blob is tried again. */
async function orTold<T>(mounting: Promise<T>, tell: () => unknown): Promise<T> {
  try {
    return await mounting;
  } catch (error) {
    if (error instanceof ResponseError) tell();
    throw error;
  }
}

function refusalOf(error: unknown): MountRefusal {
  return error instanceof AuthError || (error instanceof ResponseError && error.status === 401) ? "unauthorized" : "refused";
}

/** A question that saves work; when it fails, the work is done. */
async function isThere(remote: RemoteRepository, target: Descriptor, signal: AbortSignal): Promise<boolean> {
  try {
    return await remote.blobs.exists(target, { signal });
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Repositories to mount from, the source before all others; the destination too when it may hold the blob already. */
async function candidatesFor({ source, options }: BlobRoute, remote: RemoteRepository, target: Descriptor): Promise<readonly string[]> {
  const origin = remoteOf(source);
  const own = origin !== undefined && origin.registry === remote.registry ? [origin.name] : [];
  const known = (await options.mountCandidates?.(target)) ?? [];
  const here = options.recheck === true ? [remote.name] : []; // a mount does not tell what was there from what came
  return [...new Set<string>([...own, ...known, ...here])];
}

function habitsOf(connection: Connection): Habits {
  const known = habits.get(connection) ?? { answersMounts: false, wantsQuestion: false };
  habits.set(connection, known);
  return known;
}
