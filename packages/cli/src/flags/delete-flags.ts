import type { Command } from "commander";

/** Adds the flags that everything has which takes something away. */
export function addDeleteFlags(command: Command): Command {
  return command
    .option("-f, --force", "do not ask")
    .option("--dry-run", "only say what would be done")
    .option("--ignore-missing", "what is not there is no failure");
}
