import type { CommandEntry } from "./command/row.ts";
import type { LoadDaemon } from "./commands/serve.ts";
import type { CommandIo } from "./io.ts";

/** What `run` takes beside the arguments. */
export interface RunOptions {
  readonly io: CommandIo;
  /** Where `serve` finds the server; default the registry package, loaded when it is needed. */
  readonly loadDaemon?: LoadDaemon;
  /** The whole table, for the command that completes others; `run` fills it in. */
  readonly commands?: readonly CommandEntry[];
}
