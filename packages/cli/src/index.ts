export { CommandFailure, EXIT_CODE } from "./exit-code.ts";
export type { CommandIo, OutputStream } from "./io.ts";
export type { LoadDaemon } from "./commands/serve.ts";
export { loadProgram, run } from "./program.ts";
export type { RunOptions } from "./run-options.ts";
