import { EngineError, toEngineError } from "../errors.ts";
import { createTransferEvents, type TransferEvent } from "../events.ts";
import type { EngineAction, EngineLog, EngineLogEvent } from "./engine-log.ts";
import type { OperationOptions } from "./options.ts";

/** An operation that runs. */
export interface RunningOperation<T> {
  /**
   * What happens, to be watched as often as one likes; who comes late gets what was last said about each piece of content first. A slow
   * watcher misses steps in between, and slows nothing down.
   */
  readonly events: AsyncIterable<TransferEvent>;
  readonly result: Promise<T>;
  /** Ends the operation: the result is rejected with an {@link EngineError} of class `Canceled`. Later it does nothing. */
  cancel(): void;
}

/** Starts an operation that can be watched and ended. */
export function startOperation<T>(options: OperationOptions, run: (options: OperationOptions) => Promise<T>): RunningOperation<T> {
  const events = createTransferEvents();
  const controller = new AbortController();
  const signal = options.signal === undefined ? controller.signal : AbortSignal.any([options.signal, controller.signal]);
  const onEvent = (event: TransferEvent): void => {
    events.emit(event);
    options.onEvent?.(event);
  };
  const result = run({ ...options, signal, onEvent }).finally(() => events.end());
  result.catch(() => undefined); // who only watches the events is no reason to end the process
  return {
    events: { [Symbol.asyncIterator]: () => events.watch() },
    result,
    cancel: () => controller.abort(new EngineError("Canceled", { class: "Canceled", code: "ERR_CANCELED", retryable: false })),
  };
}

/** What an operation is about, to be logged. */
export interface OperationSubject {
  readonly action: EngineAction;
  /** See {@link EngineLogEvent.reference}. */
  readonly reference: string;
  /** Absent: there is no other place. */
  readonly destination?: string;
}

/** Runs an operation to its end: logs it, and makes what it throws an `EngineError`, the reason of an abort, too. */
export async function runOperation<T>(
  subject: OperationSubject,
  { signal }: OperationOptions,
  log: EngineLog | undefined,
  run: () => Promise<{ readonly result: T; readonly digests?: EngineLogEvent["digests"] }>,
): Promise<T> {
  const startedAt = performance.now();
  const tell = (event: Pick<EngineLogEvent, "digests" | "error">): void => {
    try {
      log?.({ ...subject, durationMs: Math.round(performance.now() - startedAt), ...event });
    } catch {
      // a log that fails must not fail what it tells of
    }
  };
  try {
    signal?.throwIfAborted();
    const { result, digests } = await run();
    tell({ ...(digests && { digests }) });
    return result;
  } catch (error) {
    const failure = toEngineError(signal?.aborted === true ? signal.reason : error, { ...(signal && { signal }) });
    const { class: found, code, message } = failure;
    tell({ error: { class: found, code, message } });
    throw failure;
  }
}
