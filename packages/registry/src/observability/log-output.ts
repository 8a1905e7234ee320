import { pino } from "pino";

/** Where lines go. */
export interface LogOutput {
  /** Takes whole lines, each with its newline; does not wait for the system. */
  write(line: string): void;
  /** Hands what is waiting to the system before it returns: the last thing to do before the process ends. */
  flush(): void;
}

/**
 * Opens standard output (1) or standard error (2) for lines. Lines are gathered while a write is under way, so a
 * slow reader of the log does not slow requests down; at exit the rest is written.
 */
export function openLogOutput(descriptor: 1 | 2): LogOutput {
  const destination = pino.destination({ fd: descriptor, sync: false, maxLength: 64 << 20 });
  // A reader that went away (EPIPE) must not take the registry with it.
  destination.on("error", () => undefined);
  return {
    write: (line) => void destination.write(line),
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // Not open yet, or its reader is gone: there is nobody left to tell.
      }
    },
  };
}
