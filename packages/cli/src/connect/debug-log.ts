import { createWriteStream, type WriteStream } from "node:fs";
import type { LogSink } from "@berth/client";
import type { OutputStream } from "../io.ts";

/** Options of {@link openDebugLog}. */
export interface DebugLogOptions {
  /** Gets the lines; absent: nobody. */
  readonly stream?: OutputStream;
  /** A file that gets them; what it held is gone. */
  readonly file?: string;
  /** Default: the current time. */
  readonly now?: () => Date;
}

/** A log of requests and answers. The client that writes it has taken secrets out. */
export interface DebugLog extends LogSink {
  /** Writes what is left. @throws what the file system says, also of lines before. */
  close(): Promise<void>;
}

/** Opens the log that `--debug` and `--trace-http` ask for; undefined when nobody does. A file that cannot be written fails {@link DebugLog.close}. */
export function openDebugLog({ stream, file, now = () => new Date() }: DebugLogOptions): DebugLog | undefined {
  if (stream === undefined && file === undefined) return undefined;
  let failure: Error | undefined;
  // Requests may hold what is nobody else's business, even without passwords.
  const out: WriteStream | undefined = file === undefined ? undefined : createWriteStream(file, { mode: 0o600 });
  out?.on("error", (error) => (failure ??= error));
  return {
    write(message) {
      const time = now().toISOString();
      const text = `${message
        .trimEnd()
        .split("\n")
        .map((line, at) => (at === 0 ? `${time} ${line}` : `    ${line}`))
        .join("\n")}\n`;
      stream?.write(text);
      out?.write(text);
    },
    async close() {
      if (out === undefined) return;
      if (failure === undefined) await new Promise<void>((resolve) => out.end(() => resolve()));
      if (failure !== undefined) throw failure;
    },
  };
}
