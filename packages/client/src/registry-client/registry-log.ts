import { format } from "node:util";

/** Takes log messages: a format with `%s`, `%d` and the like, as `util.format` knows them, and its values. */
export type RegistryLog = (format: string, ...values: readonly unknown[]) => void;

/** Writes one line for each message to standard error. */
export const logToStderr: RegistryLog = (text, ...values) => {
  process.stderr.write(`${format(text, ...values)}\n`);
};

/** Drops all messages. */
export const quiet: RegistryLog = () => {};
