/** Fires when no byte moved for a while although one was waited for. */
export interface StallTimer {
  /** False when there is no limit. */
  readonly isOn: boolean;
  /** A byte is waited for from now on. */
  waiting(): void;
  /** A byte moved; what was waited for came. */
  moved(): void;
  /** Ends the watch. */
  stop(): void;
}

/** The failure that a stalled transfer ends with. */
export class StallError extends Error {
  readonly code = "ERR_STALLED";

  constructor(timeoutMs: number) {
    super(`no byte moved for ${timeoutMs} ms`);
    this.name = "StallError";
  }
}

/**
 * Makes a timer that calls `onStall` when a wait lasts `timeoutMs`; 0: never. Waits begin and end with every chunk, so that the clock is
 * read then, and one timer serves many of them.
 */
export function stallTimer(timeoutMs: number, onStall: (error: StallError) => void): StallTimer {
  let timer: NodeJS.Timeout | undefined;
  /** When the wait began; undefined: nothing is waited for. */
  let since: number | undefined;
  let stopped = false;
  const arm = (ms: number): void => {
    timer = setTimeout(look, ms).unref(); // the connection that is waited for keeps the process
  };
  const look = (): void => {
    timer = undefined;
    if (since === undefined) return;
    const left = since + timeoutMs - performance.now();
    if (left > 0) return arm(left);
    const overdue = since;
    // a process that was stopped finds its timers over before it reads what came meanwhile
    setImmediate(() => {
      if (stopped || timer !== undefined || since === undefined) return;
      if (since === overdue) onStall(new StallError(timeoutMs));
      else arm(timeoutMs);
    });
  };
  return {
    isOn: timeoutMs > 0,
    waiting() {
      if (timeoutMs === 0 || stopped || since !== undefined) return;
      since = performance.now();
      if (timer === undefined) arm(timeoutMs);
    },
    moved() {
      since = undefined;
    },
    stop() {
      stopped = true;
      since = undefined;
      clearTimeout(timer);
    },
  };
}
