export { buildRegistry } from "./build.ts";
export type { Listening } from "./listen.ts";
export { listen } from "./listen.ts";
export { ListenError } from "./listen-error.ts";
export type { LineWriter, ListeningInfo, RunDaemonOptions } from "./run.ts";
export { runDaemon } from "./run.ts";
export type { LogOutput } from "../observability/log-output.ts";
export { openLogOutput } from "../observability/log-output.ts";
