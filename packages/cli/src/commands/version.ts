import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { addOutputFlags } from "../flags/add-flags.ts";
import { variableOf } from "../flags/shared-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { packageVersion, shortVersionLine } from "../version.ts";

/** `berth version`. */
export function versionCommand(options: RunOptions): Command {
  const { io } = options;
  const command = new Command().action(async function print(this: Command): Promise<void> {
    const text = (): string => `${shortVersionLine()}\n`;
    // a person need not wait for what writes to programs
    if ((this.opts()["format"] ?? io.env[variableOf("format")]) === undefined) return void io.stdout.write(text());
    const { act } = await import("../session/act.ts");
    const { name, version } = packageVersion();
    await act(options, async (session) => await session.print({ data: { name: "berth", package: name, version }, text })).call(this);
  });
  return addHelp(addOutputFlags(command, "format"), {
    examples: [["berth version --format '{{.version}}'", "the number alone"]],
    output: { name: "of the program", package: "that it comes in", version: "of both" },
  });
}
