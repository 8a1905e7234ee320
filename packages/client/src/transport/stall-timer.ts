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

/** Makes a timer that calls `onStall` when a wait lasts `timeoutMs`; 0: never. */
export function stallTimer(timeoutMs: number, onStall: (error: StallError) => void): StallTimer {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const moved = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    isOn: timeoutMs > 0,
    waiting() {
      if (timeoutMs > 0 && !stopped) timer ??= setTimeout(() => onStall(new StallError(timeoutMs)), timeoutMs);
    },
    moved,
    stop() {
      stopped = true;
      moved();
    },
  };
}
