import { Command } from "commander";
import type { RunOptions } from "../run-options.ts";
import { shortVersionLine } from "../version.ts";

/** `berth version`. */
export function versionCommand({ io }: RunOptions): Command {
  return new Command().action(() => {
    io.stdout.write(`${shortVersionLine()}\n`);
  });
}
