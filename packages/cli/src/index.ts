export { CommandFailure, EXIT_CODE } from "./exit-code.ts";
export type { CommandIo, OutputStream } from "./io.ts";
export type { LoadDaemon } from "./commands/serve.ts";
export type { RunOptions } from "./program.ts";
export { createProgram, run } from "./program.ts";
