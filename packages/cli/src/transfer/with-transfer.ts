import type { RemoteRepository } from "@berth/client";
import type { CopyGraphOptions, TransferEvent, TransferManager } from "@berth/transfer";
import type { Session } from "../session/session.ts";
import { type CopyEnds, KnownSources, type SourceHook } from "./known-sources.ts";
import type { TransferFlags } from "./transfer-flags.ts";
import { journalFolder, OpenUploads } from "./upload-journal.ts";
import { UploadLimits } from "./upload-limits.ts";

/** Options of copies. */
export type TransferSettings = Pick<
  CopyGraphOptions,
  "chunkSize" | "concurrency" | "journal" | "manager" | "onEvent" | "signal" | SourceHook
>;

/** What every copy of a command is given. */
export interface Transfer {
  /**
   * Names the repositories that are copied from and to: what they hold is remembered, and uploads into the one that is written to are taken
   * back when the user stops the command.
   *
   * @returns the options of copies between them.
   */
  between(ends: CopyEnds): Promise<TransferSettings>;
}

/** Options of {@link withTransfer}. */
export interface WithTransferOptions extends TransferFlags {
  /** Whether content goes to standard output. */
  readonly stdoutIsData?: boolean;
}

/**
 * Does work that moves content: with the pace that flags say, progress shown, and uploads remembered, so that the next run goes on with
 * them, and mounts what this one saw elsewhere. When the user stops it they are taken back, unless `--resume` says otherwise.
 */
export async function withTransfer<T>(
  session: Session,
  { limitRate, chunkSize, resume, stdoutIsData = false }: WithTransferOptions,
  work: (transfer: Transfer) => Promise<T>,
): Promise<T> {
  const { createTransferEvents, openUploadJournal } = await import("@berth/transfer");
  const { signal } = session;
  const folder = journalFolder(session.io.env);
  const journal = folder === undefined ? undefined : new OpenUploads(openUploadJournal(folder));
  const limits = new UploadLimits(session, chunkSize);
  const sources = new KnownSources(session);
  const repositories = new Set<RemoteRepository>();
  const view = await session.openView({ stdoutIsData });
  const events = createTransferEvents();
  const onEvent = (event: TransferEvent): void => events.emit(event);
  session.onEvent = onEvent;
  const showing = (async () => {
    for await (const event of events.watch()) view.take(event);
  })();
  const { jobs } = session.settings;
  const manager = await makeManager(session, limitRate);
  session.rates.onSlowdown = (registry, delayMs) => manager.slowDown(registry, delayMs);
  const onStop = (): void => {
    if (repositories.size === 0 || resume === true) return;
    const advice = session.isTimedOut ? "" : "; Ctrl-C again to stop at once";
    session.sayIfSlow(`berth: taking back what was uploaded${advice}`);
  };
  signal.addEventListener("abort", onStop, { once: true });
  try {
    const settings: TransferSettings = {
      signal,
      manager,
      onEvent,
      ...(jobs !== undefined && { concurrency: jobs }),
      ...(journal && { journal }),
    };
    return await work({
      async between(ends) {
        const { destination } = ends;
        if (destination !== undefined) repositories.add(destination);
        return { ...settings, ...(await sources.hooksFor(ends)), ...(destination && (await limits.apply(destination))) };
      },
    });
  } catch (error) {
    if (repositories.size > 0) session.stopHint = resume === true ? GOES_ON : SENDS_THE_REST;
    if (signal.aborted && !session.isTimedOut && resume !== true) await journal?.cancel(repositories);
    throw error;
  } finally {
    signal.removeEventListener("abort", onStop);
    await Promise.all([limits.remember(), sources.remember()]);
    session.onEvent = undefined;
    session.rates.onSlowdown = undefined;
    events.end();
    await showing;
    view.end();
  }
}

const GOES_ON = "the same command goes on with what was uploaded";
const SENDS_THE_REST = "the same command sends the rest; --resume also keeps unfinished uploads";

async function makeManager({ settings: { jobs, retries } }: Session, bytesPerSecond: number | undefined): Promise<TransferManager> {
  const { createTransferManager } = await import("@berth/transfer");
  return createTransferManager({
    ...(jobs !== undefined && { downloads: jobs, uploads: jobs }),
    ...(retries !== undefined && { attempts: retries + 1 }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  });
}
