import { Argument, Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { morePairs, type Pairs } from "../change/edit-flags.ts";
import { type EntryName, moreEntries, withEntries } from "../change/index-entries.ts";
import { addIndexFlags, changesIndex, indexEdits, type IndexFlags } from "../change/index-flags.ts";
import { MADE_FIELDS, makeNew } from "../change/make-new.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface IndexAddFlags extends ResultFlags, IndexFlags {
  readonly entryAnnotation?: Pairs;
  readonly flatten?: boolean;
}

/** `berth index add`. */
export function indexAddCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an index")
    .addArgument(
      new Argument("[entry...]", "images and artifacts: references, or tags and digests of the same place; =os/arch names the platform")
        .argParser(moreEntries)
        .default([], "none"),
    )
    .option("--entry-annotation <name=value>", "annotate every new entry; repeatable", morePairs)
    .option("--flatten", "of an index among the new entries take its entries, not itself");
  addResultFlags(addIndexFlags(command), { replaces: true }).action(
    act(options, async (session, text: string, names: readonly EntryName[], flags: IndexAddFlags) => {
      if (names.length === 0 && !changesIndex(flags)) {
        throw new CommandFailure(EXIT_CODE.usage, "there is nothing to add: name an image, or give a flag such as --annotation name=value");
      }
      const { editIndex } = await import("@berth/transfer");
      await makeNew(
        session,
        text,
        flags,
        async ({ place: { location }, from, into, descriptor, options: edit }) => {
          const entries = { index: location, annotations: flags.entryAnnotation, flatten: flags.flatten };
          return await withEntries(session, names, entries, async (add) => {
            const changes = { ...(await indexEdits(session, location, flags)), add };
            return await editIndex(from, descriptor, changes, into, edit);
          });
        },
        { replaces: true },
      );
    }),
  );
  return addHelp(command, {
    text: [
      "The tag that is given moves to the result, unless --tag or --output says something else. An entry with the digest and platform of one",
      "that is there takes its place. Entries from elsewhere are copied first.",
    ].join("\n"),
    examples: [
      ["berth index add localhost:5000/app:v1 v1-arm64", "a tag of the same repository"],
      ["berth index add localhost:5000/app:v1 oci:build:riscv64=linux/riscv64", "an image of a layout, naming its platform"],
      ["berth index add --tag v2 localhost:5000/app:v1 v2-arm64", "the result as v2, and v1 stays"],
      ["berth index add --annotation state=tested localhost:5000/app:v1", "only annotate the index"],
    ],
    output: MADE_FIELDS,
  });
}
