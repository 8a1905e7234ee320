import { isDigest } from "@berth/oci";
import type { EntrySelector } from "@berth/transfer";
import { Argument, Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { changeIndex } from "../change/change-index.ts";
import { addIndexFlags, type IndexFlags } from "../change/index-flags.ts";
import { MADE_FIELDS } from "../change/make-new.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import { readPlatform } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface IndexRmFlags extends ResultFlags, IndexFlags {}

/** `berth index rm`. */
export function indexRmCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an index")
    .addArgument(new Argument("<entry...>", "digests, or platforms such as linux/arm64").argParser(moreSelectors));
  addResultFlags(addIndexFlags(command), { replaces: true }).action(
    act(options, async (session, text: string, remove: readonly EntrySelector[], flags: IndexRmFlags) => {
      await changeIndex(session, text, flags, { remove });
    }),
  );
  return addHelp(command, {
    text: [
      "The tag that is given moves to the result, unless --tag or --output says something else. What is attached to an entry, such as the",
      "attestations of its build, goes with it. The images themselves stay where they are: `berth rm` deletes them.",
    ].join("\n"),
    examples: [
      ["berth index rm localhost:5000/app:v1 linux/386 linux/arm/v7", "by platform"],
      ["berth index rm localhost:5000/app:v1 sha256:...", "by digest"],
      ["berth index rm --tag v1-small localhost:5000/app:v1 windows/amd64", "the result under another tag"],
    ],
    output: MADE_FIELDS,
  });
}

function moreSelectors(text: string, before: readonly EntrySelector[] = []): readonly EntrySelector[] {
  return [...before, isDigest(text) ? text : readPlatform(text)];
}
