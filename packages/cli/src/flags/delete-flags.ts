import { type Command, Option } from "commander";

/** Adds the flags that everything has which takes something away. */
export function addDeleteFlags(command: Command): Command {
  return command
    .option("-f, --force", "do not ask")
    .option("--dry-run", "only say what would be done")
    .option("--ignore-missing", "what is not there is no failure");
}

/** `--cascade`. */
export function cascadeOption(): Option {
  return new Option("--cascade", "delete the manifest that is named, and what refers to it: signatures, attestations");
}
