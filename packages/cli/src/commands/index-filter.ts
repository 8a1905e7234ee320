import type { Platform } from "@berth/oci";
import { Argument, Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { changeIndex } from "../change/change-index.ts";
import { addIndexFlags, type IndexFlags } from "../change/index-flags.ts";
import { MADE_FIELDS } from "../change/make-new.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import { readPlatform } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface IndexFilterFlags extends ResultFlags, IndexFlags {}

/** `berth index filter`. */
export function indexFilterCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an index")
    .addArgument(new Argument("<platform...>", "what stays: linux/amd64 linux/arm64").argParser(morePlatforms));
  addResultFlags(addIndexFlags(command), { replaces: true }).action(
    act(options, async (session, text: string, keepPlatforms: readonly Platform[], flags: IndexFilterFlags) => {
      await changeIndex(session, text, flags, { keepPlatforms });
    }),
  );
  return addHelp(command, {
    text: [
      "Only the entries for these platforms stay, and what is attached to them, such as the attestations of their build. The tag that is given",
      "moves to the result, unless --tag or --output says something else. To copy some images and keep the digest of the index:",
      "berth cp --platforms.",
    ].join("\n"),
    examples: [
      ["berth index filter localhost:5000/app:v1 linux/amd64 linux/arm64", "two platforms stay"],
      ["berth index filter -o oci:images:12 debian:12 linux/arm64", "a smaller copy, in a layout"],
      ["berth index filter --dry-run localhost:5000/app:v1 linux/amd64", "only tell the digest that it would have"],
    ],
    output: MADE_FIELDS,
  });
}

function morePlatforms(text: string, before: readonly Platform[] = []): readonly Platform[] {
  return [...before, readPlatform(text)];
}
