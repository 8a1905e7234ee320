import { isDigest } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import type { DeleteFlags } from "../content/confirm-delete.ts";
import { changeable } from "../content/changeable.ts";
import { untagAt } from "../content/untag-at.ts";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { Batch, keepGoingOption } from "../transfer/batch.ts";

/** `berth untag`. */
export function untagCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference...>", "tags to take away; what they name stays")
    .option("--dry-run", "only say what would be done")
    .option("--ignore-missing", "what is not there is no failure")
    .addOption(keepGoingOption())
    .action(
      act(options, async (session, references: string[], flags: DeleteFlags) => {
        const batch = new Batch(session, flags);
        for (const text of references) await batch.attempt(text, async () => await untag(session, text, flags));
        batch.end(references.length);
      }),
    );
  addRegistryFlags(addOutputFlags(command, "quiet"));
  return addHelp(command, {
    examples: [
      ["berth untag localhost:5000/app:old", "take a tag away"],
      ["berth untag oci:folder:old", "in an OCI layout"],
    ],
  });
}

async function untag(session: Session, text: string, { dryRun, ignoreMissing }: DeleteFlags): Promise<void> {
  await withPlace(session, text, async (place, call) => {
    const { location, reference } = place;
    const named = location.transport === "registry" ? location.reference.tag : location.reference;
    if (named === undefined || isDigest(reference)) throw new CommandFailure(EXIT_CODE.usage, `"${text}" names no tag`);
    try {
      if (dryRun === true) {
        await place.target.resolve(reference, call); // what is not there would not be taken away
        return void session.io.stdout.write(`would take away tag ${place.describe()}\n`);
      }
      await untagAt(await changeable(session, place), place, call);
      session.say(`Untagged ${place.describe()}`);
    } catch (error) {
      if (ignoreMissing !== true || !isMissing(error)) throw error;
      session.say(`${place.describe()} is not there`);
    }
  });
}
