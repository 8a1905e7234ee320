import { Command } from "commander";
import type { CommandIo } from "../io.ts";
import { versionLine } from "../version.ts";

/** `berth version`. */
export function versionCommand(io: CommandIo): Command {
  return new Command("version").description("print the version").action(() => {
    io.stdout.write(`${versionLine()}\n`);
  });
}
